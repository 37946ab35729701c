"""When things go wrong: every metric has a defined answer to too few clips, one clip, silence (rows
that are all the same) and NaN. A number where there is one, else an error that says what to do."""

import numpy as np
import pytest

from workbench.errors import WorkbenchError
from workbench.evaluation import (
    baselines,
    fillings,
    intervals,
    long_form,
    patterns,
    power,
    rhythm,
    spectra,
    symbolic,
    tonality,
)
from workbench.evaluation.agreement import alpha_interval
from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance, sim_aa
from workbench.evaluation.classifiers import separability
from workbench.evaluation.comparison import compare, kl_divergence, overlap_area
from workbench.evaluation.distances import (
    diversity,
    frechet_distance,
    frechet_interval,
    kernel_distance,
    kernel_interval,
    mauve,
)
from workbench.evaluation.drums import reconstruction
from workbench.evaluation.embedders import embed, from_sound
from workbench.evaluation.extrapolation import frechet_extrapolated
from workbench.evaluation.likelihood import bits_each, bits_interval
from workbench.evaluation.preference import bradley_terry
from workbench.evaluation.pulse import tempo_is
from workbench.evaluation.retrieval import WordModel, retrieval
from workbench.evaluation.roll_judge import RollJudge
from workbench.evaluation.scaling import power_law
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.evaluation.summary import halves, measured
from workbench.evaluation.tagger import train_tagger
from workbench.evaluation.timing import in_turn, timed
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
    kernel_interval: (2, (0.0, 0.0)),
    mauve: (2, 1.0),
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
    if metric in (frechet_interval, kernel_interval):
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
    with pytest.raises(WorkbenchError, match="generated has 0 clips with an answer of 4"):
        compare(heard["pitch range"], quiet["pitch range"])
    one = symbolic.measures(sung[:1])
    with pytest.raises(WorkbenchError, match="generated has 1 clips with an answer of 1"):
        compare(heard["pitch range"], one["pitch range"])


