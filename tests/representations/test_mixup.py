"""Beat-synchronous mixup: what falls together, what keeps its pitch, what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import PromptError, WorkbenchError
from workbench.representations.mixup import (
    WIDTH,
    Beats,
    align,
    bam,
    group_by_tempo,
    mix,
    octave_near,
    sample_lambda,
    stretch,
    transpose,
)

RATE = 16000


def clicks(tempo, seconds=6.0, offset=0.0, hertz=1500.0):
    """A click track: bursts of 5 ms on every beat, and its beats in bars of four."""
    times = np.arange(offset, seconds - 0.05, 60 / tempo)
    sound = np.zeros((1, int(seconds * RATE)), dtype=np.float32)
    burst = np.sin(2 * np.pi * hertz * np.arange(80) / RATE) * np.hanning(80)
    for time in times:
        at = round(time * RATE)
        sound[0, at : at + 80] += 0.8 * burst
    return sound, Beats(times, times[::4])


def onsets(sound, gap=0.1):
    """Seconds of the energy's centre around each burst."""
    power = sound[0].astype(float) ** 2
    loud = np.flatnonzero(power > 0.05 * power.max())
    groups = np.split(loud, np.flatnonzero(np.diff(loud) > gap * RATE) + 1)
    return np.array([np.average(g, weights=power[g]) / RATE for g in groups])


@pytest.mark.parametrize(("one", "other"), [(100, 108), (120, 112), (90, 90), (70, 137)])
def test_clicks_of_two_tempi_fall_together(one, other):
    a, beats_a = clicks(one, offset=0.13)
    b, beats_b = clicks(other, offset=0.41, hertz=2500)
    left, right, beats = align(a, beats_a, b, beats_b, RATE)
    assert left.shape == right.shape
    heard, heard_b = onsets(left), onsets(right)
    expected = beats.times[: len(heard)] + 40 / RATE  # a burst's centre
    assert np.abs(heard[: len(expected)] - expected[: len(heard)]).max() < 0.02
    nearest = np.array([np.abs(heard_b - time).min() for time in heard[:-1]])
    if one == 70:  # an octave apart: every beat of the slow one meets one of the fast
        assert len(heard_b) > 1.8 * len(heard)
    assert nearest.max() < 0.02


def test_bam_stays_within_full_scale_and_knows_its_beats():
    a, beats_a = clicks(100)
    b, beats_b = clicks(104)
    mixed, beats = bam(a, beats_a, b, beats_b, RATE, 0.5)
    assert np.abs(mixed).max() <= 1
    assert beats.tempo == pytest.approx(np.sqrt(100 * 104), rel=1e-3)
    assert beats.downbeats[0] == 0


@pytest.mark.parametrize("factor", [0.8, 0.95, 1.0, 1.06, 1.5])
def test_stretching_keeps_the_pitch(factor):
    t = np.arange(2 * RATE) / RATE
    sound = (0.5 * np.sin(2 * np.pi * 440 * t))[None].astype(np.float32)
    out = stretch(sound, factor, RATE)
    assert out.shape == (1, round(2 * RATE / factor))
    middle = out[0, RATE // 4 : RATE // 4 + 16384]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(16384)))
    assert np.argmax(spectrum) * RATE / 16384 == pytest.approx(440, rel=0.005)
    assert np.abs(middle).max() == pytest.approx(0.5, rel=0.05)


@given(st.floats(30, 300), st.floats(60, 180))
def test_octaves_are_folded_to_the_nearest(tempo, reference):
    folded = octave_near(tempo, reference)
    assert abs(np.log2(folded / reference)) <= 0.5 + 1e-9
    assert np.log2(folded / tempo) == pytest.approx(round(np.log2(folded / tempo)))


@pytest.mark.parametrize("tempo", [0.0, -60.0, float("nan"), float("inf")])
def test_no_tempo_is_no_octave_of_any(tempo):
    with pytest.raises(PromptError, match="tempo"):
        octave_near(tempo, 100)
    assert group_by_tempo([tempo, 100]) == [[1]]


@given(st.lists(st.floats(25, 400), min_size=2, max_size=30))
def test_no_two_of_a_group_are_further_apart_than_twice_its_width(tempi):
    """Octaves aside: that is what keeps every stretch below 6 %."""
    groups = group_by_tempo(tempi)
    assert sorted(i for group in groups for i in group) == list(range(len(tempi)))
    for group in groups:
        for i in group:
            for j in group:
                apart = np.log2(octave_near(tempi[i], tempi[j]) / tempi[j])
                assert abs(apart) <= 2 * WIDTH + 1e-9


def test_groups_hold_like_tempi_and_octaves():
    tempi = [100, 103, 200, 51, 130, float("nan"), 131, 71.5, 140]
    groups = group_by_tempo(tempi)
    assert sorted(i for group in groups for i in group) == [0, 1, 2, 3, 4, 6, 7, 8]
    together = {frozenset(group) for group in groups}
    assert frozenset({0, 1, 2, 3}) in together  # 100, 103, twice 100, half of 102
    assert any({4, 6} <= group for group in together)
    assert any({7, 8} <= group for group in together)  # 71.5 and half of 140: the octave's ends
    assert group_by_tempo([]) == []


@pytest.mark.parametrize("lam", [0.2, 0.5, 1.0])
def test_variance_is_kept_for_independent_pieces(lam):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 1, 200_000))
    assert mix(a, b, lam).var() == pytest.approx(1, rel=0.03)
    plain = mix(torch.from_numpy(a), torch.from_numpy(b), lam, keep_variance=False)
    assert float(plain.var()) == pytest.approx(lam**2 + (1 - lam) ** 2, rel=0.03)
    assert np.array_equal(mix(a, b, 1.0), a)
    moved = mix(a + 3, b + 3, lam, mean=3.0)
    assert (moved.mean(), moved.var()) == pytest.approx((3, 1), rel=0.03)


