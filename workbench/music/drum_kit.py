"""Drums from a SoundFont of recorded kits: velocity layers, no two equal hits in a row, a room.

`find_kit()` looks where systems and `data_scripts/drum_kits.py` put SoundFonts. `KitSynth` plays
drums on such a kit and everything else on another SoundFont.
"""

import itertools
import math
import os
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import BrokenFileError
from workbench.files import cache_dir
from workbench.music.audio import resample
from workbench.music.bus import compressed, in_room, mastered
from workbench.music.mixing import fade_out, mix, retuned, trim
from workbench.music.placing import drum_hits
from workbench.music.soundfont import DRUM_BANK, LAYERS, SHOT_SECONDS, SoundFontSynth

NATIVE_RATE = 44100  # Hz at which kits are recorded; played at it, a sample is not interpolated
LOWEST_RATE = 4000  # Hz; below, sound is not for listening, and long filters would only cost time
PROBES = range(4, 128, 8)  # velocities at which the samples of a kit are compared
PROBE_SECONDS = 0.1
SAME = 0.999  # correlation from which two probes are the same sample
LEAD_SECONDS = 0.0004  # sound before an onset that is kept, faded in
ONSET = 0.1  # of the peak of the first ATTACK_SECONDS: where a hit begins
ATTACK_SECONDS = 0.05
LEVEL_SECONDS = 0.3  # in which the level of a sample is measured
CENTS = 7  # by which the second copy of a sample is tuned differently
MIN_FIT, SLOPES = 3, (1.0, 1.6)  # samples to fit a drum's level to; dB per dB of velocity

# AVL Drumkits' keys (and semitones) for the pitches of General MIDI and of the TD-11. The kits have
# one rack tom: tuned higher, it is the high tom, too. What they lack the other SoundFont plays.
_AVL: dict[int, tuple[int, int]] = {
    **{pitch: (pitch, 0) for pitch in (36, 37, 38, 39, 40, 41, 42, 44, 45, 46, 47, 49, 51, 53)},
    **{pitch: (pitch, 0) for pitch in (54, 55, 56, 57, 59)},
    22: (42, 0),
    26: (46, 0),
    35: (36, 0),
    43: (41, 3),
    48: (45, 4),
    50: (47, 4),
    52: (60, 0),
    58: (43, 0),
    69: (61, 0),
    70: (61, 0),
}


@dataclass(frozen=True)
class Kit:
    """A known SoundFont of drums.

    file: its file name; title: what is shown; bank: the bank of the kit; keys: the key (and
    semitones) for each pitch, None for General MIDI's own; gain: brings it to the bundled
    SoundFont's level.
    """

    file: str
    title: str
    bank: int = DRUM_BANK
    keys: Mapping[int, tuple[int, int]] | None = field(default=None, repr=False)
    gain: float = 1.0


KITS = (  # the best first, by layers, bandwidth and exactness of onsets
    Kit("Black_Pearl_4_LV2.sf2", "Black Pearl (AVL Drumkits)", 0, _AVL),
    Kit("Red_Zeppelin_4_LV2.sf2", "Red Zeppelin (AVL Drumkits)", 0, _AVL),
    Kit("FluidR3_GM.sf2", "FluidR3 GM", gain=1.45),
)


def kit_folders() -> list[Path]:
    """Return the folders in which kits are looked for, in this order."""
    folders = [cache_dir() / "soundfonts", Path.home() / ".local/share/sounds/sf2"]
    if sys.platform != "win32":
        roots = [Path("/usr/local/share"), Path("/usr/share"), Path("/opt/homebrew/share")]
        folders += [
            root / name for root in roots for name in ("sounds/sf2", "soundfonts", "sounds/sf3")
        ]
    return folders


def find_kit() -> Path | None:
    """Return the best known kit of the first folder that has any, or None."""
    places = itertools.product(kit_folders(), KITS)
    return next((path for top, kit in places if (path := top / kit.file).is_file()), None)


def kit_of(path: str | os.PathLike[str]) -> Kit:
    """Return what is known of a SoundFont, by its file name; an unknown one is General MIDI."""
    name = Path(path).name
    return next((kit for kit in KITS if kit.file == name), Kit(name, Path(path).stem))


@dataclass(frozen=True)
class _Layer:
    """A sample of a drum: from which velocity it is played, its sound at full velocity (n, 2) at
    NATIVE_RATE, and its level in dB."""

    first: int
    shot: np.ndarray
    level: float


