"""A drum chart: what a loop is asked to have, bar by bar and sixteenth by sixteenth.

A drummer's chart says "no snare, a fill in bar 8, kick on every beat". Here it is a set of numbers
that can be measured on any loop and written down from any request; NaN stands where nothing is
asked. The denoiser of DrumLDM receives it beside the text, so that a fact such as "no snare" does
not depend on a sentence embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from workbench.arguments import whole
from workbench.errors import PromptError
from workbench.music.fills import fill_bars
from workbench.music.kit import DRUMS
from workbench.music.likeness import jaccard
from workbench.music.timeline import meter_names

METERS = ((4, 4), (3, 4), (2, 4), (5, 4), (6, 8), (12, 8), (7, 8))
ALPHABET = "ABCDEF"  # letters of a form
LETTERS = len(ALPHABET)  # different bars of a form at most; further ones are unknown
ALIKE = 0.6  # bars whose hits overlap by this much share a letter
GHOST = 40 / 127  # a softer snare hit is a ghost note
BAR_FIELDS = ("density", "loudness", "fill", "likeness", "swing", "lay", "loose", "ghosts")
# Means and scales that bring the bar fields to a size of about 1 for a network.
_CENTRE = np.array([4.0, 0.55, 0.0, 0.5, 0.25, 0.0, 0.12, 0.3], dtype=np.float32)
_SCALE = np.array([2.0, 0.15, 1.0, 0.3, 0.3, 0.08, 0.06, 0.4], dtype=np.float32)
_SD = DRUMS.index("SD")
_BD = DRUMS.index("BD")
# Channels of `to_array`: bar fields and drums, each beside its switches, letters, hits beside their
# switches, and the place in the bar and in the loop.
ASKED_PARTS = (len(BAR_FIELDS),) * 2 + (len(DRUMS),) * 2 + (LETTERS,) + (4 * len(DRUMS),) * 2
ASKED_CHANNELS = sum(ASKED_PARTS)
FORM_CHANNELS = slice(sum(ASKED_PARTS[:4]), sum(ASKED_PARTS[:5]))
PLACE_CHANNELS = 4 + 4 + 2 + len(METERS) + 4 + 3
CHART_CHANNELS = ASKED_CHANNELS + PLACE_CHANNELS


def bar_steps(meter: tuple[int, int]) -> int:
    """Return the sixteenths of a bar: 16 in 4/4, 14 in 7/8, 24 in 12/8."""
    if tuple(meter) not in METERS:
        known = meter_names(METERS)
        raise PromptError(f"meter: must be one of {known}, got {meter[0]}/{meter[1]}")
    return 16 * meter[0] // meter[1]


def pulse_steps(meter: tuple[int, int]) -> tuple[int, ...]:
    """Return the sixteenths on which a bar's pulse falls: quarters, dotted quarters in 6/8 and
    12/8, and 2 + 2 + 3 eighths in 7/8."""
    if tuple(meter) == (7, 8):
        return (0, 4, 8)
    return tuple(range(0, bar_steps(meter), 6 if meter[1] == 8 else 4))


def count_names(meter: tuple[int, int]) -> tuple[str, ...]:
    """Return what is counted on each sixteenth of a bar: "1 e & a" for each quarter note; in 6/8,
    7/8 and 12/8 the eighths have the numbers, with "&" between them."""
    names = ("", "&") if meter[1] == 8 else ("", "e", "&", "a")
    return tuple(
        names[step % len(names)] or str(step // len(names) + 1) for step in range(bar_steps(meter))
    )


@dataclass(eq=False)
class DrumChart:
    """What is asked of each bar and each sixteenth; all arrays float32, NaN where nothing is asked.

    Args:
        meter: Metre of all bars, one of METERS.
        drums: (bars, 9) hits per quarter note of each drum, in the order of DRUMS; 0 = absent.
        density: (bars,) hits per quarter note of all drums together.
        loudness: (bars,) mean velocity, 0 to 1.
        fill: (bars,) 1 for a fill, 0 for none.
        likeness: (bars,) overlap of the bar's hits with those of the bar before, 0 to 1 (Jaccard);
            of bar 0 with the last one.
        swing: (bars,) share of the off-beat hits that stand on triplets, 0 to 1.
        lay: (bars,) mean offset of the snare minus that of the kick, in sixteenths; positive is
            laid back.
        loose: (bars,) standard deviation of the offsets, in sixteenths.
        ghosts: (bars,) soft snare hits per quarter note.
        letter: (bars,) form: bars of one letter are alike; 0 = A, 1 = B …
        hits: (steps, 9) 1 where a drum is struck in this sixteenth, 0 where it is not.
        stated: Whether the letters were asked for: bars of one letter then have the same hits.
        together: Range of the offsets of hits that are struck together, as a share of the standard
            deviation of all offsets; NaN for none. The network does not receive it.
    """

    meter: tuple[int, int]
    drums: np.ndarray
    density: np.ndarray
    loudness: np.ndarray
    fill: np.ndarray
    likeness: np.ndarray
    swing: np.ndarray
    lay: np.ndarray
    loose: np.ndarray
    ghosts: np.ndarray
    letter: np.ndarray
    hits: np.ndarray
    stated: bool = False
    together: float = float("nan")

    @classmethod
    def empty(cls, bars: int, meter: tuple[int, int] = (4, 4)) -> Self:
        """Return a chart of this length that asks for nothing."""
        bars = whole(bars, "bars", 1)
        steps = bars * bar_steps(meter)

        def unknown(*shape: int) -> np.ndarray:
            return np.full(shape, np.nan, dtype=np.float32)

        names = (*BAR_FIELDS, "letter")
        return cls(
            (int(meter[0]), int(meter[1])),
            unknown(bars, len(DRUMS)),
            hits=unknown(steps, len(DRUMS)),
            stated=False,
            together=float("nan"),
            **{name: unknown(bars) for name in names},
        )

    @classmethod
    def measure(cls, roll: np.ndarray, meter: tuple[int, int] = (4, 4), kind: str = "beat") -> Self:
        """Measure a loop.

        Args:
            roll: Drum roll (steps, 27) of whole bars: hits, velocity, offset, see `DrumRoll`. More
                channels, of second hits, are not counted.
            meter: Its metre.
            kind: "fill" for a loop that is one fill from beginning to end.

        Returns:
            A chart in which every field is known, but fields of a bar without any hit.
        """
        size, n = bar_steps(meter), len(DRUMS)
        bars = len(roll) // size
        chart = cls.empty(bars, meter)
        cells = roll[: bars * size, : 3 * n].reshape(bars, size, 3, n)
        hits, velocity, offset = (cells[:, :, i] for i in range(3))
        struck = hits > 0.5
        quarters = size / 4
        count = struck.sum((1, 2))
        some = np.maximum(count, 1)
        chart.hits = struck.reshape(bars * size, n).astype(np.float32)
        chart.drums = (struck.sum(1) / quarters).astype(np.float32)
        chart.density = (count / quarters).astype(np.float32)
        loudness = (velocity * struck).sum((1, 2)) / some
        chart.loudness = _where(count > 0, loudness)
        flat = struck.reshape(bars, -1)
        chart.likeness = jaccard(flat, np.roll(flat, 1, axis=0)).astype(np.float32)
        chart.swing = swing_of(struck, offset, meter)
        mean = (offset * struck).sum((1, 2)) / some
        square = (offset**2 * struck).sum((1, 2)) / some
        # on swung bars the offsets are the swing, not the player
        straight = np.nan_to_num(chart.swing) < 0.5
        chart.loose = _where((count > 3) & straight, np.sqrt(np.maximum(square - mean**2, 0)))
        by_drum = struck.sum(1)
        means = (offset * struck).sum(1) / np.maximum(by_drum, 1)
        both = (by_drum[:, _SD] > 0) & (by_drum[:, _BD] > 0) & straight
        chart.lay = _where(both, means[:, _SD] - means[:, _BD])
        soft = struck[:, :, _SD] & (velocity[:, :, _SD] < GHOST)
        chart.ghosts = (soft.sum(1) / quarters).astype(np.float32)
        chart.fill = fill_bars(struck, kind)
        chart.letter = _letters(struck)
        return chart

    @property
    def bars(self) -> int:
        """Number of bars."""
        return len(self.density)

    @property
    def steps(self) -> int:
        """Number of sixteenths."""
        return len(self.hits)

    @property
    def beats(self) -> int:
        """Number of quarter notes, rounded up: the number of latent vectors."""
        return -(-self.steps // 4)

    @property
    def one_fill(self) -> bool:
        """Whether every bar is asked to be a fill."""
        return bool((self.fill == 1).all())

    def with_(self, **changes: Any) -> Self:
        """Return a copy in which some fields are replaced; all arrays are copied."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        copied = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in values.items()}
        merged: dict[str, Any] = {**copied, **changes}
        return type(self)(**merged)

    def asking_nothing(self) -> Self:
        """Return a chart of the same length, metre and form that asks for nothing else."""
        return self.empty(self.bars, self.meter).with_(
            letter=self.letter.copy(), stated=self.stated
        )

    def asks(self) -> bool:
        """Return whether anything is asked."""
        arrays = [getattr(self, name) for name in ("drums", "hits", "letter", *BAR_FIELDS)]
        return any(np.isfinite(array).any() for array in arrays)

    def absent(self) -> np.ndarray:
        """Return the cells in which a hit is forbidden: bool (steps, 9)."""
        bar = np.arange(self.steps) // bar_steps(self.meter)
        return (self.drums[bar] == 0) | (self.hits == 0)

    def present(self) -> np.ndarray:
        """Return the cells in which a hit is asked: bool (steps, 9). A drum that is absent from a
        bar has none there."""
        return (self.hits == 1) & ~self.absent()

    def to_array(self) -> np.ndarray:
        """Return the input of a network: (beats, CHART_CHANNELS) float32.

        The first ASKED_CHANNELS say what is asked, each value beside a switch that is 1 where it is
        known; the others say where in its bar and in the loop a beat stands.
        """
        size, beats = bar_steps(self.meter), self.beats
        bar = np.minimum(4 * np.arange(beats) // size, self.bars - 1)
        scalars = np.stack([getattr(self, name) for name in BAR_FIELDS], axis=1)
        scalars = (scalars - _CENTRE) / _SCALE
        letters = self.letter[:, None] == np.arange(LETTERS)
        hits = np.full((4 * beats, len(DRUMS)), np.nan, dtype=np.float32)
        hits[: self.steps] = 2 * self.hits - 1
        parts = [
            *_switched(scalars[bar]),
            *_switched(np.log1p(self.drums[bar])),
            letters[bar],
            *_switched(hits.reshape(beats, -1)),
            self._place(bar, size),
        ]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def _place(self, bar: np.ndarray, size: int) -> np.ndarray:
        """Return the place of each beat in its bar and in the loop: (beats, PLACE_CHANNELS)."""
        beats = len(bar)
        step = np.arange(4 * beats)
        in_bar = (step % size).reshape(beats, 4)
        angle = 2 * np.pi * in_bar[:, :1] / size
        meter = np.array([self.meter == known for known in METERS], dtype=np.float32)
        left = self.bars - 1 - bar
        parts = [
            in_bar == 0,
            np.isin(in_bar, pulse_steps(self.meter)),
            np.cos(angle),
            np.sin(angle),
            np.broadcast_to(meter, (beats, len(METERS))),
            bar[:, None] % 4 == np.arange(4),
            np.stack([bar / 8, left / 8, left == 0], axis=1),
        ]
        return np.concatenate(parts, axis=1, dtype=np.float32)


def _switched(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values, 0 where they are unknown, and their switches."""
    return np.nan_to_num(values), np.isfinite(values)


def _where(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(known, values, np.nan).astype(np.float32)


def swing_of(struck: np.ndarray, offset: np.ndarray, meter: tuple[int, int]) -> np.ndarray:
    """Return the share of off-beat hits nearer to triplets than to sixteenths, per bar.

    Args:
        struck: (bars, steps, 9) which drums are hit, bool.
        offset: (bars, steps, 9) their offsets, in sixteenths.
        meter: The metre.
    """
    if meter[1] == 8 and meter[0] % 3 == 0:  # compound metres have their triplets as eighths
        return np.full(len(struck), np.nan, dtype=np.float32)
    size = struck.shape[1]
    place = (np.arange(size) % 4)[None, :, None] + offset  # in sixteenths of the beat
    off = struck & (np.arange(size) % 4 > 0)[None, :, None]
    distance = np.abs(place[..., None] - np.array([4 / 3, 8 / 3])).min(-1)
    grid = np.abs(place - np.rint(place))
    triplet = (off & (distance < grid)).sum((1, 2))
    count = off.sum((1, 2))
    return _where(count > 1, triplet / np.maximum(count, 1))


def _letters(struck: np.ndarray) -> np.ndarray:
    """Return the form: a bar takes the letter of the first bar that it is like, or a new one."""
    first: list[np.ndarray] = []
    letters = []
    for bar in struck.reshape(len(struck), -1):
        like = [float(jaccard(bar, other)) for other in first]
        if not like or max(like) < ALIKE:
            like.append(1.0)
            first.append(bar)
        letter = int(np.argmax(like))
        letters.append(letter if letter < LETTERS else np.nan)
    return np.array(letters, dtype=np.float32)
