"""Metrics of notes: pitch, time, texture. Each takes one clip with a score.

The definitions are those of MusPy (Dong et al. 2020, arXiv 2008.01951), mgeval (Yang and Lerch
2020, "On the evaluation of generative models in music") and the papers named below, with two
corrections: a piece ends at its length in bars (`Clip.bars`), so a note that ends on a bar line
adds no empty bar; and a note that ends where a bar begins does not sound in that bar.

NaN means no answer: the pitch of no notes, the groove of one bar. Metrics of rhythm on drum rolls:
`workbench.evaluation.rhythm`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import shown, whole
from workbench.errors import WorkbenchError
from workbench.evaluation import rhythm
from workbench.evaluation.checks import array
from workbench.music.clip import clip_of, clips_of
from workbench.music.keys import in_scales
from workbench.music.kit import READ_MAP
from workbench.music.notes import without_drums

if TYPE_CHECKING:
    from workbench.music.clip import Clip

STEPS = 4  # per quarter note: the grid of groove, syncopation and microtiming
SAME = 1 / 32  # quarter notes: nearer onsets count as one, such as those of a played chord
NAMES = (
    "16th",
    "8th triplet",
    "dotted 16th",
    "8th",
    "quarter triplet",
    "dotted 8th",
    "quarter",
    "half triplet",
    "dotted quarter",
    "half",
    "dotted half",
    "whole",
)
LENGTHS = np.array([1 / 4, 1 / 3, 3 / 8, 1 / 2, 2 / 3, 3 / 4, 1, 4 / 3, 3 / 2, 2, 3, 4])


def tuned(clip: Clip) -> np.ndarray:
    """The notes that are not drums, an array with a row per note. WorkbenchError for a waveform."""
    return without_drums(_notes(clip))


# --- pitch --------------------------------------------------------------------------------------


def pitch_histogram(clip: Clip) -> np.ndarray:
    """Share of each MIDI pitch among the tuned notes: (128,), sum 1; NaN without any."""
    return _shares(np.bincount(tuned(clip)["pitch"], minlength=128))


def pitch_class_histogram(clip: Clip) -> np.ndarray:
    """Share of each pitch class among the tuned notes: (12,), C first, sum 1; NaN without any."""
    return _shares(np.bincount(tuned(clip)["pitch"] % 12, minlength=12))


def pitch_range(clip: Clip) -> float:
    """Highest minus lowest pitch of the tuned notes in semitones, 0 to 127; NaN without any."""
    pitch = tuned(clip)["pitch"].astype(int)
    return float(pitch.max() - pitch.min()) if len(pitch) else float("nan")


def pitches_used(clip: Clip) -> float:
    """Number of different pitches of the tuned notes, 0 to 128."""
    return float(len(np.unique(tuned(clip)["pitch"])))


def pitch_class_entropy(clip: Clip) -> float:
    """Entropy of the pitch-class histogram, −Σ p log₂ p, in bits.

    Returns:
        From 0 (one class) to log₂ 12 = 3.58 (all equally frequent); NaN without tuned notes.

    Source:
        Wu and Yang 2020, arXiv 2008.01307.
    """
    share = pitch_class_histogram(clip)
    some = share[share > 0]
    return float(-(some * np.log2(some)).sum()) if len(some) else float("nan")


def scale_consistency(clip: Clip) -> float:
    """Largest share of the tuned notes that lie in one major or natural minor scale.

    Returns:
        From 7/12 (a chromatic scale) to 1 (one key); NaN without tuned notes.

    Source:
        Mogren 2016, arXiv 1611.09904.
    """
    return float(in_scales(pitch_class_histogram(clip)).max())


# --- time ---------------------------------------------------------------------------------------


def onsets(notes: np.ndarray) -> np.ndarray:
    """Onset times in quarter notes, each once: (k,). Onsets up to 1/32 after the one before
    count as one onset, at the time of the first."""
    if "time" not in (getattr(getattr(notes, "dtype", None), "names", None) or ()):
        raise WorkbenchError(f"notes={shown(notes)}: give an array of notes, such as Clip.notes")
    times = np.sort(notes["time"])
    return times[np.diff(times, prepend=-np.inf) > SAME]


def onset_density(clip: Clip) -> float:
    """Onsets per quarter note over the clip's length, 0 or more; 0 for silence."""
    return len(onsets(_notes(clip))) / clip.beats


def inter_onset_intervals(clip: Clip) -> np.ndarray:
    """Time from each onset to the next in quarter notes: (k − 1,)."""
    return np.diff(onsets(_notes(clip)))


def inter_onset_histogram(clip: Clip) -> np.ndarray:
    """Share of the twelve note values `NAMES` among the inter-onset intervals: (12,), sum 1."""
    return note_values(inter_onset_intervals(clip))


