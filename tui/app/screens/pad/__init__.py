"""The pad to draw on: a canvas, what networks say of it, a noise over it, a layer's maps."""

from tui.app.screens.pad.screen import Pad

__all__ = ["Pad"]
