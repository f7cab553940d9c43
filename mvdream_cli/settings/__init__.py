"""Settings: nested by what they describe, with units in the names, bounds and one line of help each. Never imports torch.

Defaults are the paper's values (MVDream, arXiv 2308.16512, and its reference code); presets adapt them to a machine.
To add a setting: one `Field` line in its group, with its description; presets, --set, --dry-run and errors follow. Settings
that were renamed are listed in `renamed`.
"""

from pydantic import Field

from mvdream_cli.settings.data import Data
from mvdream_cli.settings.dreambooth import Dreambooth
from mvdream_cli.settings.engine import Engine
from mvdream_cli.settings.evaluate import Evaluate
from mvdream_cli.settings.export import Export
from mvdream_cli.settings.fields import Section
from mvdream_cli.settings.to3d import To3D
from mvdream_cli.settings.train import Train
from mvdream_cli.settings.turntable import Turntable
from mvdream_cli.settings.views import SampleViews


class Settings(Section):
    model: str = Field("mini", description="mini, a name of mvdream models list, a folder, a file, or OWNER/NAME of the hub")
    engine: Engine = Engine()
    train: Train = Train()
    sample_views: SampleViews = SampleViews()
    to3d: To3D = To3D()
    dreambooth: Dreambooth = Dreambooth()
    export: Export = Export()
    turntable: Turntable = Turntable()
    data: Data = Data()
    evaluate: Evaluate = Evaluate()

    def models_used(self, command: str) -> list[str]:
        """Names or paths of the models that a command (its section) opens."""
        if command == "train":
            return [name for name in (self.train.init, self.train.autoencoder) if name]
        names = [self.model] if command in ("sample_views", "to3d", "dreambooth", "evaluate") else []
        return [*names, self.to3d.guidance.prior] if command == "to3d" and self.to3d.guidance.prior else names