def duration_histogram(clip: Clip) -> np.ndarray:
    """Share of the twelve note values `NAMES` among the tuned notes' durations: (12,), sum 1."""
    return note_values(tuned(clip)["duration"])


def note_values(lengths: ArrayLike) -> np.ndarray:
    """Share of the nearest of mgeval's twelve note values.

    Args:
        lengths: Durations in quarter notes, (n,).

    Returns:
        (12,) in the order of `NAMES`, sum 1; NaN without lengths. A length halfway between two
        values counts as the shorter.

    Source:
        Yang and Lerch 2020.
    """
    lengths = array(lengths, "lengths", "(n,)").astype(np.float64)
    nearest = np.abs(lengths[:, None] - LENGTHS).argmin(1)
    return _shares(np.bincount(nearest, minlength=len(LENGTHS)))


def groove_consistency(clip: Clip) -> float:
    """1 − the share of sixteenths on which neighbouring bars differ in whether a note begins.
    Neighbours of different length are ignored.

    Returns:
        From 0 to 1 (the same rhythm in all bars); NaN without a pair of bars.

    Source:
        Wu and Yang 2020, arXiv 2008.01307 (grooving pattern similarity).
    """
    lines = np.round(clip_of(clip).bar_lines * STEPS).astype(int)
    struck = np.zeros(lines[-1], bool)
    struck[_steps(_notes(clip)["time"], len(struck))] = True
    pairs = [
        (struck[a:b], struck[b:c])
        for a, b, c in zip(lines, lines[1:], lines[2:], strict=False)
        if b - a == c - b
    ]
    return 1 - float(np.mean([a != b for a, b in pairs])) if pairs else float("nan")


def syncopation(clip: Clip) -> float:
    """`rhythm.syncopation` per bar of the onsets on sixteenths; of drums, only bass drum and
    accented snare count.

    Returns:
        0 or more; NaN in other meters than 4/4 and without such notes.

    Source:
        Longuet-Higgins and Lee 1984.
    """
    notes = _notes(clip)
    if clip.is_drums:
        lane = np.array([READ_MAP.get(int(pitch), -1) for pitch in notes["pitch"]])
        loud = notes["velocity"] >= 127 * rhythm.ACCENT
        notes = notes[(lane == 0) | ((lane == 1) & loud)]
    lengths = np.diff(clip.bar_lines)
    if len(notes) == 0 or tuple(clip.meter) != (4, 4) or not np.allclose(lengths, 4):
        return float("nan")
    struck = np.zeros(len(lengths) * rhythm.BAR, bool)
    struck[_steps(notes["time"], len(struck))] = True
    return float(rhythm.syncopation(struck)[0])


def swing_ratio(clip: Clip) -> float:
    """`rhythm.swing_of` all notes: 1 for even eighths, 2 for triplet swing; NaN without
    off-beats."""
    return rhythm.swing_of(_notes(clip)["time"] % 1)


def microtiming(clip: Clip) -> tuple[float, float]:
    """Mean and standard deviation of the notes' offsets from the nearest sixteenth, in sixteenths.

    Returns:
        (mean, standard deviation); a mean below 0 is ahead of the beat. Triplets count as early or
        late by a third. NaN without notes.
    """
    place = _notes(clip)["time"] * STEPS
    if len(place) == 0:
        return float("nan"), float("nan")
    late = place - np.round(place)
    return float(late.mean()), float(late.std())


# --- touch and melody -------------------------------------------------------------------------


def velocity_spread(clip: Clip) -> float:
    """Standard deviation of the notes' MIDI velocities, 0 to 63.5; NaN without notes."""
    velocity = _notes(clip)["velocity"]
    return float(velocity.std()) if len(velocity) else float("nan")


def mean_length(clip: Clip) -> float:
    """Mean duration of the tuned notes in quarter notes; NaN without any."""
    length = tuned(clip)["duration"]
    return float(length.mean()) if len(length) else float("nan")


def leap(clip: Clip) -> float:
    """Mean absolute interval in semitones between the highest notes of neighbouring onsets.

    Returns:
        0 to 2 for a stepwise melody; NaN for fewer than two onsets.
    """
    notes = tuned(clip)
    at = np.searchsorted(onsets(notes), notes["time"], "right") - 1
    if not len(notes) or at.max() < 1:
        return float("nan")
    top = np.zeros(at.max() + 1, int)
    np.maximum.at(top, at, notes["pitch"])
    return float(np.abs(np.diff(top)).mean())


# --- texture ------------------------------------------------------------------------------------


def clash_rate(clip: Clip) -> float:
    """Share of simultaneous pairs of pitches that are a semitone apart, weighted by duration: 0
    to 1; 0 if no two pitches sound together."""
    roll, width = _sounding(clip)
    count = roll.sum(1)
    pairs = (count * (count - 1) / 2 * width).sum()
    clashes = ((roll[:, 1:] & roll[:, :-1]).sum(1) * width).sum()
    return float(clashes / pairs) if pairs else 0.0