ROLLS, NOTES = np.zeros((2, 16, 27), np.float32), np.array([[0.0, 60, 0], [1.0, 64, 0]])
DRUMS = Clip.from_notes([(0.0, 0.5, 36, 100)], drums=True)
ODD = {
    "None": None,
    "a text": "loop.mid",
    "NaN": np.full((2, 3), np.nan),
    "a mapping": {"a": 1},
    "uneven rows": [[1.0], [1.0, 2.0]],
}
CALLS = {  # a public function with one odd argument, and that argument's name
    "density": (lambda odd: rhythm.density(odd), "rolls"),
    "hits_of": (lambda odd: rhythm.hits_of(odd), "rolls"),
    "onsets": (lambda odd: symbolic.onsets(odd), "notes"),
    "groove_consistency": (lambda odd: symbolic.groove_consistency(odd), "clip"),
    "train_tagger": (lambda odd: train_tagger(odd, ["rock"], 1.0), "audio"),
    "in_turn": (lambda odd: in_turn(lambda: None, lambda: None, odd), "times"),
    "centred": (lambda odd: intervals.centred(odd, [1.0, 2.0]), "value"),
    "syncopation": (lambda odd: rhythm.syncopation(odd), "onsets"),
    "swing_of": (lambda odd: rhythm.swing_of(odd), "place"),
    "position distance": (lambda odd: rhythm.position_distance(ROLLS, odd), "rolls"),
    "jensen_shannon": (lambda odd: rhythm.jensen_shannon([0.5, 0.5], odd), "q"),
    "pitch_classes": (lambda odd: fillings.pitch_classes(odd), "notes"),
    "same_key": (lambda odd: fillings.same_key(NOTES, odd), "around"),
    "melodic_step": (lambda odd: fillings.melodic_step(NOTES, odd, 1.0), "after"),
    "copy_rate": (lambda odd: fillings.copy_rate(odd, NOTES), "inside"),
    "density_distance": (
        lambda odd: fillings.density_distance(NOTES, NOTES, 1, odd),
        "bars_around",
    ),
    "binarise": (lambda odd: patterns.binarise(odd), "velocity"),
    "hamming": (lambda odd: patterns.hamming(np.zeros((2, 3)), odd), "b"),
    "euclidean": (lambda odd: patterns.euclidean(odd, np.zeros((2, 3))), "a"),
    "nearest": (lambda odd: patterns.nearest(odd, np.zeros((2, 3))), "a"),
    "smallest": (lambda odd: patterns.smallest(odd), "distances"),
    "bucket_pairs": (lambda odd: patterns.bucket_pairs([1, 2], odd), "groups"),
    "power_of": (lambda odd: power.power_of(0.5, odd, 10), "sd"),
    "raters_needed": (lambda odd: power.raters_needed(0.5, 1.0, power=odd), "power"),
    "simulate": (lambda odd: power.simulate_ratings([3.0], 2, 2, odd), "how"),
    "bradley_terry": (lambda odd: bradley_terry(odd), "wins"),
    "tempo_is": (lambda odd: tempo_is([100.0], [100.0], odd), "tolerance"),
    "power law": (lambda odd: power_law([1, 2, 3, 4], odd), "losses|sizes and losses"),
    "note_values": (lambda odd: symbolic.note_values(odd), "lengths"),
    "chroma's scale": (lambda odd: tonality.scales(odd), "chroma"),
    "roughness": (lambda odd: tonality.roughness(np.ones((1, 9000)), 8000, odd), "partials"),
    "blurred": (lambda odd: spectra.blurred(odd), "power"),
    "decimated": (lambda odd: spectra.decimated(odd), "power"),
    "log_spectral_distance": (
        lambda odd: log_spectral_distance(np.ones((1, 2, 3)), odd),
        "generated|give equal",
    ),
    "level": (lambda odd: long_form.level(np.ones((1, 9)), odd), "length"),
    "change": (lambda odd: long_form.change(np.ones((1, 2000)), odd), "places"),
    "seams": (lambda odd: long_form.seams(odd, 100), "sounds"),
    "flat_touch": (lambda odd: baselines.flat_touch(odd), "rolls"),
    "independent_cells": (lambda odd: baselines.independent_cells(ROLLS, odd), "n"),
    "reconstruction": (lambda odd: reconstruction(ROLLS, odd), "reconstructed"),
    "share_interval": (lambda odd: intervals.share_interval(odd, 10), "hits"),
    "mean_interval": (lambda odd: intervals.mean_interval(odd), "values"),
    "kernel": (lambda odd: kernel_distance(np.eye(3), np.eye(3), odd), "kernel"),
    "diversity": (lambda odd: diversity(np.eye(3), odd), "groups"),
    "measured": (lambda odd: measured(odd, np.eye(3), real=None, baseline=np.eye(3)), "measure"),
    "halves": (lambda odd: halves(odd, np.eye(4)), "measure"),
    "embed": (lambda odd: embed([DRUMS], odd), "embedder"),
    "from_sound": (lambda odd: from_sound(lambda sound: sound, odd), "rate"),
    "a judge": (lambda odd: RollJudge(steps=1).fit(odd, [0, 1]), "x"),
    "a judge's labels": (lambda odd: RollJudge(steps=1).fit(np.zeros((2, 432)), odd), "y"),
    "separability": (lambda odd: separability(np.eye(4), np.eye(4), [1, 2, 3, 4], odd), "groups_b"),
    "alpha's level": (lambda odd: alpha_interval(np.eye(3), odd), "level"),
    "timed": (lambda odd: timed(lambda: None, odd), "times"),
    "words": (lambda odd: WordModel(["a", "b"], odd), "features"),
}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("call", CALLS)
def test_odd_types_are_refused_with_the_argument_s_name(call, odd):
    """Not by an error of NumPy or PyTorch, and not by a number that means nothing."""
    metric, name = CALLS[call]
    with pytest.raises(WorkbenchError, match=rf"^({name})\b"):
        metric(ODD[odd])
