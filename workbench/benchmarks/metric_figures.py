"""Every metric with its interval, the floor of real music and a baseline, on built-in songs.

Notes: songs whose notes were moved, beside other songs of the grammar and notes at random. Sound:
songs under noise, beside other songs and noise alone, embedded by MusicLDM's text–audio encoder.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from workbench.benchmarks.metric_checks import MetricsRun
from workbench.datasets import builtin_songs
from workbench.evaluation import spectra, symbolic
from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance, sim_aa
from workbench.evaluation.comparison import compare
from workbench.evaluation.distances import frechet_distance, kernel_distance
from workbench.evaluation.embedders import embed, from_sound
from workbench.evaluation.extrapolation import frechet_extrapolated
from workbench.evaluation.summary import mean_of_known, measured
from workbench.evaluation.wasserstein import sliced_wasserstein
from workbench.music.clip import Clip
from workbench.systems.musicldm import MusicLDM

RATE, SECONDS = 16_000, 4.0  # Hz, of each excerpt
NOISE = 0.02  # standard deviation; the songs' peaks are about 0.5
COLUMNS = ["", "value", "95 %", "floor: real", "baseline"]
FREE = (-np.inf, np.inf)
AXES = 8  # principal ones, for the extrapolation: 128 dimensions would need 384 clips or more


def notes(run: MetricsRun) -> None:
    """The measures of notes, and how far their distances overlap with those of real songs."""
    n = 12 if run.quick else 60
    reference, real, whole = (builtin_songs.sample(n, run.seed + s) for s in (100, 200, 300))
    random = np.random.default_rng(run.seed)
    sets = [
        [moved(clip, random) for clip in whole],
        real,
        [scattered(clip, random) for clip in whole],
        reference,
    ]
    values, shapes = (
        [of(clips) for clips in sets] for of in (symbolic.measures, symbolic.histograms)
    )
    table = []
    for name in symbolic.MEASURES:
        made, held, trivial, _ = (found[name] for found in values)
        if not np.isnan(held).all():
            table.append(_row(name, mean_of_known, made, held, trivial, None, run))

    def overlap(rows: np.ndarray, known: np.ndarray) -> float:
        return compare(known, rows).overlap

    for name, found in [(k, values) for k in symbolic.MEASURES] + [
        (k, shapes) for k in symbolic.HISTOGRAMS
    ]:
        made, held, trivial, known = (table_of[name] for table_of in found)
        if min(np.isfinite(x).sum() for x in (made, held, trivial, known)) >= n // 2:
            table.append(_row(f"overlap: {name}", overlap, made, held, trivial, known, run))
    run.report.table(
        "notes",
        f"Measures of notes: {n} built-in songs whose notes were moved",
        COLUMNS,
        table,
        [
            "Moved by −2 to 2 semitones and by as much as a quarter of a beat. Floor: as "
            "many other "
            "songs; baseline: as many notes at random. Overlap: of the distances to "
            "reference songs "
            "with the distances within them, 1 where a clip is as near as another real one."
        ],
    )


def moved(clip: Clip, random: np.random.Generator) -> Clip:
    """Notes shifted a little in pitch and time, each by itself."""
    rows = clip.notes.copy()
    rows["pitch"] = np.where(
        rows["is_drum"], rows["pitch"], rows["pitch"] + random.integers(-2, 3, len(rows))
    )
    rows["time"] = np.abs(rows["time"] + random.uniform(-0.25, 0.25, len(rows)))
    return Clip.from_notes(rows, tempo=clip.tempo, beats=clip.beats, caption=clip.caption)


def scattered(clip: Clip, random: np.random.Generator) -> Clip:
    """As many notes at any time and pitch."""
    rows = clip.notes.copy()
    rows["pitch"] = np.where(rows["is_drum"], rows["pitch"], random.integers(36, 84, len(rows)))
    rows["time"] = random.uniform(0, clip.beats, len(rows))
    rows["duration"] = random.uniform(0.1, 2, len(rows))
    return Clip.from_notes(rows, tempo=clip.tempo, beats=clip.beats, caption=clip.caption)


@dataclass
class Heard:
    """Excerpts of songs, what their embeddings and styles."""

    songs: list[Clip]
    start: float = 0.0  # seconds into the song
    noise: float = 0.0
    only: bool = False  # nothing but noise

    @cached_property
    def clips(self) -> list[Clip]:
        random, found = np.random.default_rng(len(self.songs)), []
        first, length = round(self.start * RATE), round(SECONDS * RATE)
        for song in self.songs:
            sound = song.waveform(RATE, loop=False).mean(0)[first : first + length]
            sound = np.pad(sound, (0, length - len(sound))) * (not self.only)
            sound = sound + self.noise * random.normal(size=length)
            found.append(Clip(audio=sound, sample_rate=RATE, caption=song.caption))
        return found

    @cached_property
    def powers(self) -> np.ndarray:
        sounds = [cast(np.ndarray, clip.audio)[0] for clip in self.clips]
        return spectra.spectrogram(np.stack(sounds))


def sound(run: MetricsRun) -> None:
    """The measures of sound."""
    n = 24 if run.quick else 96
    system = MusicLDM.from_pretrained("music-ldm")
    hear = from_sound(system.embedder.embed_sound, RATE)
    reference, real, whole = (builtin_songs.sample(n, run.seed + s) for s in (400, 500, 600))
    sets = {
        "reference": Heard(reference),
        "real": Heard(real),
        "made": Heard(whole, noise=NOISE),
        "clean": Heard(whole),
        "later": Heard(whole, start=SECONDS),
        "noise": Heard(whole, noise=0.1, only=True),
    }
    x = {name: embed(found.clips, hear) for name, found in sets.items()}
    p = _styles(x, [song.labels["style"] for song in reference])
    axes = np.linalg.svd(x["reference"] - x["reference"].mean(0))[2][:AXES].T
    few = {name: rows @ axes for name, rows in x.items()}
    text = system.embedder.embed_text([song.caption for song in whole]).numpy()
    order = np.random.default_rng(run.seed).permutation(n)

    def infinite(a: np.ndarray, b: np.ndarray) -> float:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # --quick has few rows
            return frechet_extrapolated(a, b, times=4).value

    def copies(rows: np.ndarray) -> float:
        return sim_aa(rows, x["reference"])["SIM_AA@95"]

    def louder(a: np.ndarray, b: np.ndarray) -> float:
        return float(spectra.log_spectral_distance(a, b).mean())

    def against(name: str, measure: Callable[..., float], rows: dict[str, np.ndarray]) -> list[Any]:
        return _row(
            name, measure, rows["made"], rows["real"], rows["noise"], rows["reference"], run
        )

    def alone(
        name: str, measure: Callable[..., float], made: Any, real: Any, baseline: Any
    ) -> list[Any]:
        return _row(name, measure, made, real, baseline, None, run)

    clean = sets["clean"].powers
    run.report.table(
        "sound",
        f"Measures of sound: {n} excerpts of {SECONDS:g} s of built-in songs under noise",
        COLUMNS,
        [
            against("Fréchet distance", frechet_distance, x),
            against(f"Fréchet distance, {AXES} principal axes", frechet_distance, few),
            against(f"Fréchet distance, {AXES} principal axes, N → ∞", infinite, few),
            against("kernel distance, × 1,000", lambda a, b: 1000 * kernel_distance(a, b), x),
            against("sliced Wasserstein distance", sliced_wasserstein, x),
            alone("SIM_AA@95", copies, x["made"], x["real"], x["noise"]),
            alone("inception score", inception_score, p["made"], p["real"], p["noise"]),
            alone(
                "paired KL",
                paired_kl,
                (p["clean"], p["made"]),
                (p["clean"], p["later"]),
                (p["clean"], p["made"][order]),
            ),
            alone(
                "text–audio relevance",
                relevance,
                (text, x["made"]),
                (text, x["clean"]),
                (text[order], x["made"]),
            ),
            alone(
                "log-spectral distance, dB",
                louder,
                (clean, sets["made"].powers),
                (clean, sets["later"].powers),
                (clean, spectra.decimated(clean)),
            ),
        ],
        [
            f"Embedding: the text–audio encoder of music-ldm, 128 dimensions; N {n} on all sides. "
            f"Floor: "
            "other songs; of paired KL and log-spectral distance the next excerpt of the same "
            "song, of relevance the same song without noise. Baseline: noise alone; of "
            "paired KL and "
            "relevance the pairs shuffled; of the log-spectral distance the spectrogram at a "
            "quarter "
            "of its points. Styles by logistic regression on the reference's embeddings."
        ],
        ids={
            "frechet": "Fréchet distance",
            "kernel": "kernel distance, × 1,000",
            "kl": "paired KL",
        },
    )


def _styles(x: dict[str, np.ndarray], known: list[str]) -> dict[str, np.ndarray]:
    """Class probabilities of each set, by a classifier of the reference's embeddings."""
    from sklearn.linear_model import LogisticRegression

    judge = LogisticRegression(max_iter=2000).fit(10 * x["reference"], known)
    return {name: judge.predict_proba(10 * rows) for name, rows in x.items()}


def _row(
    name: str,
    measure: Callable[..., float],
    made: Any,
    real: Any,
    baseline: Any,
    reference: Any,
    run: MetricsRun,
) -> list[Any]:
    """A line of the table."""
    found = measured(
        measure,
        made,
        real=real,
        baseline=baseline,
        reference=reference,
        seed=run.seed,
        times=8 if run.quick else 50,
        bounds=(0, 1) if name.startswith("overlap") else FREE,
    )
    return [name, found.value, found.interval, found.floor, found.baseline]