def polyphony(clip: Clip) -> float:
    """Mean number of sounding pitches over the time in which at least one sounds: 1 or more; NaN
    without tuned notes.

    Source:
        Dong et al. 2020 (MusPy), arXiv 2008.01951.
    """
    roll, width = _sounding(clip)
    count = roll.sum(1)
    some = width[count > 0].sum()
    return float((count * width).sum() / some) if some else float("nan")


def polyphony_rate(clip: Clip, voices: int = 2) -> float:
    """Share of the clip's length in which at least `voices` pitches sound: 0 to 1; 0 for silence.
    (MusPy's `threshold` is one less, because it counts more than that number.)

    Source:
        Dong et al. 2020 (MusPy), arXiv 2008.01951.
    """
    roll, width = _sounding(clip)
    voices = whole(voices, "voices", 1)
    return float(width[roll.sum(1) >= voices].sum() / clip.beats)


def empty_bar_rate(clip: Clip) -> float:
    """Share of bars in which nothing sounds, drums included: 0 to 1; 1 for silence.

    Source:
        Dong et al. 2018 (MuseGAN), arXiv 1709.06298.
    """
    notes, lines = _notes(clip), clip.bar_lines
    first = np.searchsorted(lines, notes["time"], "right") - 1
    last = np.searchsorted(lines, notes["time"] + notes["duration"], "left") - 1
    sounds = np.zeros(len(lines) - 1, bool)
    for a, b in zip(first, np.maximum(first, last), strict=True):
        sounds[a : b + 1] = True
    return float(1 - sounds.mean())


# --- tables -------------------------------------------------------------------------------------

MEASURES: dict[str, Callable[[Clip], float]] = {
    "pitches used": pitches_used,
    "pitch range": pitch_range,
    "pitch class entropy": pitch_class_entropy,
    "scale consistency": scale_consistency,
    "onset density": onset_density,
    "groove consistency": groove_consistency,
    "syncopation": syncopation,
    "swing ratio": swing_ratio,
    "microtiming": lambda clip: microtiming(clip)[0],
    "microtiming spread": lambda clip: microtiming(clip)[1],
    "velocity spread": velocity_spread,
    "mean length": mean_length,
    "leap": leap,
    "clash rate": clash_rate,
    "polyphony": polyphony,
    "polyphony rate": polyphony_rate,
    "empty bar rate": empty_bar_rate,
}
HISTOGRAMS: dict[str, Callable[[Clip], np.ndarray]] = {
    "pitch": pitch_histogram,
    "pitch class": pitch_class_histogram,
    "inter-onset interval": inter_onset_histogram,
    "duration": duration_histogram,
}


def measures(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """All metrics in `MEASURES` of n clips: name → (n,), NaN where there is no answer."""
    clips = clips_of(clips, least=1)
    return {name: np.array([of(clip) for clip in clips]) for name, of in MEASURES.items()}


def histograms(clips: Sequence[Clip]) -> dict[str, np.ndarray]:
    """All histograms in `HISTOGRAMS` of n clips: name → (n, bins), rows of NaN without an
    answer."""
    clips = clips_of(clips, least=1)
    return {name: np.stack([of(clip) for clip in clips]) for name, of in HISTOGRAMS.items()}


def _notes(clip: Clip) -> np.ndarray:
    """The notes that begin within the clip's length."""
    clip = clip_of(clip)
    if not clip.has_score:
        raise WorkbenchError(
            f"{clip.source or clip.caption or 'the clip'}: holds a waveform and no notes; measure "
            "its sound, or give a clip with a score"
        )
    return clip.notes[clip.notes["time"] < clip.beats]


def _steps(times: np.ndarray, n: int) -> np.ndarray:
    """The nearest sixteenth of each time; the last half step belongs to the first sixteenth of the
    next repetition, as in a drum roll."""
    return np.floor(times * STEPS + 0.5).astype(int) % n


def _shares(counts: np.ndarray) -> np.ndarray:
    total = counts.sum()
    return counts / total if total else np.full(len(counts), np.nan)


def _sounding(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
    """The clip divided where a tuned note begins or ends: which pitches sound in each part
    (parts, 128), and its length in quarter notes (parts,)."""
    notes = tuned(clip)
    start = notes["time"]
    end = np.minimum(start + notes["duration"], clip.beats)
    edges = np.unique(np.concatenate([start, end, [0.0, clip.beats]]))
    roll = np.zeros((len(edges) - 1, 128), bool)
    for a, b, pitch in zip(
        np.searchsorted(edges, start), np.searchsorted(edges, end), notes["pitch"], strict=True
    ):
        roll[a:b, pitch] = True
    return roll, np.diff(edges)
