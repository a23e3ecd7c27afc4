"""Images that excite neurons by lucent, one neuron at a time: 100 steps, no judging."""

import time

import torch

from tests.benchmarks.plain import STEPS, trained
from tests.benchmarks.task import Task


def measure(task: Task) -> float:
    """Return the seconds of drawing images for ``task.count`` logits."""
    from lucent.optvis import objectives, render

    torch.set_num_threads(task.threads or torch.get_num_threads())
    network = trained(task, "two-conv-fc")

    def image():
        parameter = torch.randn(1, 1, 28, 28, requires_grad=True)
        return [parameter], lambda: torch.sigmoid(parameter)

    begin = time.perf_counter()
    for neuron in range(task.count):
        render.render_vis(
            network, objectives.channel("out", neuron), param_f=image, thresholds=(STEPS,),
            transforms=[], preprocess=False, show_image=False, progress=False, fixed_image_size=28,
        )  # fmt: skip
    return time.perf_counter() - begin
