"""What the shell offers for the values of options: names that are known without torch."""

from pathlib import Path


def presets(incomplete: str) -> list[str]:
    from mvdream_cli.settings.presets import preset_names

    return [name for name in ("auto", *preset_names()) if name.startswith(incomplete)]


def settings(incomplete: str) -> list[str]:
    """`to3d.views.steps=` and all others; one level at a time would need a second Tab for each."""
    from mvdream_cli.settings.names import SETTINGS

    return [f"{name}=" for name in SETTINGS if name.startswith(incomplete)]


def runs(incomplete: str) -> list[str]:
    """Run folders: those in what was typed so far, or in runs/."""
    folder = Path(incomplete).parent if "/" in incomplete else Path("runs")
    try:
        found = sorted(str(path.parent) for path in folder.glob("*/run.json"))
    except OSError:
        return []
    return [path for path in found if path.startswith(incomplete) or Path(path).name.startswith(incomplete)]
