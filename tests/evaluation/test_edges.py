"""When things go wrong: every metric has a defined answer to too few clips, one clip, silence (rows
that are all the same) and NaN. A number where there is one, else an error that says what to do."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation import symbolic
from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance, sim_aa
from workbench.evaluation.comparison import compare, kl_divergence, overlap_area
from workbench.evaluation.distances import frechet_distance, frechet_interval, kernel_distance
from workbench.evaluation.extrapolation import frechet_extrapolated
from workbench.evaluation.likelihood import bits_each, bits_interval
from workbench.evaluation.retrieval import retrieval
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.evaluation.summary import halves, measured
from workbench.evaluation.wasserstein import sliced_wasserstein
from workbench.music.clip import Clip


def measured_frechet(x, y):
    return measured(frechet_distance, x, real=None, baseline=y, reference=y).value


# metric of two sets of rows → the fewest rows it takes, its value on two equal silent sets
SETS = {
    frechet_distance: (2, 0.0),
    kernel_distance: (2, 0.0),
    frechet_extrapolated: (20, None),
    sliced_wasserstein: (2, 0.0),
    frechet_interval: (2, (0.0, 0.0)),
    measured_frechet: (2, 0.0),
    compare: (3, None),
    overlap_area: (2, 1.0),
    kl_divergence: (2, 0.0),
}
PAIRS = {  # metrics of rows that belong together: their value on equal rows
    relevance: 1.0,
    retrieval: None,
    paired_kl: 0.0,
    sim_aa: {"SIM_AA@90": 1.0, "SIM_AA@95": 1.0},
}


@pytest.mark.parametrize("metric", SETS)
def test_one_clip_is_refused_and_the_number_needed_said(metric):
    """Also where the other set is large enough."""
    one, many = np.ones((1, 2)), np.random.default_rng(0).normal(size=(30, 2))
    if metric in (overlap_area, kl_divergence):
        one, many = one[:, 0], many[:, 0]
    for x, y in ((one, many), (many, one)):
        if metric is measured_frechet and x is many:
            continue  # its reference's halves: below
        with pytest.raises(WorkbenchError, match=r"\b(20|2|two|3) (rows|or more)"):
            metric(x, y)


@pytest.mark.parametrize("metric", SETS)
def test_the_fewest_rows_have_an_answer(metric):
    least, _ = SETS[metric]
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, max(least, 4), 2))
    if metric in (overlap_area, kl_divergence):
        x, y = x[:, 0], y[:, 0]
    if metric is frechet_interval:
        assert np.isfinite(metric(x, y)).all()
        return
    found = metric(x[:least], y)
    assert np.isfinite(getattr(found, "overlap", getattr(found, "value", found)))


@pytest.mark.parametrize("metric", SETS)
def test_silence_is_measured(metric):
    """A generator that fell silent gives rows that are all the same."""
    silent, music = np.full((24, 2), 0.3), np.random.default_rng(0).normal(size=(24, 2))
    if metric in (overlap_area, kl_divergence):
        silent, music = silent[:, 0], music[:, 0]
    same, apart = metric(silent, silent), metric(silent, music)
    if SETS[metric][1] is not None:
        assert same == pytest.approx(SETS[metric][1], abs=1e-9)
    for found in (same, apart):
        value = getattr(found, "overlap", getattr(found, "value", found))
        assert np.isfinite(value).all()


@pytest.mark.parametrize("metric", [*SETS, *PAIRS])
def test_nan_is_refused_by_name_and_row(metric):
    """But of a feature that has no answer for a clip, where NaN says so: that clip is left out."""
    random = np.random.default_rng(0)
    x, y = (random.dirichlet(np.ones(3), size=24) for _ in range(2))
    x[5] = np.nan
    if metric is compare:
        assert compare(x, y).n == (23, 24)
        x[5] = np.inf
    if metric in (overlap_area, kl_divergence):
        x, y = x[:, 0], y[:, 0]
    with pytest.raises(WorkbenchError, match=r"row 5|finite numbers|infinity"):
        metric(x, y)


@pytest.mark.parametrize("metric", PAIRS)
def test_one_pair_is_enough_where_no_spread_is_asked_for(metric):
    one = np.array([[0.2, 0.8]])
    found = metric(one, one)
    if PAIRS[metric] is not None:
        assert found == (
            PAIRS[metric] if isinstance(PAIRS[metric], dict) else pytest.approx(PAIRS[metric])
        )
    with pytest.raises(WorkbenchError, match="too few rows: 0"):
        metric(np.zeros((0, 2)), np.zeros((0, 2)))


def test_scores_of_one_set():
    assert inception_score(np.full((2, 4), 0.25)) == pytest.approx(1)
    with pytest.raises(WorkbenchError, match="too few rows: 1; give 2 or more"):
        inception_score(np.full((1, 4), 0.25))
    with pytest.raises(WorkbenchError, match="probabilities holds NaN or infinity in row 1"):
        inception_score([[0.5, 0.5], [np.nan, 1]])
    with pytest.raises(WorkbenchError, match="real has too few rows: 3; two halves need 4"):
        halves(frechet_distance, np.ones((3, 2)))


def test_spectra():
    silent, sound = np.zeros(4096), np.sin(0.1 * np.arange(4096))
    quiet, loud = spectrogram(silent), spectrogram(sound)
    assert log_spectral_distance(quiet, quiet) == 0
    assert 0 < log_spectral_distance(quiet, loud)[0] <= 80  # nothing is below −80 dB
    with pytest.raises(WorkbenchError, match="with 1024 samples or more"):
        spectrogram(silent[:100])
    with pytest.raises(WorkbenchError, match="row 0 holds NaN"):
        spectrogram(silent * np.nan)


def test_likelihood():
    assert bits_each([0.0], [4]) == 0
    for nats, units in (([np.nan], [1]), ([1.0], [0]), ([np.inf], [1])):
        with pytest.raises(WorkbenchError):
            bits_each(nats, units)
    with pytest.raises(WorkbenchError, match="two rows"):
        bits_interval([1.0], [3])


def test_a_set_of_silent_scores_cannot_be_compared_in_pitch_but_in_density():
    silent = [Clip.from_notes([], drums=False, beats=8)] * 4
    sung = [Clip.from_notes([(i / 2, 1, 60 + i, 90)], drums=False, beats=8) for i in range(4)]
    quiet, heard = symbolic.measures(silent), symbolic.measures(sung)
    assert compare(heard["onset density"], quiet["onset density"]).overlap < 0.01
    with pytest.raises(WorkbenchError, match="made has 0 clips with an answer of 4"):
        compare(heard["pitch range"], quiet["pitch range"])
    one = symbolic.measures(sung[:1])
    with pytest.raises(WorkbenchError, match="made has 1 clips with an answer of 1"):
        compare(heard["pitch range"], one["pitch range"])
