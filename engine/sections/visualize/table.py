"""What became of each layer's neurons: dead, restarted, activations, and how others read them."""

from statistics import median
from typing import TYPE_CHECKING, Any

from engine.files.numbers import real
from engine.sections.table import ResultTable, tested_on

if TYPE_CHECKING:
    from engine.runs.run import Run


def table(run: "Run") -> ResultTable:
    """Return a row per layer: dead and restarted neurons, activations, percentiles, readings."""
    info, result = run.read_info(), run.read_result()
    neurons = result["neurons"]
    table = ResultTable(
        f"Neurons of {result['model']} on {tested_on(info)}, "
        f"recipe {info['config']['recipe']}",
        ("layer", ">neurons", ">dead", ">restarted", ">start", ">end", ">percentile",
         "others read"),
    )  # fmt: skip
    for layer in dict.fromkeys(neuron["layer"] for neuron in neurons):
        of_layer = [neuron for neuron in neurons if neuron["layer"] == layer]
        alive = [neuron for neuron in of_layer if not neuron["dead"]] or of_layer
        cells = (
            layer,
            str(len(of_layer)),
            str(sum(neuron["dead"] for neuron in of_layer)),
            str(sum(neuron["restarts"] > 0 for neuron in of_layer)),
            f"{median(real(neuron['activation_start']) for neuron in alive):.3g}",
            f"{median(real(neuron['activation_end']) for neuron in alive):.4g}",
            f"{median(neuron['percentile'] for neuron in alive):.1%}",
            _readings(of_layer, info["config"]["other_runs"] or {}),
        )
        table.rows.append(cells)
    table.caption = "start, end and percentile: medians of the neurons that are not dead"
    return table


def _readings(neurons: list[dict[str, Any]], other_runs: dict[str, str]) -> str:
    """Return how many logit images each other network reads as their class."""
    if "read_as" not in neurons[0]:
        return ""
    words = []
    for model, run in other_runs.items():
        right = sum(neuron["read_as"][run] == neuron["index"] for neuron in neurons)
        words.append(f"{model} {right} of {len(neurons)}")
    return ", ".join(words)
