"""The bar pointer: against madmom's, against a dense Viterbi, and on beats that are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.representations.bar_pointer import CHANGE, SHARE, _viterbi, decode

FPS = 50
# tempo, meter, beats and downbeats of `impulses` by madmom
MADMOM = [
    (
        120,
        4,
        [0.58, 1.10, 1.60, 2.14, 2.66, 3.20, 3.76, 4.32, 4.88, 5.46, 6.04, 6.64, 7.24, 7.86],
        [2.14, 4.32, 6.64],
    ),
    (
        95,
        3,
        [0.08, 0.72, 1.36, 2.02, 2.68, 3.38, 4.08, 4.78, 5.50, 6.24, 7.00, 7.78],
        [0.08, 2.02, 4.08, 6.24],
    ),
]


def noisy(seed, tempo, meter, frames=1000, first=7.3):
    """Probabilities (frames, 2) with beats of varying strength, one in five missing, at a tempo
    that wanders; and their frames."""
    random = np.random.default_rng(seed)
    p, at, number, truth = random.uniform(0, 0.06, (frames, 2)), first, 0, []
    while at < frames - 1:
        height = random.uniform(0.3, 0.9) if random.uniform() > 0.2 else 0.05
        frame = round(at)
        down = number % meter == 0
        p[frame, int(down)] += height
        p[frame, int(not down)] += 0.15 * height
        truth.append((frame, down))
        at += FPS * 60 / tempo * (1 + random.normal(0, 0.02))
        number += 1
    return p / np.maximum(1, p.sum(1, keepdims=True) * 1.02), np.array(truth)


@pytest.mark.parametrize(("tempo", "meter"), [(120, 4), (93, 3), (150, 4), (70, 4), (180, 3)])
def test_beats_and_bars_are_found_among_noise(tempo, meter):
    p, truth = noisy(tempo, tempo, meter)
    found = decode(p, FPS)
    frames = np.rint(found.times * FPS)
    apart = np.abs(truth[:, :1] - frames).min(1)
    assert len(found.times) == pytest.approx(len(truth), abs=1)
    assert np.quantile(apart, 0.9) <= 2
    downs = truth[truth[:, 1] == 1, :1]
    assert np.quantile(np.abs(downs - np.rint(found.downbeats * FPS)).min(1), 0.9) <= 2


def test_madmom_finds_the_same_beats():
    """DBNDownBeatTrackingProcessor of madmom 0.17 on `impulses`, beats_per_bar [3, 4], fps 50."""
    for tempo, meter, theirs, bars in MADMOM:
        p = impulses(tempo, meter)
        found = decode(p, FPS)
        assert found.times[-len(theirs) :] == pytest.approx(theirs)  # theirs may lack the first
        assert found.downbeats[-len(bars) :] == pytest.approx(bars)
        assert len(found.times) <= len(theirs) + 1


def impulses(tempo, meter):
    """Beats at a tempo that slows by a quarter over 400 frames, of uneven height: (400, 2)."""
    p, at, number = np.full((400, 2), 0.02), 4.0, 0
    while at < 399:
        p[round(at), int(number % meter == 0)] = 0.35 + 0.4 * np.sin(5 * number) ** 2
        at += FPS * 60 / tempo * (1 + at / 1600)
        number += 1
    return p


def test_the_path_is_the_likeliest():
    """Against a dense Viterbi over all states, at 5 frames per second, where there are few."""
    random = np.random.default_rng(0)
    tau = np.arange(round(300 / 215), round(300 / 55) + 1)
    for meter in (2, 3):
        states = [(b, i, k) for b in range(meter) for i in range(len(tau)) for k in range(tau[i])]
        moves = np.full((len(states), len(states)), -np.inf)
        for a, (b, i, k) in enumerate(states):
            for z, (b2, i2, k2) in enumerate(states):
                if b2 == b and i2 == i and k2 == k + 1:
                    moves[a, z] = 0
                elif k == tau[i] - 1 and k2 == 0 and b2 == (b + 1) % meter:
                    weights = np.exp(-CHANGE * np.abs(tau / tau[i] - 1))
                    moves[a, z] = np.log(weights[i2] / weights.sum())
        p = random.dirichlet((1, 1, 3), 30)[:, :2]
        emitted = np.array(
            [
                [
                    np.log(p[t, int(b == 0)] if k / tau[i] < 1 / SHARE else (1 - p[t].sum()) / 15)
                    for b, i, k in states
                ]
                for t in range(30)
            ]
        )
        best = emitted[0] - np.log(len(states))
        for t in range(1, 30):
            best = (best[:, None] + moves).max(0) + emitted[t]
        assert _viterbi(p, 5, meter)[0] == pytest.approx(best.max(), rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(tempo=st.floats(60, 175), first=st.integers(0, 20), meter=st.sampled_from([3, 4]))
def test_a_metronome_is_found_within_a_frame(tempo, first, meter):
    frames = np.rint(np.arange(first, 500, FPS * 60 / tempo)).astype(int)
    frames = frames[frames < 495]
    p = np.full((500, 2), 0.01)
    for late, height in ((2, 0.1), (1, 0.3), (0, 0.9)):  # as wide as a network's
        p[frames + late, 0] = height
        p[frames[::meter] + late] = [0.01, height]
    found = decode(p, FPS)
    assert found.times * FPS == pytest.approx(frames, abs=1.01)
    assert found.downbeats * FPS == pytest.approx(frames[::meter], abs=1.01)


def test_without_beats_there_are_none():
    for p in (np.zeros((0, 2)), np.zeros((100, 2)), np.full((100, 2), 0.02)):
        found = decode(p, FPS)
        assert len(found.times) == len(found.downbeats) == 0
    one = np.zeros((100, 2))
    one[50, 0] = 0.9
    assert decode(one, FPS).times.tolist() == [1.0]