def test_lambda_is_beta():
    from scipy.stats import beta, kstest

    assert kstest(sample_lambda(4000, 0), beta(5, 5).cdf).pvalue > 0.01
    assert np.array_equal(sample_lambda(5, 1), sample_lambda(5, 1))


def test_without_beats_it_is_refused_by_name():
    a, beats = clicks(100)
    none = Beats(np.empty(0), np.empty(0))
    assert np.isnan(none.tempo)
    with pytest.raises(WorkbenchError, match="beats_b"):
        align(a, beats, a, none, RATE)
    assert np.isnan(Beats.read({}).tempo)
    assert Beats.read({"beats": "0 0.5 1.0", "downbeats": "0"}).tempo == 120
    for factor in (0.4, 3):
        with pytest.raises(PromptError, match="factor"):
            stretch(a, factor, RATE)
    with pytest.raises(PromptError, match="lam"):
        mix(a, a, 1.5)
    assert stretch(a[:, :1], 0.9, RATE).shape == (1, 1)
    assert not stretch(0 * a, 0.9, RATE).any()


@pytest.mark.parametrize("values", [[0, np.nan, 1], [1, 1, 1], [2, 1], [[0, 1]], [0, np.inf]])
def test_beats_rise(values):
    with pytest.raises(PromptError, match=r"times: .*give seconds that rise"):
        Beats(np.array(values, dtype=float), np.empty(0))
    with pytest.raises(PromptError, match="downbeats: "):
        Beats(np.array([0.0, 1.0]), np.array(values, dtype=float))


@pytest.mark.parametrize("gain", [0.0, 5.0, 1e20])
def test_any_level_is_aligned_and_mixed(gain):
    a, beats_a = clicks(100)
    b, beats_b = clicks(104)
    left, right, _ = align(gain * a, beats_a, b, beats_b, RATE)
    alike, _, _ = align(a, beats_a, b, beats_b, RATE)
    assert np.abs(left).max() == pytest.approx(gain * np.abs(alike).max(), rel=1e-3)
    assert np.abs(right).max() == pytest.approx(0.8, rel=0.05)
    mixed, _ = bam(gain * a, beats_a, b, beats_b, RATE, 0.5)
    assert np.isfinite(mixed).all()
    assert np.abs(mixed).max() <= 1
    moved = np.abs(transpose(gain * a, 2, RATE)).max()
    assert moved == pytest.approx(gain * np.abs(transpose(a, 2, RATE)).max(), rel=0.05)


def test_what_ends_before_its_beats_is_refused_by_name():
    a, beats = clicks(100, offset=0.2)
    for short in (a[:, :1], a[:, :0], a[:, :3200]):
        with pytest.raises(WorkbenchError, match=r"b: ends before its first downbeat, at 0\.20 s"):
            align(a, beats, short, beats, RATE)
    left, right, _ = align(a, beats, a[:, :3201], beats, RATE)
    assert left.shape == right.shape == (1, 1)
    assert stretch(a[:, :0], 0.9, RATE).shape == (1, 0)
    assert transpose(a[:, :1], 3, RATE).shape == (1, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_by_name(bad):
    a, beats = clicks(100)
    b = a.copy()
    b[0, 7] = bad
    for use, name in (
        (lambda: align(a, beats, b, beats, RATE), "b holds NaN"),
        (lambda: bam(b, beats, a, beats, RATE, 0.5), "a holds NaN"),
        (lambda: stretch(b, 1.05, RATE), "samples holds NaN"),
        (lambda: transpose(b, 0, RATE), "samples holds NaN"),
        (lambda: mix(a, b, 0.5), "one of them holds NaN"),
        (lambda: mix(torch.from_numpy(a), torch.from_numpy(b), 1.0), "one of them holds NaN"),
    ):
        with pytest.raises(WorkbenchError, match=name):
            use()
    with pytest.raises(PromptError, match=r"shapes \(1, 96000\) and \(1, 1\)"):
        mix(a, a[:, :1], 0.5)
    with pytest.raises(WorkbenchError, match="samples has shape"):
        stretch(a[0], 1.05, RATE)


@pytest.mark.parametrize("semitones", [-5, -1, 0, 3, 6])
def test_transposing_keeps_the_length_and_moves_the_pitch(semitones):
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)[None].astype(np.float32)
    moved = transpose(tone, semitones, RATE)
    assert moved.shape == tone.shape
    middle = moved[0, RATE // 2 : RATE // 2 + RATE]
    peak = np.abs(np.fft.rfft(middle * np.hanning(len(middle)))).argmax()
    assert peak * RATE / len(middle) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.01)
