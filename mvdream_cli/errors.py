"""Named errors. Each message is one sentence: where, what, and the way out. `cli.py` turns them into exit codes."""


class MVDreamError(Exception):
    """Anything that the user can act on. Exit code 1."""


class UsageError(MVDreamError):
    """A wrong argument or option. Exit code 2."""


class ConfigError(UsageError):
    """A preset, a setting or an override that cannot be used. Exit code 2."""


class DataError(MVDreamError):
    """A data folder, asset or image that cannot be read."""


class ModelError(MVDreamError):
    """A model folder or file that cannot be loaded."""


class CheckpointError(MVDreamError):
    """A run folder or checkpoint that cannot be resumed."""


class ObjectError(MVDreamError):
    """A 3D object that is empty, full or not finite."""
