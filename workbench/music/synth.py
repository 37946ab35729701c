"""From score to sound: one interface, three engines.

`default_synth()` takes the first that works: tinysoundfont with a SoundFont, FluidSynth where it
is installed, and the NumPy synthesiser, which is always there. Drum hits are one-shots, each
voice and velocity layer rendered once and kept, so that a loop is mixed in milliseconds.
"""

import os
import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.music.channel import (
    EXPRESSION,
    FOREVER,
    MODULATION,
    PAN,
    SOUND_OFF,
    VOLUME,
    Channel,
    Lane,
)
from workbench.music.kit import DRUMS, WRITE_PITCH, read_lookup
from workbench.music.mixing import CHOKE_SECONDS, Hit, choke_times, finish, fold, mix, retuned, trim
from workbench.music.numpy_synth import NumpySynth, drum_shot
from workbench.music.timeline import seconds_at

LAYERS = 8  # velocity layers of a drum voice; inside a layer the level follows the velocity
SHOT_SECONDS = 4.0
MAX_RENDER_MINUTES = 30.0
TAIL_SECONDS = 3.0
PITCHED_GAIN = 2.5  # brings pitched tracks to the level of the one-shots, as FluidSynth mixes them
SETTLE_SECONDS = 0.05  # how long voices that were cut off may still be heard
VIBRATO_HZ, VIBRATO_SEMITONES = 8.176, 0.5  # the standard's for a modulation wheel
VIBRATO_STEP = 0.005  # seconds


class Synth(Protocol):
    """What every engine offers."""

    name: str

    def render(
        self, score: Any, sample_rate: int, samples: int | None = None, *, loop: bool = True
    ) -> np.ndarray:
        """Sound of the score, float32 (2, samples), peak ≤ 1.

        `samples`: the exact length (default: last note end plus a tail). With `loop`, what rings
        past the end is heard at the start.
        """
        ...


def default_synth(soundfont: str | os.PathLike[str] | None = None) -> Synth:
    """The first engine that works here, made once and kept.

    A SoundFont named by the argument or by WORKBENCH_SOUNDFONT is used or, if that fails, is an
    error (MissingDataError, BrokenFileError): nobody wants another sound in silence.
    """
    named = os.fspath(soundfont) if soundfont else os.environ.get("WORKBENCH_SOUNDFONT", "")
    return _synth_for(named)


@cache
def _synth_for(named: str) -> Synth:
    if find_spec("tinysoundfont") and (named or bundled_soundfont()):
        return SoundFontSynth(named or None)
    from workbench.music.fluid import FluidSynth, fluidsynth_command

    if fluidsynth_command() and (named or bundled_soundfont()):
        return FluidSynth(named or None)
    if named:
        check_soundfont(Path(named))
        raise MissingDataError(
            f"{named} needs an engine that plays SoundFonts; install tinysoundfont or FluidSynth"
        )
    return NumpySynth()


@cache
def bundled_soundfont() -> Path | None:
    """TimGM6mb.sf2 where pretty_midi installed it (it is GPL-2, so it is never copied)."""
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
        raise BrokenFileError(f"{path} is no SoundFont (.sf2 or .sf3); {way_out}")


