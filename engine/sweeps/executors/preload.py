"""Imported by the fork server once, so that no worker has to: torch, figures, sections, sessions.

Importing computes nothing: torch makes its threads at the first computation, and those would not
survive a fork.
"""

import torch  # noqa: F401

import engine.figures.style
import engine.runs.checkpoint
import engine.runs.result
import engine.sections.adversarial.evaluate
import engine.sections.train.evaluate
import engine.sections.visualize.evaluate
import engine.sweeps.executors.worker  # noqa: F401
