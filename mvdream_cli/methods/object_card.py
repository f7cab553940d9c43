"""What an object's file tells of how it was made: the prompt, and the card of the model."""

from pathlib import Path

from mvdream_cli.models.find import EMBEDDED
from mvdream_cli.models.published import PUBLISHED


def object_card(record: dict) -> dict:
    """JSON values from the record (run.json) of a to3d run.

    Nothing in it says on which machine the run was, and nothing changes when the run is exported or made again. A model of
    one's own is named by the last part of its path; the license is known of models that have a name.
    """
    settings, identity = record.get("settings", {}), record.get("identity", {})
    name = str(settings.get("model", ""))
    model = {"name": Path(name).name if Path(name).is_absolute() else name, "identity": identity.get("model_identity")}
    if name in EMBEDDED:
        model["license"] = "Apache-2.0"
    elif name in PUBLISHED:
        model["license"] = PUBLISHED[name].licence
    told = {
        "prompt": identity.get("prompt"),
        "model": {key: value for key, value in model.items() if value},
        "method": settings.get("to3d", {}).get("method"),
        "seed": settings.get("engine", {}).get("seed"),
        "versions": record.get("versions"),
    }
    return {key: value for key, value in told.items() if value not in (None, "", {})}
