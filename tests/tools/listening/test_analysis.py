"""The analysis finds what was put into a simulated class, and deals with what is missing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats

from tests.tools.listening.conftest import SOURCES, record
from workbench import cli
from workbench.errors import WorkbenchError
from workbench.evaluation.power import Raters
from workbench.tools.listening.analysis import analyse, cube, failed_checks
from workbench.tools.listening.answers import merge, read_sheet
from workbench.tools.listening.simulated import simulate_class

HUMAN, MACHINE = SOURCES
EVEN = Raters(leniency=0.5, taste=0.2, clips=0.0, noise=0.5)


def means(human=3.0, machine=3.0):
    both = {HUMAN: human, MACHINE: machine}
    return {"quality": both, "aptness": both, "novelty": both}


def answers_of(key, records):
    return [a for r in records for a in read_sheet(r, key, r["rater"]).answers]


def test_a_known_class_is_found_again(ratings):
    true = {
        "quality": {HUMAN: 3.8, MACHINE: 2.6},
        "aptness": {HUMAN: 3.0, MACHINE: 3.0},
        "novelty": {HUMAN: 2.4, MACHINE: 3.4},
    }
    records = simulate_class(ratings.key, true, 40, EVEN, seed=1)
    found = analyse(ratings.key, answers_of(ratings.key, records))
    for mean in found.means:
        assert mean.mean == pytest.approx(true[mean.scale][mean.source], abs=0.25)
        assert mean.interval[0] < mean.mean < mean.interval[1]
        assert mean.answers == 40 * 3
    by_scale = {d.scale: d for d in found.differences}
    assert by_scale["quality"].mean == pytest.approx(1.2, abs=0.25)
    assert by_scale["quality"].corrected < 0.001
    assert by_scale["aptness"].corrected > 0.05
    assert by_scale["novelty"].mean < 0
    for d in found.differences:
        assert d.corrected >= d.p
        assert np.diff(d.also_prompts) > 0.9 * np.diff(d.raters_only)


def test_differences_are_those_of_scipys_paired_test(ratings):
    records = simulate_class(ratings.key, means(3.4, 3.0), 25, EVEN, seed=2)
    answers = answers_of(ratings.key, records)
    found = next(d for d in analyse(ratings.key, answers).differences if d.scale == "quality")
    table = cube(ratings.key, answers, [r["rater"] for r in records], "quality").mean(2)
    theirs = stats.ttest_rel(table[:, 0], table[:, 1])
    assert found.mean == pytest.approx((table[:, 0] - table[:, 1]).mean())
    assert found.p == pytest.approx(theirs.pvalue, abs=0.02)
    low, high = theirs.confidence_interval()
    assert found.raters_only == pytest.approx((low, high), abs=0.06)


def test_without_a_difference_few_studies_find_one(ratings):
    hits = 0
    for seed in range(10):
        records = simulate_class(ratings.key, means(), 9, EVEN, seed=100 + seed)
        found = analyse(ratings.key, answers_of(ratings.key, records))
        hits += any(d.corrected < 0.05 for d in found.differences)
    assert hits <= 3  # expected: half of one


def test_the_careless_fail_the_check_and_are_left_out(ratings):
    records = simulate_class(ratings.key, means(4.2, 2.0), 12, EVEN, seed=3, careless=6)
    answers = answers_of(ratings.key, records)
    failed = failed_checks(ratings.key, answers)
    assert failed
    assert set(failed) <= {f"simulated {n:02d}" for n in range(7, 13)}
    strict, lenient = analyse(ratings.key, answers), analyse(ratings.key, answers, keep_failed=True)
    assert len(strict.raters) == 12 - len(failed)
    assert len(lenient.raters) == 12
    assert strict.agreement[0].alpha > lenient.agreement[0].alpha


def test_half_rated_tests_count_as_far_as_they_go(ratings):
    records = simulate_class(ratings.key, means(4.2, 2.4), 10, EVEN, seed=4, unfinished=4)
    found = analyse(ratings.key, answers_of(ratings.key, records))
    assert found.half_rated == [f"simulated {n:02d}" for n in range(1, 5)]
    assert found.differences[0].mean == pytest.approx(1.8, abs=0.4)
    assert 10 * 6 - 4 * 6 < found.means[0].answers + found.means[1].answers < 10 * 6
    assert np.isfinite(found.agreement[0].alpha)


def test_one_source_unrated_by_all_is_not_a_number_nor_an_error(ratings):
    key = ratings.key
    theirs = {
        n
        for n, t in key["trials"].items()
        if t["kind"] == "test" and key["clips"][t["clips"][0]]["source"] == MACHINE
    }
    sheets = [record(ratings, name, i) for i, name in enumerate(("Ada", "Grace", "Clara"))]
    for sheet in sheets:
        sheet["answers"] = [row for row in sheet["answers"] if row["trial"] not in theirs]
    found = analyse(key, answers_of(key, sheets))
    machine = next(m for m in found.means if m.source == MACHINE)
    assert np.isnan(machine.mean)
    assert machine.answers == 0
    assert np.isnan(found.differences[0].p)
    assert np.isnan(found.agreement[0].alpha)  # all gave 4: nothing varies


def test_agreement_of_the_like_minded_and_with_oneself(ratings):
    quiet = Raters(leniency=0, taste=0, clips=0, noise=0.01)
    records = simulate_class(ratings.key, means(4, 2), 8, quiet, seed=5)
    for agreement in analyse(ratings.key, answers_of(ratings.key, records)).agreement:
        assert agreement.alpha == pytest.approx(1)
        assert agreement.self_distance == agreement.other_distance == 0
    loud = Raters(leniency=1, taste=1, clips=0, noise=1)
    records = simulate_class(ratings.key, means(3, 3), 30, loud, seed=6)
    quality = analyse(ratings.key, answers_of(ratings.key, records)).agreement[0]
    assert abs(quality.alpha) < 0.15
    assert quality.self_distance < quality.other_distance


def test_pairs_give_strengths_and_shares(pairs):
    true = {"preference": {HUMAN: 1.0, MACHINE: 0.0, "empty prompt": -1.0}}
    how = Raters(leniency=0, taste=0.1, clips=0, noise=0.0)
    records = simulate_class(pairs.key, true, 60, how, seed=7)
    found = analyse(pairs.key, answers_of(pairs.key, records))
    strengths = {s.source: s for s in found.strengths}
    for source, value in true["preference"].items():
        low, high = strengths[source].interval
        assert strengths[source].strength == pytest.approx(value, abs=0.3)
        assert low < strengths[source].strength < high
    first = found.differences[0]
    assert (first.first, first.second) == (HUMAN, MACHINE)
    assert first.mean == pytest.approx(1 / (1 + np.exp(-1)) - 0.5, abs=0.08)
    assert first.corrected < 0.05
    share, (low, high) = found.side
    assert low < 0.5 < high
    assert share == pytest.approx(0.5, abs=0.08)


def test_who_always_chooses_a_shows_as_a_side_and_not_as_a_source(pairs):
    records = []
    for number in range(20):
        sheet = record(pairs, f"rater {number}", number)
        random = np.random.default_rng(number)
        for row in sheet["answers"]:
            if row["scale"] == "preference":
                row["swapped"] = bool(random.random() < 0.5)
                row["value"] = int(row["swapped"])  # the clip that was played as A
        records.append(sheet)
    found = analyse(pairs.key, answers_of(pairs.key, records))
    assert found.side[0] == 1
    assert all(d.corrected > 0.05 for d in found.differences)


def test_one_rater_is_too_few(ratings):
    with pytest.raises(WorkbenchError, match="at least 2 raters"):
        analyse(ratings.key, answers_of(ratings.key, [record(ratings, "Ada", 1)]))


@pytest.mark.parametrize("design", ["ratings", "pairs"])
def test_the_commands_from_files_to_tables(design, request, tmp_path, capsys):
    test = request.getfixturevalue(design)
    _, key = test.write(tmp_path)
    one = {s: 3.5 - i for i, s in enumerate(test.key["sources"])}
    records = simulate_class(
        test.key, {scale: one for scale in test.key["scales"]}, 8, seed=8, careless=1, unfinished=1
    )
    (tmp_path / "in").mkdir()
    for i, sheet in enumerate(records):
        (tmp_path / "in" / f"{i}.json").write_text(json.dumps(sheet))
    table, out = str(tmp_path / "all.csv"), tmp_path / "analysis.json"
    folder, about = str(tmp_path / "in"), ["--key", str(key), "--out"]
    assert cli.main(["listen", "merge", folder, *about, table]) == 0
    assert cli.main(["listen", "analyse", table, *about, str(out)]) == 0
    said = capsys.readouterr().out
    assert "simulated 01" in said
    assert "Differences within raters" in said
    sections = json.loads(out.read_text())["sections"]
    wanted = {"means", "agreement"} if design == "ratings" else {"strengths", "side"}
    assert sections.keys() == {"differences"} | wanted
    assert cli.main(["listen", "analyse", table, "--key", str(tmp_path / "none.json")]) == 2
    assert "key.json" in capsys.readouterr().err
    assert merge([tmp_path / "in"], test.key).raters[0] == "simulated 01"
