"""SoundFonts: locating and checking them, and playing them with tinysoundfont.

Drum hits are one-shots. Each voice and velocity layer is rendered once and cached, so that a loop
is mixed in milliseconds.
"""

import os
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from workbench.errors import BrokenFileError, MissingDataError
from workbench.music.channel import EXPRESSION, PAN, SOUND_OFF, VOLUME, Channel
from workbench.music.kit import DRUMS, WRITE_PITCH, read_lookup
from workbench.music.mixing import finish, fold, mix, trim
from workbench.music.numpy_synth import drum_shot
from workbench.music.placing import (
    TAIL_SECONDS,
    drum_hits,
    natural_length,
    note_spans,
    pitch_in_samples,
    samples_at,
)

LAYERS = 8  # velocity layers of a drum voice; within a layer the gain follows the velocity
SHOT_SECONDS = 4.0
DRUM_BANK = 128
PITCHED_GAIN = 2.5  # brings pitched tracks to the level of the one-shots, as FluidSynth mixes them
SETTLE_SECONDS = 0.05  # how long voices that were cut off may still sound


@cache
def bundled_soundfont() -> Path | None:
    """Return TimGM6mb.sf2 where pretty_midi installed it (it is GPL-2, so it is never copied)."""
    spec = find_spec("pretty_midi")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "TimGM6mb.sf2"
        if path.is_file():
            return path
    return None


def check_soundfont(path: Path) -> None:
    """Raise MissingDataError or BrokenFileError unless the file looks like a SoundFont."""
    way_out = "name another by WORKBENCH_SOUNDFONT, or unset it for the bundled sound"
    if not path.is_file():
        raise MissingDataError(f"SoundFont {path} does not exist; {way_out}")
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise BrokenFileError(
            f"SoundFont {path} cannot be read ({error.strerror}); {way_out}"
        ) from error
    if head[:4] != b"RIFF" or head[8:12] not in (b"sfbk", b"sfpk"):
        raise BrokenFileError(f"{path} is not a SoundFont (.sf2 or .sf3); {way_out}")


class SoundFontSynth:
    """tinysoundfont playing a SoundFont: correct pitch and drums, about 90 × real time.

    path: a .sf2 or .sf3 file; default: pretty_midi's TimGM6mb.sf2.
    """

    name = "tinysoundfont"

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        found = Path(path) if path else bundled_soundfont()
        if found is None:
            raise MissingDataError(
                "no SoundFont is installed; install pretty_midi or set WORKBENCH_SOUNDFONT"
            )
        self.path = found.expanduser()
        self._players: dict[int, Any] = {}
        self._shots: dict[tuple[int, int, int, int], np.ndarray] = {}
        self._lock = threading.Lock()  # tinysoundfont's state is shared by the threads of a kernel
        self._player(44100)  # a missing or broken file raises here, not at the first sound

    @property
    def sound(self) -> str:
        """Which SoundFont plays, such as "TimGM6mb"."""
        return self.path.stem

    def _player(self, sample_rate: int) -> tuple[Any, int]:
        if sample_rate not in self._players:
            check_soundfont(self.path)
            import tinysoundfont

            player = tinysoundfont.Synth(samplerate=sample_rate)
            try:
                bank = player.sfload(str(self.path))
            except Exception as error:
                raise BrokenFileError(
                    f"SoundFont {self.path} is broken; download it again, or unset "
                    "WORKBENCH_SOUNDFONT for the bundled sound"
                ) from error
            self._players[sample_rate] = (player, bank)
        return self._players[sample_rate]

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """See Synth.render."""
        if samples is None:
            samples, loop = natural_length(score, sample_rate), False
        with self._lock:
            sound = self._drums(score, sample_rate, samples, loop)
            tracks = [t for t in score.tracks if not t.is_drum and len(t.notes)]
            for first in range(0, len(tracks), 16):
                played = self._play(score, tracks[first : first + 16], sample_rate, samples)
                sound += fold(played, samples) if loop else played[:samples].T
        return self._finish(sound, sample_rate, loop)

    def _drums(self, score: Any, sample_rate: int, samples: int, loop: bool) -> np.ndarray:
        """Return the sound of all drum tracks, (2, samples)."""
        return mix(drum_hits(score, sample_rate, samples, loop, self.drum_shot), samples, loop)

    def _finish(self, sound: np.ndarray, sample_rate: int, loop: bool) -> np.ndarray:
        return finish(sound, sample_rate, loop)

    def drum_shot(
        self, pitch: int, velocity: int, sample_rate: int, kit: int = 0
    ) -> tuple[np.ndarray, float]:
        """Return the one-shot (n, 2) of the velocity's layer, and the gain within the layer.

        kit: the drum channel's program. A pitch that the SoundFont lacks is replaced by its kit
        voice (22, a closed hi-hat's edge on a TD-11, by 42), and by NumpySynth's voice if that is
        silent, too.
        """
        layer = velocity * LAYERS // 128
        level = (2 * layer + 1) * 128 // (2 * LAYERS)
        key = (sample_rate, kit, pitch, layer)
        if key not in self._shots:
            shot = self._record(pitch, level, sample_rate, kit)
            voice = int(read_lookup()[pitch])
            if not len(shot) and voice >= 0:
                shot = self._record(WRITE_PITCH[DRUMS[voice]], level, sample_rate, kit)
            if not len(shot):
                shot = drum_shot(pitch, sample_rate) * np.float32(level / 127)
            self._shots[key] = shot
        return self._shots[key], velocity / level

    def _record(self, pitch: int, velocity: int, sample_rate: int, kit: int) -> np.ndarray:
        return trim(self.record(pitch, velocity, sample_rate, kit))

    def record(
        self,
        pitch: int,
        velocity: int,
        sample_rate: int,
        kit: int = 0,
        *,
        seconds: float = SHOT_SECONDS,
        bank: int = DRUM_BANK,
    ) -> np.ndarray:
        """Return the sound of one hit of a kit, (n, 2) float32; (0, 2) if there is no such kit.

        bank: the SoundFont's bank of the kit; 128 by General MIDI, often 0 in a font of one kit.
        """
        player, font = self._fresh_player(sample_rate)
        if not _select(player, 9, font, kit, bank):
            return np.zeros((0, 2), dtype=np.float32)
        player.noteon(9, pitch, velocity)
        return _generate(player, round(seconds * sample_rate))

    def _fresh_player(self, sample_rate: int) -> tuple[Any, int]:
        """Return the player without sounding voices and with all channels reset."""
        player, bank = self._player(sample_rate)
        player.soundfonts[bank].reset()
        _generate(player, round(SETTLE_SECONDS * sample_rate))
        return player, bank

    def _play(self, score: Any, tracks: list[Any], sample_rate: int, samples: int) -> np.ndarray:
        """Play pitched tracks, each on its channel; (samples + tail, 2)."""
        player, bank = self._fresh_player(sample_rate)
        for channel, track in enumerate(tracks):
            _select(player, channel, bank, track.program)
            player.control_change(channel, VOLUME, 100)
            player.control_change(channel, PAN, 64)
        total = samples + round(TAIL_SECONDS * sample_rate)
        sound = np.zeros((total, 2), dtype=np.float32)
        done = 0
        for time, kind, channel, first, second in _events(score, tracks, sample_rate, samples):
            if time > done:
                sound[done:time] = _generate(player, time - done)
                done = time
            if kind == _ON:
                player.noteon(channel, first, second)
            elif kind == _OFF:
                player.noteoff(channel, first)
            elif kind == _CONTROL:
                player.control_change(channel, first, second)
            else:
                player.set_tuning(channel, first / _PITCH_UNITS)
        sound[done:] = _generate(player, total - done)
        return sound * np.float32(PITCHED_GAIN)


