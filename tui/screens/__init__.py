"""What opens over a section: questions, forms and close looks, one file each."""

from tui.screens.edit import Edit
from tui.screens.help import Help
from tui.screens.leave import Leave
from tui.screens.network import ChooseNetwork
from tui.screens.neuron import NeuronView
from tui.screens.noise import NoiseView
from tui.screens.sample import SampleView
from tui.screens.success import SuccessMap

CLOSE_UPS = {"train": SampleView, "adversarial": NoiseView, "visualize": NeuronView}

__all__ = ["CLOSE_UPS", "ChooseNetwork", "Edit", "Help", "Leave", "SuccessMap"]
