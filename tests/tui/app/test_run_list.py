"""What a list of runs is made of: order, groups, columns, cells, settings."""

import math

import msgspec
import numpy as np
import pytest

from engine.runs.summary import Summary
from engine.sections.train.config import TrainConfig
from tests.tui.example_runs import FOUND
from tui.app.sections.runs.columns import Drawing, age_words, columns_for
from tui.app.sections.runs.folds import fold_words, state_of, words_in
from tui.app.sections.runs.glance import KEPT, Glance, Glances, changed_settings
from tui.app.sections.runs.names import form_for, short_id
from tui.app.sections.runs.order import CYCLE, GROUPS, Fold, Group, Order, folded, grouped, sort
from tui.app.sections.runs.sketch import flowing
from tui.drawing.trace import trace

NOW = 1e9


def summary(number, **values):
    return Summary(f"20260102-0304{number:02}-000-train-x", **values)


RUNS = [
    summary(9),  # damaged
    summary(8, status="finished", model="two-conv", dataset="mnist", measured={"accuracy": 0.9}),
    summary(7, status="stopped", model="baseline", dataset="mnist", seconds=9.0),
    summary(6, status="finished", model="Baseline", dataset="fashion-mnist", seconds=70.0,
            measured={"success": 0.99}),
    summary(5, status="finished", model="baseline", dataset="mnist", measured={"accuracy": 0.9}),
]  # fmt: skip


def numbers(items):
    return [int(run.run[13:15]) for run in items if isinstance(run, Summary)]


@pytest.mark.parametrize(("order", "wanted"), [
    (Order(), [9, 8, 7, 6, 5]), (Order("age", True), [5, 6, 7, 8, 9]),
    (Order("result"), [6, 8, 5, 9, 7]), (Order("result", True), [8, 5, 6, 9, 7]),
    (Order("network"), [7, 6, 5, 8, 9]), (Order("dataset"), [6, 8, 7, 5, 9]),
    (Order("duration"), [6, 7, 9, 8, 5]), (Order("seed"), [9, 8, 7, 6, 5]),
])  # fmt: skip
def test_sorted_runs_have_those_without_a_value_last(order, wanted):
    assert numbers(sort(RUNS, order, NOW)) == wanted


def test_keys_go_round_the_columns_and_a_header_again_reverses():
    order = Order()
    for _ in CYCLE:
        order = order.next_column()
    assert order == Order()
    assert order.by("result").by("result") == Order("result", True)
    assert order.by("result").by("result").by("result") == Order("result")
    for _ in GROUPS:
        order = order.next_group()
    assert order == Order()
    assert Order("result", group="network").next_column().group == "network"


def test_groups_have_headings_with_their_counts():
    items = grouped(RUNS, "dataset")
    assert [item for item in items if isinstance(item, Group)] == [
        Group("nothing known", 1), Group("MNIST", 3), Group("Fashion-MNIST", 1),
    ]  # fmt: skip
    assert numbers(items) == [9, 8, 7, 5, 6]
    assert grouped(RUNS, "") == RUNS


def test_the_runs_of_a_sweep_share_a_row_where_the_first_of_them_stands():
    runs = [
        msgspec.structs.replace(run, sweep="a") if number in (1, 3) else run
        for number, run in enumerate(RUNS)
    ]
    assert folded(RUNS, []) == RUNS
    items = folded(runs, ["a", "of which no run has begun"])
    assert items == [Fold("of which no run has begun"), runs[0], Fold("a", (runs[1], runs[3])),
                     runs[2], runs[4]]  # fmt: skip
    assert state_of(items[0], {}) == "queued"
    assert state_of(items[2], {}) == "finished"
    assert state_of(items[2], {runs[1].run}) == "running"
    assert state_of(Fold("b", tuple(RUNS)), {}) == "damaged"
    assert words_in(items[2], "network") == "2 networks"
    assert "opens it" in fold_words(items[0], {}, "enter").plain


def test_columns_fit_and_the_most_important_ones_come_first():
    before: set[str] = set()
    for width in range(50, 240):
        columns = columns_for(width, RUNS)
        assert sum(cells + 2 for _, cells in columns) <= width
        names = {name for name, _ in columns}
        assert {"state", "run", "result"} <= names
        before |= names
    assert {"age", "dataset"} <= {name for name, _ in columns_for(78, RUNS)}
    assert {"age", "course"} <= {name for name, _ in columns_for(78, RUNS[:3])}  # of one dataset
    assert len(before) == 11


