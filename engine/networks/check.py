"""What a network must be to be trained, attacked and looked into, tried on a copy before a run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from engine.errors import EngineError
from engine.files.text import visible
from engine.networks.costs import Survey
from engine.networks.foreign import described, printing_aside, seeded
from engine.networks.network import unsaved_buffers
from engine.networks.probe import evaluating, survey

MOST_PARAMETERS = 200_000_000
MOST_TENSORS = 900  # of which a checkpoint holds up to four times as many
SAME = 1e-3  # of the largest logit: how much other images in the batch may change one's logits
SEED = 0
BATCH = 4  # images of the step that is tried
# What weights.pt and checkpoints hold.
STORED = (torch.float32, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


def check_network(
    make: Callable[[], nn.Module],
    classes: int,
    side: int,
    *,
    name: str,
    path: str = "",
    smallest: int = BATCH,
) -> Survey:
    """Return what a network is made of. Raises EngineError where it cannot be worked with.

    ``make`` builds it anew, under the same seed each time; ``name`` is what messages call it, and
    ``path`` the file whose lines they give. ``smallest`` is the size of an epoch's last batch,
    which some networks cannot be trained on.
    """
    check = _Check(make(), classes, side, name, path)
    check.state()
    check.evaluation()
    check.same_buffers()
    check.training()
    if smallest < BATCH:
        check.last_batch(smallest)
    again = make()
    check.same_weights(again)
    check.restored(again)
    with check.stage("as its layers are found"):
        return survey(again, side)


class _Check:
    def __init__(self, module: nn.Module, classes: int, side: int, name: str, path: str) -> None:
        self.module, self.classes, self.side = module, classes, side
        self.name, self.path = visible(name), path
        self.buffers = dict(module.named_buffers())
        self.initial: dict[str, Tensor] = {}
        self.unsaved = {name: value.clone() for name, value in unsaved_buffers(module).items()}
        generator = torch.Generator().manual_seed(SEED)
        self.images = torch.rand(BATCH, 1, side, side, generator=generator)

    def fault(self, what: str) -> EngineError:
        return EngineError(f"{self.name} {what}")

    @contextmanager
    def stage(self, when: str) -> Iterator[None]:
        """Turn whatever the network raises into one line."""
        try:
            with printing_aside():
                yield
        except (EngineError, KeyboardInterrupt):
            raise
        except BaseException as error:  # SystemExit among them
            raise self.fault(f"fails {when}: {described(error, self.path)}.") from error

    def state(self) -> None:
        """Check parameters and buffers."""
        if any(type(each).__name__ == "OptimizedModule" for each in self.module.modules()):
            raise self.fault("is compiled; leave torch.compile out, which hides its layers.")
        if any(map(is_lazy, (*self.module.parameters(), *self.module.buffers()))):
            raise self.fault("has lazy layers without sizes; call it once as it is built.")
        parameters = dict(self.module.named_parameters())
        if not any(value.requires_grad for value in parameters.values()):
            raise self.fault("has no trainable parameters; assign layers to attributes of self.")
        if (count := sum(value.numel() for value in parameters.values())) > MOST_PARAMETERS:
            raise self.fault(
                f"has {count:,} parameters, more than the {MOST_PARAMETERS:,} that fit here."
            )
        for name, value in parameters.items():
            if value.dtype != torch.float32:
                kind = str(value.dtype).removeprefix("torch.")
                raise self.fault(f"has a parameter {visible(name)} of {kind}; build it in float32.")
        with self.stage("as its state is saved"):
            state = dict(self.module.state_dict())
        if len(state) > MOST_TENSORS:
            raise self.fault(
                f"has {len(state):,} tensors in its state, more than the {MOST_TENSORS} that a "
                "run's files hold."
            )
        for name, held in state.items():
            self.held(visible(name), held)
        self.initial = {name: held.clone() for name, held in state.items()}

    def held(self, name: str, value: object) -> None:
        """Check a part of its state, which a run's files keep."""
        if not isinstance(value, Tensor):
            raise self.fault(
                f"has a {visible(type(value).__name__)} in its state ({name}); keep only tensors "
                "there, as parameters and buffers."
            )
        if value.device.type != "cpu":
            raise self.fault(
                f"has {name} on {value.device.type}; build it on the CPU, and --device moves it."
            )
        if value.dtype not in STORED or value.layout != torch.strided:
            kind = str(value.dtype).removeprefix("torch.")
            raise self.fault(
                f"has {name} of {kind} in its state; make it dense, of float32 or whole numbers."
            )
        if value.is_floating_point() and not value.isfinite().all():
            raise self.fault(
                f"begins with values in {name} that are not finite; a mask can be a buffer with "
                "persistent=False."
            )

    def evaluation(self) -> None:
        """Check its logits for one image and for three, in evaluation mode."""
        module, images = self.module, self.images
        with evaluating(module, SEED):
            with self.stage("on one image in evaluation mode"):
                alone = self.logits(module(images[:1].clone()), 1)
            with self.stage("on three images in evaluation mode"):
                three = self.logits(module(images[:3].clone()), 3)
                again = self.logits(module(images[:3].clone()), 3)
        if not torch.equal(three, again):
            raise self.fault(
                "gives other logits each time in evaluation mode; draw random numbers only where "
                "self.training is true."
            )
        if (alone - three[:1]).abs().max() > SAME * three.abs().max():
            raise self.fault(
                "gives an image other logits beside other images, in evaluation mode; keep running "
                "statistics (track_running_stats=True), and compute nothing across the batch."
            )

    def training(self) -> None:
        """Check a training step's loss and gradients."""
        module, labels = self.module, torch.arange(BATCH) % self.classes
        images = self.images.requires_grad_()
        found = []
        for _ in range(2):
            with self.stage("in training mode"), seeded(SEED):
                module.train()
                self.rewind()
                logits = self.logits(module(images.clone()), BATCH)
            self.same_buffers()
            found.append(logits.detach().clone())
        if not torch.equal(*found):
            raise self.fault(
                "trains by random numbers that no seed gives, or by what no buffer keeps; draw "
                "with torch (torch.rand), and register what changes as a buffer, so that a run can "
                "be resumed and repeated."
            )
        if not logits.requires_grad:
            raise self.fault(
                "passes no gradient to its parameters; it must not detach, nor turn gradients off."
            )
        with self.stage("as gradients are computed"):
            F.cross_entropy(logits, labels).backward()
        gradients = [value.grad for value in module.parameters() if value.grad is not None]
        if not any(gradient.any() for gradient in gradients):
            raise self.fault("gets a gradient of zero for all parameters; it would not learn.")
        if not all(gradient.isfinite().all() for gradient in gradients):
            raise self.fault("gets gradients that are not finite on random images.")
        if images.grad is None:
            raise self.fault(
                "passes no gradient to the images, which attacks and visualizations need; do not "
                "threshold, round or detach them."
            )

    def same_buffers(self) -> None:
        """Check that buffers are the same tensors all along, as a GPU's recorded step needs it."""
        for name, value in self.module.named_buffers():
            if name not in self.buffers:
                raise self.fault(f"gets a buffer {visible(name)} as it runs; make it beforehand.")
            if self.buffers[name] is not value:
                raise self.fault(
                    f"replaces its buffer {visible(name)} as it runs; change it in place, with "
                    "add_ or copy_."
                )

    def last_batch(self, images: int) -> None:
        """Check that a batch of so few images can be trained on, which batch norm may refuse."""
        when = (
            f"on the last batch of an epoch, {images} image{'s' * (images > 1)} (another "
            "--batch-size helps)"
        )
        with self.stage(when), seeded(SEED):
            self.logits(self.module(self.images[:images].clone()), images)

    def rewind(self) -> None:
        """Bring it back to its initial state, as a checkpoint does."""
        self.module.load_state_dict(self.initial)
        for name, buffer in unsaved_buffers(self.module).items():
            buffer.copy_(self.unsaved[name])

    def logits(self, output: object, images: int) -> Tensor:
        """Check one output."""
        if not isinstance(output, Tensor):
            kind = visible(type(output).__name__)
            raise self.fault(f"returns a {kind}, not a tensor of logits.")
        wanted = (images, self.classes)
        if tuple(output.shape) != wanted:
            raise self.fault(
                f"returns {list(output.shape)} for images {list(self.images[:images].shape)}; "
                f"wanted are logits {list(wanted)}, one a class."
            )
        if output.dtype != torch.float32:
            kind = str(output.dtype).removeprefix("torch.")
            raise self.fault(f"returns logits of {kind}, not of float32.")
        if not output.isfinite().all():
            raise self.fault("returns logits that are not finite for random images in [0, 1].")
        return output

    def same_weights(self, again: nn.Module) -> None:
        """Check that another build under the same seed has the same weights."""
        with self.stage("as its state is saved"):
            state = again.state_dict()
        if state.keys() != self.initial.keys() or not all(
            torch.equal(value, self.initial[name]) for name, value in state.items()
        ):
            raise self.fault(
                "is built with other weights each time; draw them with torch's, NumPy's or "
                "Python's global generator, which the run seeds."
            )

    def restored(self, again: nn.Module) -> None:
        """Check that its state holds all of what a training step changed."""
        with self.stage("as its weights are loaded"):
            again.load_state_dict(self.module.state_dict())
        found = []
        for each in (self.module, again):
            with self.stage("after a training step"), evaluating(each, SEED):
                found.append(self.logits(each(self.images.detach()[:3].clone()), 3))
        if not torch.equal(*found):
            raise self.fault(
                "gives other logits once its weights are saved and loaded; keep what training "
                "changes in parameters and in buffers that are persistent."
            )