@dataclass(frozen=True)
class _Drum:
    """The samples of a key, from soft to loud, and its level in dB: top + slope · 20 log10(velocity
    / 127), so that a harder hit is never softer."""

    layers: list[_Layer]
    top: float
    slope: float

    @cached_property
    def middles(self) -> list[float]:
        """The velocity in the middle of each sample's."""
        ends = [*(layer.first for layer in self.layers[1:]), 128]
        return [(x.first + end) / 2 for x, end in zip(self.layers, ends, strict=True)]

    def level(self, velocity: int) -> float:
        return self.top + self.slope * 20 * math.log10(max(velocity, 1) / 127)

    def take(self, velocity: int, turn: int) -> tuple[int, int]:
        """Return the number of the sample, and the cents by which it is tuned, for a hit."""
        firsts = [layer.first for layer in self.layers]
        own = max(bisect_right(firsts, velocity) - 1, 0)
        # the two layers that are played at the nearest velocities, or detuned copies instead
        others = [number for number in range(len(firsts)) if number != own]
        others.sort(key=lambda number: abs(self.middles[number] - velocity))
        near, far, *_ = [*((number, 0) for number in others), (own, -CENTS), (own, -2 * CENTS)]
        takes = ((own, 0), near, (own, CENTS), far)
        return takes[turn % len(takes)]