class SoundFontSynth:
    """tinysoundfont playing a SoundFont: correct pitch and drums, about 90 times real time.

    path: a .sf2 or .sf3 file; default: pretty_midi's TimGM6mb.sf2.
    """

    name = "tinysoundfont"

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        found = Path(path) if path else bundled_soundfont()
        if found is None:
            raise MissingDataError(
                "no SoundFont is installed; install pretty_midi or name one by WORKBENCH_SOUNDFONT"
            )
        self.path = found.expanduser()
        self._players: dict[int, Any] = {}
        self._shots: dict[tuple[int, int, int, int], np.ndarray] = {}
        self._lock = threading.Lock()  # tinysoundfont's state is shared by the threads of a kernel
        self._player(44100)  # a missing or broken file shows here, not at the first sound

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
            hits = drum_hits(score, sample_rate, samples, loop, self.drum_shot)
            sound = mix(hits, samples, loop)
            tracks = [t for t in score.tracks if not t.is_drum and len(t.notes)]
            for first in range(0, len(tracks), 16):
                played = self._play(score, tracks[first : first + 16], sample_rate, samples)
                sound += fold(played, samples) if loop else played[:samples].T
        return finish(sound, sample_rate, loop)

    def drum_shot(
        self, pitch: int, velocity: int, sample_rate: int, kit: int = 0
    ) -> tuple[np.ndarray, float]:
        """The one-shot (n, 2) of the velocity's layer, and the gain within the layer.

        kit: the drum channel's program. A pitch that the SoundFont lacks sounds as the kit voice
        that it means (22, a closed hi-hat's edge on a TD-11, as 42), and as NumpySynth's voice if
        that is silent, too.
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
        player, bank = self._fresh_player(sample_rate)
        if not _select(player, 9, bank, kit, drums=True):
            return np.zeros((0, 2), dtype=np.float32)
        player.noteon(9, pitch, velocity)
        return trim(_generate(player, round(SHOT_SECONDS * sample_rate)))

    def _fresh_player(self, sample_rate: int) -> tuple[Any, int]:
        """The player without a voice sounding and with all channels as at the start."""
        player, bank = self._player(sample_rate)
        player.soundfonts[bank].reset()
        _generate(player, round(SETTLE_SECONDS * sample_rate))
        return player, bank

    def _play(self, score: Any, tracks: list[Any], sample_rate: int, samples: int) -> np.ndarray:
        """Play pitched tracks, each on its channel; (samples + tail, 2)."""
        player, bank = self._fresh_player(sample_rate)
        for channel, track in enumerate(tracks):
            _select(player, channel, bank, track.program, drums=False)
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
    """(sample, kind, channel, value, value) of all tracks, in time; notes end by the end."""
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


def samples_at(score: Any, ticks: Any, sample_rate: int) -> np.ndarray:
    """The sample at each tick, int64."""
    beats = np.asarray(ticks, dtype=np.float64) / score.tpq
    return np.rint(seconds_at(score, beats) * sample_rate).astype(np.int64)


def note_spans(score: Any, channel: Channel, sample_rate: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples at which each note of the channel's track begins and stops sounding."""
    notes = channel.track.notes.numpy()
    begin = notes["time"].astype(np.int64)
    end = channel.note_ends(begin, begin + np.maximum(notes["duration"], 1), notes["pitch"])
    return samples_at(score, begin, sample_rate), samples_at(score, end, sample_rate)


