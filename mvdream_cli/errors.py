"""Named errors. Each message is one sentence: where, what, and the way out. `boundary` turns them into exit codes.

The numbers of "locked" and "some failed" are those of restic, so that scripts may treat both programs alike.
"""

EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "wrong usage: a command, an option or a setting",
    3: "some prompts failed, or some objects of a set; the others are done",
    11: "locked: another process works there",
    130: "interrupted (Ctrl-C); long runs save their state",
    141: "who read the output went away, as `head -1` does",
    143: "terminated (SIGTERM); long runs save their state",
}


class MVDreamError(Exception):
    """Anything that the user can act on."""

    exit_code = 1


class UsageError(MVDreamError):
    """A wrong argument or option."""

    exit_code = 2


class ConfigError(UsageError):
    """A preset, a setting or an override that cannot be used."""


class DataError(MVDreamError):
    """A data folder, asset or image that cannot be read."""


class ModelError(MVDreamError):
    """A model folder or file that cannot be loaded."""


class CheckpointError(MVDreamError):
    """A run folder or checkpoint that cannot be resumed."""


class LockedError(CheckpointError):
    """A folder or a file at which another process works."""

    exit_code = 11


class ObjectError(MVDreamError):
    """A 3D object that is empty, full or not finite."""


class SomeFailedError(ObjectError):
    """Some of many objects could not be made; the others are: `results`."""

    exit_code = 3

    def __init__(self, message: str, results: dict):
        super().__init__(message)
        self.results = results


class VideoError(MVDreamError):
    """A film that could not be written."""
