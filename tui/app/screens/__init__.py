"""Dialogs over a section: questions, forms and close-ups, one file each.

Each is imported when it is first wanted, which is after the first frame.
"""

from importlib import import_module
from typing import Any

_FILES = {
    "ChooseDataset": "dataset",
    "ChooseNetwork": "network",
    "Compare": "compare",
    "ConfusionMatrix": "confusion",
    "Edit": "edit",
    "Files": "files",
    "Gallery": "gallery",
    "Help": "help",
    "Leave": "leave",
    "Mistakes": "mistakes",
    "NeuronView": "neuron",
    "NoiseView": "noise",
    "Pad": "pad",
    "Resisting": "mistakes",
    "SampleView": "sample",
    "StopSweep": "sweep.stop",
    "SuccessMap": "success",
    "SweepView": "sweep.screen",
}


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(name)
    return getattr(import_module(f"tui.app.screens.{_FILES[name]}"), name)
