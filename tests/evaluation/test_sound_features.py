"""Simple features of sound: what they tell apart, and their names."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation.sound_features import sound_features

RATE = 16_000


def a_tone(hertz):
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)


def some_clicks(every):
    sound = np.zeros(RATE)
    sound[:: int(every * RATE)] = 0.9
    return sound


def test_features_tell_tones_from_clicks_and_high_from_low():
    values, names = sound_features(np.stack([a_tone(200), a_tone(3000), some_clicks(0.25)]), RATE)
    column = {name: values[:, i] for i, name in enumerate(names)}
    assert len(set(names)) == values.shape[1]
    assert np.isfinite(values).all()
    assert column["centroid mean"][0] < 400 < 2500 < column["centroid mean"][1]
    assert column["percussive"][2] > 0.8 > 0.2 > column["percussive"][0]
    assert column["pulse"][2] > column["pulse"][0]
    assert column["level mean"][0] == pytest.approx(20 * np.log10(0.3 / np.sqrt(2)), abs=1)


def test_silence_has_finite_features():
    assert np.isfinite(sound_features(np.zeros((1, RATE)), RATE)[0]).all()


def test_other_shapes_are_refused():
    with pytest.raises(WorkbenchError, match="sounds"):
        sound_features(np.zeros(RATE), RATE)
