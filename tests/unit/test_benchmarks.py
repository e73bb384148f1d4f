"""What the benchmarks make of their measurements, without measuring."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from benchmarks import memory, peers, plots, scaling, soak, versus
from benchmarks.dataset import DataSet
from benchmarks.harness import Report, ratios
from benchmarks.peer import WAYS, sidecar_pages
from benchmarks.peers import PEERS, Peer
from benchmarks.reading import Run
from benchmarks.scoring import words_of
from benchmarks.versus import COMPARISONS, OURS, Comparison, in_turn, summarize


@pytest.fixture
def report():
    return Report("a title", runs=2, machine={"cores": 2})


def figures_of(report):
    return {figure.name: figure for figure in report.figures}


def test_a_ratio_is_taken_run_by_run():
    assert ratios([4.0, 9.0], [2.0, 3.0]) == [2.0, 3.0]


def test_a_ratio_of_runs_that_do_not_pair_is_refused():
    with pytest.raises(ValueError, match="zip"):
        ratios([4.0, 9.0], [2.0])


def test_a_target_is_held_against_the_median(report):
    report.add("speed", "", [1, 5, 6], (">=", 5))
    report.add("time", "", [1, 5, 6], ("<", 5))

    assert [figure.is_met for figure in report.figures] == [True, False]
    assert not report.is_met


def test_a_series_goes_to_the_file_and_not_to_the_table(report, tmp_path, capsys):
    report.machine |= {"cpu": "", "load": 0, "python": "", "system": ""}
    report.series["memory"] = [(10, 512.5)]

    assert report.finish(tmp_path / "report.json") == 0

    written = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert written["series"] == {"memory": [[10, 512.5]]}
    assert "512" not in capsys.readouterr().out


@pytest.mark.parametrize("n_ways", [2, 3, 4])
def test_each_way_begins_as_often_as_each_other(n_ways):
    ways = list(range(n_ways))
    orders = [in_turn(ways, run) for run in range(1, 2 * n_ways + 1)]

    assert all(sorted(order) == ways for order in orders)
    assert sorted(order[0] for order in orders) == sorted(ways * 2)


@pytest.mark.parametrize("n_ways", [2, 3, 4])
def test_each_way_comes_before_another_as_often_as_after(n_ways):
    orders = [in_turn(list(range(n_ways)), run) for run in range(1, 2 * n_ways + 1)]

    for way in range(1, n_ways):
        assert sum(order.index(0) < order.index(way) for order in orders) == n_ways


def runs_of(report, *measured):
    runs = []
    for rates, scores in measured:
        run = Run(report, DataSet([], []))
        run.rates, run.scores = rates, scores
        runs.append(run)
    return runs


def test_a_row_has_each_speed_and_each_score_and_ours_against_each(report):
    comparisons = [
        Comparison("one", "one", "receipts", "json", times=4, more_f1=-0.5),
        Comparison("other", "other", "receipts", "json"),
    ]
    runs = runs_of(
        report,
        ({OURS: 80.0, "one": 20.0, "other": 40.0}, {OURS: 0.75, "one": 1.0, "other": 0.5}),
        ({OURS: 60.0, "one": 10.0, "other": 60.0}, {OURS: 0.75, "one": 1.0, "other": 0.5}),
    )

    summarize(report, comparisons, runs)

    found = figures_of(report)
    assert found["receipts to json, ocr-sidecar"].values == [80.0, 60.0]
    assert found["receipts to json, times one"].values == [4.0, 6.0]
    assert found["receipts to json, times one"].target == (">=", 4)
    assert found["receipts to json, word F1 more than one"].values == [-0.25, -0.25]
    assert found["receipts to json, word F1 more than one"].target == (">=", -0.5)
    assert found["receipts to json, times other"].target is None
    assert len(found) == 2 * (3 + 2)


def test_comparisons_of_a_row_stand_together():
    rows = [one.row for one in COMPARISONS]
    assert [row for i, row in enumerate(rows) if row not in rows[:i]] == [
        row for i, row in enumerate(rows) if i == 0 or row != rows[i - 1]
    ]


def test_every_peer_that_is_compared_with_is_known_on_both_sides():
    assert {one.peer for one in COMPARISONS} <= set(PEERS)
    assert set(PEERS) == set(WAYS)
    assert len(versus.NAMES) == len(set(versus.NAMES))


def test_a_peer_that_is_not_installed_is_skipped_with_a_word(monkeypatch, capsys):
    lacking = Peer(modules=("json", "no_such_module"), commands=("no-such-command",))
    monkeypatch.setattr(peers, "PEERS", {"there": Peer(modules=("json",)), "absent": lacking})

    assert peers.installed(["absent", "there"]) == ["there"]

    said = capsys.readouterr().out
    assert "absent: skipped" in said
    assert "module no_such_module, command no-such-command" in said
    assert "module json" not in said


def test_pages_of_a_sidecar_are_divided_by_form_feeds():
    assert sidecar_pages("one\n\ftwo", 2) == ["one\n", "two"]
    assert sidecar_pages("one\f\fthree", 3) == ["one", "", "three"]
    assert sidecar_pages("one\ftwo\f\n", 2) == ["one", "two"]


def test_a_sidecar_that_lacks_a_page_is_refused():
    with pytest.raises(ValueError, match="1 of 2"):
        sidecar_pages("one", 2)


def test_what_knows_no_pages_is_scored_by_the_whole_document(report):
    run = Run(report, DataSet([], [words_of("a b"), words_of("c d")]))

    run.note("by pages", 60, [words_of("c d"), words_of("a b")])
    run.note("as a whole", 60, [words_of("c d a b")])

    assert run.scores == {"by pages": 0.0, "as a whole": 1.0}
    assert run.rates == {"by pages": 2.0, "as a whole": 2.0}


def test_memory_is_judged_after_the_first_tenth_of_the_pages(report):
    report.series = {
        memory.RESIDENT: [(50, 300), (100, 500), (550, 509), (1000, 518)],
        memory.PEAK: [(50, 600), (100, 650), (550, 650), (1000, 680)],
    }

    memory.summarize(report)

    found = {name: figure.median for name, figure in figures_of(report).items()}
    assert found.pop("slope") == pytest.approx(20)
    assert found == {
        "resident after 100 pages": 500,
        "resident after 1000 pages": 518,
        "peak": 680,
    }


def test_a_mix_of_pages_has_each_as_often_as_the_others():
    paths = [Path(name) for name in "abc"]
    chosen = memory.endless(paths)
    cycles = [[next(chosen) for _ in paths] for _ in range(20)]

    assert all(sorted(cycle) == paths for cycle in cycles)
    assert len({tuple(cycle) for cycle in cycles}) > 1


def scaling_report():
    report = Report("scaling", 2, {"slots": 2}, machine={"cores": 2})
    report.add(scaling.speed_name(1), "pages/min", [40, 50])
    report.add(scaling.speed_name(2), "pages/min", [80, 90])
    return report._object()


def test_a_plot_finds_the_speeds_that_scaling_told():
    assert plots.speeds(scaling_report()) == [(1, 45, 40, 50), (2, 85, 80, 90)]


def test_a_plot_takes_the_colour_of_the_readers_theme():
    drawn = f'<svg width="1pt"\n height="1pt"><path style="stroke: {plots.STROKE}"/></svg>'

    svg = plots.recoloured(drawn)

    assert plots.STROKE not in svg
    assert "stroke: currentColor" in svg
    style, path = ET.fromstring(svg)  # it is well-formed still
    assert "prefers-color-scheme" in style.text
    assert path.tag == "path"


def test_the_same_figures_give_the_same_plot(tmp_path):
    pytest.importorskip("matplotlib")
    points = [[10, 500], [20, 510]]
    told = {
        "scaling": scaling_report(),
        "memory": {"series": {memory.RESIDENT: points, memory.PEAK: points}},
    }

    for name, report in told.items():
        first = plots.write(name, report, tmp_path).read_bytes()
        assert plots.write(name, report, tmp_path).read_bytes() == first
        ET.fromstring(first)


def test_a_stretch_of_the_soak_is_whole_rounds_that_take_about_a_minute():
    """Ten pages a round, the last of which takes as long as the others together."""
    times, now = [], 0.0
    for page in range(600):
        now += 18 if page % 10 == 9 else 2
        times.append(now)

    assert soak.stretches(times, 10) == pytest.approx([600 / 36] * 30, abs=1e-9)
