"""The degradation lab in the kernel: rows of measurements, sounds, what is refused."""

import numpy as np
import pytest

from tests.course.widgets.test_prompt_box import send
from workbench.course.widgets import DegradationLab
from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.degradations import degrade

RATE = 16_000


def noise(n=3):
    return 0.1 * np.random.default_rng(0).standard_normal((n, RATE)).astype(np.float32)


def loudness(sounds):
    return {"power": float((sounds**2).mean()), "peak": float(np.abs(sounds).max())}


def test_rows_are_what_the_measure_says_of_degraded_sounds():
    sounds = noise()
    lab = DegradationLab(sounds, RATE, loudness)
    assert lab.names == ["power", "peak"]
    assert [row["kind"] for row in lab.rows] == [""]
    assert lab.rows[0]["values"] == pytest.approx(list(loudness(sounds).values()))
    send(lab, do="measure", kind="silence", strength=0.5)
    assert lab.wait(30)
    expected = loudness(degrade(sounds, RATE, "silence", 0.5))
    assert lab.rows[1]["values"] == pytest.approx(list(expected.values()))
    assert lab.rows[1]["what"] == "45% of it silent" == lab.levels["silence"][10]
    assert "measured" in lab.say


def test_the_example_is_heard_as_it_is_set():
    lab, sent = DegradationLab(noise(), RATE, loudness, example=1), []
    lab.send = lambda about, buffers=(): sent.append((about, buffers))
    send(lab, do="play", kind="low-pass", strength=1.0)
    assert sent[0][0] == {"is": "sound", "seconds": 1.0}
    assert len(sent[0][1][0]) > 500
    assert np.array_equal(lab.clip().audio, degrade(noise()[1:2], RATE, "low-pass", 1.0))
    data, _ = lab._repr_mimebundle_()
    assert data["text/html"].count("<audio") == 2  # original, and at the slider's strength


def test_what_is_wrong_is_said_and_nothing_breaks():
    def broken(sounds):
        if len(lab_is_there):
            raise WorkbenchError("sounds: too few")
        return {"x": 1.0}

    lab_is_there = []
    lab = DegradationLab(noise(), RATE, broken)
    lab_is_there.append(lab)
    for message in (
        {"kind": "rain", "strength": 0.5},
        {"kind": "noise", "strength": 2},
        {"kind": "noise", "strength": "much"},
    ):
        send(lab, do="measure", **message)
        assert lab.wait(30)
        assert lab.say
        assert len(lab.rows) == 1
    send(lab, do="measure", kind="noise", strength=0.5)
    assert lab.wait(30)
    assert lab.say == "sounds: too few"
    with pytest.raises(PromptError, match="example"):
        DegradationLab(noise(), RATE, loudness, example=3)
    with pytest.raises(WorkbenchError, match="NaN"):
        DegradationLab(np.full((1, RATE), np.nan), RATE, loudness)