def pitch_in_samples(
    score: Any, channel: Channel, sample_rate: int, begin: np.ndarray, end: np.ndarray
) -> Lane:
    """The channel's pitch in semitones at samples: wheel, tuning, and the modulation's vibrato.

    begin, end: samples between which notes sound; vibrato is written out only there.
    """
    pitch, wheel = channel.pitch, channel.controller(MODULATION)
    places = samples_at(score, pitch.ticks, sample_rate)
    steady = Lane(places, pitch.at(pitch.ticks), 0)
    if wheel.constant or not len(begin):
        return steady
    depth = Lane(samples_at(score, wheel.ticks, sample_rate), wheel.at(wheel.ticks) / 127, 0)
    step = max(round(VIBRATO_STEP * sample_rate), 1)
    grid = np.arange(begin.min() // step, end.max() // step + 1) * step
    sounding = np.searchsorted(np.sort(begin), grid, side="right") - np.searchsorted(
        np.sort(end), grid, side="right"
    )
    grid = grid[(sounding > 0) & (depth.at(grid) > 0)]
    times = np.unique(np.concatenate([places, depth.ticks, grid]))
    swing = np.sin(2 * np.pi * VIBRATO_HZ * times / sample_rate)
    return Lane(times, steady.at(times) + VIBRATO_SEMITONES * depth.at(times) * swing, 0)


def drum_hits(score: Any, sample_rate: int, samples: int, loop: bool, shot_of: Any) -> list[Hit]:
    """Every drum note as a one-shot at its exact place (microtiming kept), with its channel's
    volume, pan and pitch; `shot_of(pitch, velocity, rate, kit)` → one-shot and gain."""
    rows = []
    for track in score.tracks:
        if not track.is_drum or not len(track.notes):
            continue
        channel, notes = Channel(track), track.notes.numpy()
        onset = notes["time"].astype(np.int64)
        off = channel.sound_off(onset)
        stop = samples_at(score, off, sample_rate) - samples_at(score, onset, sample_rate)
        levels = channel.gain.at(onset)[:, None] * channel.balance(onset)
        columns = (
            samples_at(score, onset, sample_rate), notes["pitch"].astype(int),
            notes["velocity"].astype(int), np.full(len(onset), track.program),
            np.where(off < FOREVER, stop, np.inf), channel.pitch.at(onset), *levels.T,
        )  # fmt: skip
        rows.append(np.stack(columns, axis=1))
    if not rows:
        return []
    table = np.concatenate(rows)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    stops = choke_times(table[:, 0].astype(int), table[:, 1].astype(int), samples, loop)
    stops = np.where(stops < 0, np.inf, stops)
    stops = np.minimum(stops, table[:, 4])
    fade = round(CHOKE_SECONDS * sample_rate)
    hits = []
    for row, stop in zip(table.tolist(), stops.tolist(), strict=True):
        start, pitch, velocity, kit = (int(value) for value in row[:4])
        shot, gain = shot_of(pitch, velocity, sample_rate, kit)
        if row[5]:
            shot = retuned(shot, np.full(len(shot), row[5]))
        levels = gain if row[6] == row[7] == 1 else gain * np.array(row[6:8])
        hits.append(Hit(start, shot, levels, int(stop) if stop < np.inf else None, fade))
    return hits


def check_length(seconds: float, source: str) -> None:
    """Raise WorkbenchError when a piece is too long to be held in memory as sound."""
    if seconds > MAX_RENDER_MINUTES * 60:
        raise WorkbenchError(
            f"{source or 'the clip'} lasts {seconds / 60:.0f} minutes, more than the "
            f"{MAX_RENDER_MINUTES:g} rendered at once; take .excerpt(start_beat, n_beats)"
        )


def natural_length(score: Any, sample_rate: int) -> int:
    """Samples up to the end of the last note plus a tail.

    A pedal that is never lifted holds its notes up to the last event.
    """
    last, ends = 0, [0]
    for track in score.tracks:
        if not len(track.notes):
            continue
        notes = track.notes.numpy()
        onset, end = notes["time"].astype(np.int64), notes["time"] + notes["duration"]
        if not track.is_drum:
            last = max(last, int(end.max()), int(track.controls.numpy()["time"].max(initial=0)))
            end = Channel(track).note_ends(onset, end, notes["pitch"])
        ends.append(int(end.max()))
    end = max(last if end == FOREVER else end for end in ends)
    return int(samples_at(score, end, sample_rate)) + round(TAIL_SECONDS * sample_rate)


def _generate(player: Any, samples: int) -> np.ndarray:
    if samples <= 0:
        return np.zeros((0, 2), dtype=np.float32)
    return np.frombuffer(player.generate(samples), dtype=np.float32).reshape(-1, 2)


def _select(player: Any, channel: int, bank: int, program: int, drums: bool) -> bool:
    """Choose the instrument, or the piano where the SoundFont lacks it; whether any was found."""
    tries = [(128, program), (128, 0)] if drums else [(0, program), (0, 0)]
    for number, preset in tries:
        try:
            player.program_select(channel, bank, number, preset, drums)
            return True
        except Exception:  # tinysoundfont has one error for all: no such preset
            continue
    return False
