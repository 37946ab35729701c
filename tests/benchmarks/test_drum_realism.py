"""The judges of drum loops: which loops they see, and that they see what differs."""

import numpy as np
import pytest

from workbench.benchmarks import drum_realism
from workbench.benchmarks.drum_data import DrumData
from workbench.evaluation.baselines import flat_touch
from workbench.evaluation.roll_judge import RollJudge


@pytest.fixture(scope="module")
def data(groove_root):
    return DrumData("groove", limit=300)


def test_judges_learn_from_many_sessions_and_are_measured_on_those_held_out(data):
    loops, held_out = data.sessions(40)
    sessions = loops.labels("session")
    assert len(set(sessions)) >= 12
    trained = set(data.train.labels("session"))
    assert not trained & set(sessions[held_out])
    assert set(sessions[~held_out]) == trained
    assert held_out.sum() <= 40


def test_the_floor_is_played_by_other_people(data):
    loops, _ = data.sessions(24)
    matched = drum_realism._matched(loops, data.train)
    assert (matched.labels("session") != loops.labels("session")).all()
    assert len({id(clip) for clip in matched.clips}) == len(loops)


def test_a_drum_machine_is_told_from_people(data, monkeypatch):
    loops, held_out = data.sessions(40)
    judges = drum_realism.Judges(loops, held_out, folds=3)
    monkeypatch.setattr(drum_realism, "_network", lambda seed: {"one": RollJudge((seed,), 40)})
    verdicts = judges.verdicts(flat_touch(loops.rolls))
    assert verdicts.keys() == {"performances", "sessions", "network"}
    assert judges.verdicts(flat_touch(loops.rolls), quick=True).keys() == {"performances"}
    assert min(verdicts[name].accuracy for name in ("performances", "sessions")) > 0.9
    assert verdicts["sessions"].n == (held_out.sum(), held_out.sum())
    assert np.isfinite(verdicts["sessions"].interval).all()
