import csv
import io
import json
import math

import numpy as np
import pytest

from engine.analysis.export import export_csv
from engine.errors import EngineError
from engine.runs.events import Started
from engine.runs.history import History
from engine.runs.journal import Journal
from engine.runs.run import Run
from engine.runs.store import create_run
from tests.conftest import run_values, started_values, train_config


def table(run):
    rows = list(csv.DictReader(io.StringIO("".join(export_csv(run)))))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_a_training_has_a_line_a_step_and_gaps_where_nothing_was_measured(runs):
    columns = table(runs["train"])
    history = History.of(runs["train"].events())
    assert [int(step) for step in columns["step"]] == history.curves["loss"].steps.tolist()
    assert np.allclose([float(v) for v in columns["loss"]], history.curves["loss"].values)
    measured = [i for i, value in enumerate(columns["validation_accuracy"]) if value]
    assert [int(columns["step"][i]) for i in measured] == (
        history.curves["validation_accuracy"].steps.tolist()
    )
    assert len(measured) < len(columns["step"])


def test_every_label_and_neuron_has_a_column(runs):
    assert {"loss_label_1", "loss_label_7", "success_label_7"} < set(table(runs["adversarial"]))
    names = [name for name in table(runs["visualize"]) if name != "step"]
    assert names == [f"activation_logits_{n}" for n in range(10)]


def test_numbers_are_read_back_as_they_were(runs):
    history = History.of(runs["adversarial"].events())
    column = [np.float32(value) for value in table(runs["adversarial"])["loss_label_7"]]
    assert column == list(history.curves["loss"].values[:, 1].astype(np.float32))


def test_a_value_that_is_not_finite_is_a_gap(tmp_path):
    run = create_run(tmp_path, "x")
    run.write_json("run.json", run_values(train_config()))
    with Journal(run.path) as journal:
        journal.append(Started(step=0, time=1.0, **started_values(train_config())))
    with (run.path / "events.jsonl").open("a") as file:
        file.write(
            '{"event":"progress","step":2,"time":1,"series":{"loss":[1.5,null]},"values":{}}\n'
        )
    assert "".join(export_csv(run)) == "step,loss\n1,1.5\n2,\n"
    assert math.isnan(History.of(run.events()).curves["loss"].values[1])


def test_nothing_measured_is_told(tmp_path):
    with pytest.raises(EngineError, match="not measured anything"):
        next(export_csv(Run(tmp_path)))


def test_the_name_of_a_metric_cannot_be_a_formula_or_an_escape_sequence(copied):
    path = copied["train"].path / "events.jsonl"
    journal = path.read_text().replace('"series":{', '"series":{"=1+1":[],"a\\u001b":[],')
    lines = []
    for line in map(json.loads, journal.splitlines()):
        if line["event"] == "progress":
            for name in ("=1+1", "a\x1b"):
                line["series"][name] = line["series"]["loss"]
        lines.append(json.dumps(line) + "\n")
    path.write_text("".join(lines))
    head = next(export_csv(copied["train"])).strip().split(",")
    assert {"'=1+1", "a\N{REPLACEMENT CHARACTER}"} < set(head)
