"""The keys of the pad, a screen of its own: drawing, test images, networks, noise, what is inside.

Light, since the keys of all screens are checked before the first frame.
"""

from typing import Any

from tui.app.keys.action import Action

PadAction = Action[Any]  # on the pad, whose screen is imported late
DRAWING, IMAGES, NETWORKS, NOISE, INSIDE, ALL = (
    "Drawing", "Test images", "Networks", "Noise", "Inside", "The pad",
)  # fmt: skip


def _pen(id: str, keys: str, by: tuple[int, int], word: str, sentence: str) -> PadAction:
    return Action(
        id=f"pad.{id}", keys=keys, word=word, group=DRAWING, footer=False, sentence=sentence,
        do=lambda pad: pad.move_pen(*by),
    )  # fmt: skip


def _more(id: str, keys: str, by: float, word: str, sentence: str) -> PadAction:
    return Action(
        id=f"pad.{id}", keys=keys, word=word, group=NOISE, footer=by > 0, sentence=sentence,
        shown_key="+" if by > 0 else "-",
        do=lambda pad: pad.change_strength(by), reason=lambda pad: pad.why_no_noise(),
    )  # fmt: skip


PAD_ACTIONS: tuple[PadAction, ...] = (
    _pen("left", "left,h", (-1, 0), "left", "Move the pen to the left"),
    _pen("right", "right,l", (1, 0), "right", "Move the pen to the right"),
    _pen("up", "up,k", (0, -1), "up", "Move the pen up"),
    _pen("down", "down,j", (0, 1), "down", "Move the pen down"),
    _pen("far_left", "shift+left,H", (-5, 0), "far left", "Move the pen far to the left"),
    _pen("far_right", "shift+right,L", (5, 0), "far right", "Move the pen far to the right"),
    _pen("far_up", "shift+up,K", (0, -5), "far up", "Move the pen far up"),
    _pen("far_down", "shift+down,J", (0, 5), "far down", "Move the pen far down"),
    Action(
        id="pad.pen", keys="space", word="pen", group=DRAWING, shown_key="space",
        sentence="Put the pen down, or lift it", do=lambda pad: pad.toggle_pen(),
    ),
    Action(
        id="pad.erase", keys="e", word="erase", group=DRAWING,
        sentence="Erase instead of drawing, and back; the right mouse button erases too",
        do=lambda pad: pad.toggle_rubber(),
    ),
    Action(
        id="pad.clear", keys="delete,backspace", word="clear", group=DRAWING, shown_key="del",
        sentence="Clear the canvas", do=lambda pad: pad.clear(),
        reason=lambda pad: pad.why_not_clear(),
    ),
    Action(
        id="pad.undo", keys="u", word="undo", group=DRAWING,
        sentence="Take back the last stroke", do=lambda pad: pad.undo(),
        reason=lambda pad: pad.why_no_undo(),
    ),
    Action(
        id="pad.centre", keys="c", word="centre", group=DRAWING,
        sentence="Centre and scale the drawing as MNIST's images were, or leave it where it is",
        do=lambda pad: pad.toggle_centring(),
    ),
    Action(
        id="pad.keep", keys="w", word="keep", group=DRAWING,
        sentence="Keep the drawing with its label in a .npz file", do=lambda pad: pad.keep(),
        reason=lambda pad: pad.why_not_keep(),
    ),
    Action(
        id="pad.image", keys="i", word="image", group=IMAGES,
        sentence="Start from the next test image", do=lambda pad: pad.start_from(1),
        reason=lambda pad: pad.why_no_image(),
    ),
    Action(
        id="pad.last_image", keys="I", word="previous image", group=IMAGES, footer=False,
        sentence="Start from the previous test image", do=lambda pad: pad.start_from(-1),
        reason=lambda pad: pad.why_no_image(),
    ),
    Action(
        id="pad.wrong", keys="f", word="wrong only", group=IMAGES, footer=False,
        sentence="Only test images that the first network gets wrong, or all",
        do=lambda pad: pad.toggle_wrong(), reason=lambda pad: pad.why_not_wrong(),
    ),
    Action(
        id="pad.class", keys="y", word="class", group=IMAGES, footer=False,
        sentence="Only test images of the next class; after the last class, of all",
        do=lambda pad: pad.next_class(), reason=lambda pad: pad.why_no_image(),
    ),
    Action(
        id="pad.networks", keys="n", word="networks", group=NETWORKS,
        sentence="Choose the networks that answer", do=lambda pad: pad.choose_networks(),
        reason=lambda pad: pad.why_no_networks(),
    ),
    Action(
        id="pad.dataset", keys="d", word="dataset", group=NETWORKS, footer=False,
        sentence="Switch to the networks of another dataset", do=lambda pad: pad.next_dataset(),
        reason=lambda pad: pad.why_no_other_dataset(),
    ),
    Action(
        id="pad.train", keys="r", word="train", group=NETWORKS, footer=False,
        sentence="Train the network that is chosen in Train; it answers here once it has finished",
        do=lambda pad: pad.train(),
    ),
    Action(
        id="pad.noise", keys="b", word="noise", group=NOISE,
        sentence="Lay the next noise over the drawing", do=lambda pad: pad.next_noise(1),
        reason=lambda pad: pad.why_no_noise(),
    ),
    Action(
        id="pad.last_noise", keys="B", word="previous noise", group=NOISE, footer=False,
        sentence="Lay the previous noise over the drawing", do=lambda pad: pad.next_noise(-1),
        reason=lambda pad: pad.why_no_noise(),
    ),
    _more("stronger", "plus,equals_sign,right_square_bracket", 0.05, "more", "More noise"),
    _more("weaker", "minus,left_square_bracket", -0.05, "less", "Less noise"),
    Action(
        id="pad.flip", keys="z", word="on/off", group=NOISE, footer=False,
        sentence="Noise at its own strength, or none", do=lambda pad: pad.flip_noise(),
        reason=lambda pad: pad.why_no_noise(),
    ),
    Action(
        id="pad.inside", keys="m", word="inside", group=INSIDE, footer=False,
        sentence="Show or hide the maps of a layer", do=lambda pad: pad.toggle_inside(),
    ),
    Action(
        id="pad.layer", keys="v", word="layer", group=INSIDE, footer=False,
        sentence="Show the maps of the next layer", do=lambda pad: pad.next_layer(1),
        reason=lambda pad: pad.why_no_maps(),
    ),
    Action(
        id="pad.of_network", keys="x", word="whose", group=INSIDE, footer=False,
        sentence="Look into the next network", do=lambda pad: pad.next_inside(),
        reason=lambda pad: pad.why_no_maps(),
    ),
    Action(
        id="pad.next_map", keys="full_stop", word="next map", group=INSIDE, footer=False,
        sentence="Choose the next map", do=lambda pad: pad.choose_map(1),
        reason=lambda pad: pad.why_no_maps(),
    ),
    Action(
        id="pad.last_map", keys="comma", word="previous map", group=INSIDE, footer=False,
        sentence="Choose the previous map", do=lambda pad: pad.choose_map(-1),
        reason=lambda pad: pad.why_no_maps(),
    ),
    Action(
        id="pad.open", keys="enter", word="neuron", group=INSIDE, footer=False,
        sentence="Show what the neuron of the chosen map looks for",
        do=lambda pad: pad.open_map(), reason=lambda pad: pad.why_no_maps(),
    ),
    Action(
        id="pad.help", keys="question_mark", word="help", group=ALL, shown_key="?",
        sentence="Show the keys of the pad", do=lambda pad: pad.help(),
    ),
    Action(
        id="pad.close", keys="escape,q,t", word="close", group=ALL, shown_key="esc",
        sentence="Close the pad", do=lambda pad: pad.leave(),
    ),
)  # fmt: skip
PAD_BY_ID = {action.id: action for action in PAD_ACTIONS}
# What the line of keys can do without, first what can best.
SPARE = (
    "pad.centre",
    "pad.networks",
    "pad.undo",
    "pad.erase",
    "pad.keep",
    "pad.image",
    "pad.noise",
)