_OFF, _CONTROL, _PITCH, _ON = range(4)  # order of events at the same time
_PITCH_UNITS = 100_000  # per semitone; events are whole numbers


def _events(
    score: Any, tracks: list[Any], sample_rate: int, samples: int
) -> list[tuple[int, int, int, int, int]]:
    """Return (sample, kind, channel, value, value) of all tracks in order of time; all notes end by
    the end of the sound."""
    tables = []

    def add(places: Any, kind: int, channel: int, first: Any, second: Any) -> None:
        columns = np.broadcast_arrays(places, kind, channel, first, second)
        tables.append(np.stack(columns, axis=1).astype(np.int64))

    for index, track in enumerate(tracks):
        channel, notes = Channel(track), track.notes.numpy()
        pitch, velocity = notes["pitch"].astype(int), notes["velocity"].astype(int)
        begin, end = note_spans(score, channel, sample_rate)
        add(begin, _ON, index, pitch, velocity)
        add(end, _OFF, index, pitch, 0)
        for number in (VOLUME, PAN, EXPRESSION):
            lane = channel.controller(number)
            places = samples_at(score, lane.ticks, sample_rate)
            add(places, _CONTROL, index, number, lane.at(lane.ticks))
        places = samples_at(score, channel.times([SOUND_OFF]), sample_rate)
        add(places, _CONTROL, index, SOUND_OFF, 0)
        pitch_lane = pitch_in_samples(score, channel, sample_rate, begin, np.minimum(end, samples))
        values = np.rint(pitch_lane.at(pitch_lane.ticks) * _PITCH_UNITS)
        add(pitch_lane.ticks, _PITCH, index, values, 0)
    table = np.concatenate(tables)
    table = table[(table[:, 0] < samples) | (table[:, 1] == _OFF)]
    table[:, 0] = np.clip(table[:, 0], 0, samples)
    return [tuple(row) for row in table[np.lexsort((table[:, 1], table[:, 0]))].tolist()]


def _generate(player: Any, samples: int) -> np.ndarray:
    if samples <= 0:
        return np.zeros((0, 2), dtype=np.float32)
    return np.frombuffer(player.generate(samples), dtype=np.float32).reshape(-1, 2)


def _select(player: Any, channel: int, font: int, program: int, bank: int = 0) -> bool:
    """Select the instrument, or the bank's first if the SoundFont lacks it (the piano or the
    standard kit); return whether there is one."""
    for preset in (program, 0):
        try:
            player.program_select(channel, font, bank, preset, bank == DRUM_BANK)
            return True
        except Exception:  # tinysoundfont has one error for all: no such preset
            continue
    return False