def test_a_row_fits_its_columns_whatever_its_texts_are():
    run = summary(1, model="漢" * 60, dataset="x" * 300, recipe="y" * 99, seed="9" * 40,
                  result="z" * 99, remark="[bold]", section="s" * 99)  # fmt: skip
    for width in (58, 70, 118, 236):
        columns = columns_for(width, [run])
        drawing = Drawing(columns, lambda style: style, {run.run}, {}, NOW)
        for (_, cells), cell in zip(columns, drawing.cells(run), strict=True):
            assert cell.cell_len <= cells
        for item in (Group("g" * 99, 7), Fold("f" * 99, (run, run))):
            for (_, cells), cell in zip(columns, drawing.cells(item), strict=True):
                assert cell.cell_len <= cells


@pytest.mark.parametrize(("cells", "first", "second"), [
    (43, "20260102-030401-000-train-x", "20261127-124035-850-adversarial-two-conv-fc"),
    (42, "20260102-0304…train-x", "20261127-1240…adversarial-two-conv-fc"),
    (36, "…0102-0304…train-x", "…1127-1240…adversarial-two-conv-fc"),
    (29, "…0102…train-x", "…1127…adversarial-two-conv-fc"),
    (24, "…train-x", "…adversarial-two-conv-fc"), (12, "…train-x", "…adver…nv-fc"),
])  # fmt: skip
def test_ids_too_long_for_their_column_are_cut_alike(cells, first, second):
    runs = [summary(1), Summary("20261127-124035-850-adversarial-two-conv-fc")]
    form = form_for([run.run for run in runs], cells)
    drawing = Drawing((("run", cells + 1),), lambda style: style, set(), {}, NOW, form)
    assert [drawing.cells(run)[0].plain for run in runs] == [f" {first}", f" {second}"]


def test_one_network_with_a_long_name_does_not_take_the_dates_of_all():
    long = f"20261127-124035-850-train-{'x' * 99}-3fa9b0c1"
    form = form_for([long, summary(1).run], 40)
    assert short_id(long, 40, form).startswith("20261127-1240…train-xxx")
    assert short_id(long, 40, form).endswith("xxx-3fa9b0c1")
    assert len(short_id(long, 40, form)) == 40
    assert short_id("not-an-id-of-ours", 9, form) == "not-…ours"


@pytest.mark.parametrize(("seconds", "words"), [
    (None, ""), (0, "0s"), (59.9, "59s"), (60, "1m"), (7199, "1h"), (47 * 3600, "47h"),
    (3 * 86_400, "3d"), (20 * 86_400, "2w"), (800 * 86_400, "2y"), (1e15, "999y"),
])  # fmt: skip
def test_ages_take_four_cells(seconds, words):
    assert age_words(seconds) == words


@pytest.mark.parametrize("values", [
    [], [1.0], [math.nan] * 4, [0.1, 0.9, math.inf], [5, 5], [2, 1], np.arange(10_000),
])  # fmt: skip
def test_a_trace_has_its_cells(values):
    assert len(trace(values, 9)) == 9


def test_a_trace_rises_with_its_values_and_has_gaps():
    assert trace([0, 1, 2, 3], 2) == "⡠⠊"
    assert trace([math.nan] * 3, 2) == "  "
    rising = trace([0.1, 0.9, 0.91, 0.92, 0.93, 0.95], 5)
    assert len(set(rising)) > 2  # the step from chance does not flatten the rest


def test_settings_that_are_not_the_recipes_are_told():
    usual = TrainConfig(model="baseline").resolve(**FOUND)
    assert changed_settings(usual) == {}
    config = TrainConfig(model="baseline", seed=3, epochs=7, recipe="tuned").resolve(**FOUND)
    assert changed_settings(config) == {"seed": 3, "recipe": "tuned", "epochs": 7}


def test_what_was_read_is_kept_while_the_run_stays_the_same():
    glances, glance = Glances(), Glance(None, "damaged")
    glances.keep(RUNS[1], glance)
    assert glances.known(RUNS[1]) is glance
    assert glances.known(RUNS[2]) is None
    assert glances.known(summary(8, status="finished")) is None
    for number in range(KEPT):
        glances.keep(summary(number, model="other", status="finished"), glance)
    assert len(glances._kept) <= KEPT
    assert glances.known(RUNS[1]) is None


def test_facts_flow_into_lines_without_being_broken():
    assert flowing(["one two", "three", "four"], " · ", 15) == ["one two · three", "four"]
    assert flowing(["a\x1b[31m"], ", ", 9) == ["a\ufffd[31m"]