class KitSynth(SoundFontSynth):
    """Drums on a SoundFont of recorded kits, in a small room; pitched tracks as SoundFontSynth.

    Each velocity layer is found by comparing hits that the SoundFont plays. Repeated hits of a drum
    take turns between the layer's sample, its neighbours' at the same level, and a copy that is
    tuned a few cents away, so that no two in a row are equal. The drums pass a gentle compressor;
    the true peak of the whole is at most −1 dB of full scale.

    drums: the .sf2 or .sf3 file of the drums; path: that of everything else, by default
    pretty_midi's TimGM6mb.sf2.
    """

    name = "tinysoundfont"

    def __init__(
        self, drums: str | os.PathLike[str], path: str | os.PathLike[str] | None = None
    ) -> None:
        super().__init__(path)
        self.drums = SoundFontSynth(drums)
        self.kit = kit_of(drums)
        self._found: dict[tuple[int, int], _Drum] = {}
        self._kit_shots: dict[tuple[int, ...], np.ndarray] = {}
        if not self._has_drums():
            self.kit = replace(self.kit, bank=0)  # as in most SoundFonts of a single kit
            if not self._has_drums():
                raise BrokenFileError(
                    f"{drums} has no sound for bass drum, snare drum and closed hi-hat (36, 38, "
                    "42); name another by WORKBENCH_DRUMS"
                )

    def _has_drums(self) -> bool:
        return all(self._hit(key, 100, 0, PROBE_SECONDS).any() for key in (36, 38, 42))

    @property
    def sound(self) -> str:
        """Which SoundFonts play, such as "TimGM6mb, drums Black Pearl (AVL Drumkits)"."""
        return f"{self.path.stem}, drums {self.kit.title}"

    def _drums(self, score: Any, sample_rate: int, samples: int, loop: bool) -> np.ndarray:
        hits: Counter[tuple[int, int]] = Counter()

        def shot_of(pitch: int, velocity: int, rate: int, program: int) -> tuple[np.ndarray, float]:
            hits[pitch, program] += 1
            return self.kit_shot(pitch, velocity, rate, program, hits[pitch, program] - 1)

        placed = drum_hits(score, sample_rate, samples, loop, shot_of)
        if not placed:
            return np.zeros((2, samples), dtype=np.float32)
        return compressed(mix(placed, samples, loop), sample_rate, loop)

    def _finish(self, sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
        sound = mastered(sound, sample_rate, loop)
        if not loop:
            fade_out(sound, sample_rate)
        return sound

    def kit_shot(
        self, pitch: int, velocity: int, sample_rate: int, program: int = 0, turn: int = 0
    ) -> tuple[np.ndarray, float]:
        """Return the one-shot (n, 2) of a hit, and its gain.

        turn: the number of earlier hits of this drum; it chooses among the samples for a velocity.
        """
        key, semitones = (self.kit.keys or {}).get(pitch, (pitch, 0))
        known = self.kit.keys is None or pitch in self.kit.keys
        drum = self._drum_of(key, program) if known else None
        if not drum or not drum.layers:
            shot, gain = self.drum_shot(pitch, velocity, NATIVE_RATE, program)
            place: tuple[int, ...] = (sample_rate, pitch, velocity * LAYERS // 128, program)
            return self._in_room(place, shot, 0.0), gain
        index, cents = drum.take(velocity, turn)
        layer = drum.layers[index]
        place = (sample_rate, key, semitones, index, cents, program)
        gain = self.kit.gain * 10 ** ((drum.level(velocity) - layer.level) / 20)
        return self._in_room(place, layer.shot, semitones + cents / 100), gain

    def _in_room(self, place: tuple[int, ...], shot: np.ndarray, semitones: float) -> np.ndarray:
        """Return a one-shot at NATIVE_RATE as it sounds in the room, at the rate place[0]; kept
        under `place`."""
        if place not in self._kit_shots:
            if semitones:
                shot = retuned(shot, np.full(len(shot), semitones))
            shot, rate = in_room(shot, NATIVE_RATE), place[0]
            if rate < LOWEST_RATE:
                shot = shot[np.arange(0, len(shot), NATIVE_RATE / rate).astype(int)]
            else:
                shot = resample(shot.T, NATIVE_RATE, rate).T
            self._kit_shots[place] = trim(shot)
        return self._kit_shots[place]

    def _drum_of(self, key: int, program: int) -> _Drum:
        if (key, program) not in self._found:
            self._found[key, program] = _drum(self._find_layers(key, program))
        return self._found[key, program]

    def _find_layers(self, key: int, program: int) -> list[_Layer]:
        """Return the samples of a key from soft to loud; none if it is silent."""
        probes: dict[int, np.ndarray] = {}

        def probe(velocity: int) -> np.ndarray:
            if velocity not in probes:
                hit = self._hit(key, velocity, program, PROBE_SECONDS).ravel()
                probes[velocity] = hit / max(float(np.linalg.norm(hit)), 1e-6)
            return probes[velocity]

        def same(one: int, other: int) -> bool:
            first, second = probe(one), probe(other)
            return float(first @ second) > SAME or not (first.any() or second.any())

        firsts = [1]
        for low, high in itertools.pairwise(PROBES):
            if not same(low, high):
                between = range(low + 1, high)
                place = bisect_left(between, True, key=lambda velocity: not same(low, velocity))
                firsts.append(low + 1 + place)
        layers = []
        for first, end in itertools.pairwise([*firsts, 128]):
            velocity = (first + end) // 2
            shot = _from_onset(trim(self._hit(key, velocity, program)))
            if len(shot):
                beginning = shot[: round(LEVEL_SECONDS * NATIVE_RATE)]
                energy = float(np.square(beginning, dtype=np.float64).sum())
                full = 127 / velocity  # a SoundFont's own velocity curve is linear
                level = 10 * np.log10(energy) + 20 * np.log10(full)
                layers.append(_Layer(first, shot * np.float32(full), level))
        # some fonts have samples in the wrong order: the louder one is the harder hit
        firsts = sorted(layer.first for layer in layers)
        layers.sort(key=lambda layer: layer.level)
        return [_Layer(f, x.shot, x.level) for f, x in zip(firsts, layers, strict=True)]

    def _hit(
        self, key: int, velocity: int, program: int, seconds: float = SHOT_SECONDS
    ) -> np.ndarray:
        return self.drums.record(
            key, velocity, NATIVE_RATE, program, seconds=seconds, bank=self.kit.bank
        )


def _drum(layers: list[_Layer]) -> _Drum:
    """Fit the level of a drum to those of its samples, each in the middle of its velocities."""
    plain = _Drum(layers, layers[-1].level if layers else 0.0, 1.0)
    if len(layers) < MIN_FIT:
        return plain
    power = 20 * np.log10(np.array(plain.middles) / 127)
    slope, top = np.polyfit(power, power + [layer.level for layer in layers], 1)
    return _Drum(layers, float(top), float(np.clip(slope, *SLOPES)))


def _from_onset(shot: np.ndarray) -> np.ndarray:
    """Cut what comes before the onset of a one-shot (n, 2), except LEAD_SECONDS."""
    if not len(shot):
        return shot
    attack = np.abs(shot[: round(ATTACK_SECONDS * NATIVE_RATE)]).max(axis=1)
    onset = int(np.argmax(attack >= ONSET * attack.max()))
    lead = round(LEAD_SECONDS * NATIVE_RATE)
    if onset <= lead:
        return shot
    shot = shot[onset - lead :].copy()
    shot[:lead] *= np.linspace(0, 1, lead, dtype=np.float32)[:, None]
    return shot
