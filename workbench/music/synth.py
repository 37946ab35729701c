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
from workbench.music import midi
from workbench.music.kit import DRUMS, WRITE_PITCH, read_lookup
from workbench.music.mixing import CHOKE_SECONDS, Hit, choke_times, finish, fold, mix, trim
from workbench.music.numpy_synth import NumpySynth, drum_shot
from workbench.music.timeline import seconds_at

LAYERS = 8  # velocity layers of a drum voice; inside a layer the level follows the velocity
SHOT_SECONDS = 4.0
MAX_RENDER_MINUTES = 30.0
TAIL_SECONDS = 3.0
PITCHED_GAIN = 2.5  # brings pitched tracks to the level of the one-shots, as FluidSynth mixes them
HEARD_CONTROLS = (1, 7, 10, 11, 64)  # modulation, volume, pan, expression, sustain pedal


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
        self._shots: dict[tuple[int, int, int], np.ndarray] = {}
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
        notes = midi.notes_of(score)
        if samples is None:
            samples, loop = natural_length(score, notes, sample_rate), False
        with self._lock:
            drums = notes[notes["is_drum"]]
            sound = mix(self.drum_hits(score, drums, sample_rate, samples, loop), samples, loop)
            tracks = [t for t in score.tracks if not t.is_drum and len(t.notes)]
            for first in range(0, len(tracks), 16):
                played = self._play(score, tracks[first : first + 16], sample_rate, samples)
                sound += fold(played, samples) if loop else played[:samples].T
        return finish(sound, sample_rate, loop)

    def drum_hits(
        self, score: Any, drums: np.ndarray, sample_rate: int, samples: int, loop: bool
    ) -> list[Hit]:
        """Every drum note as a one-shot at its exact place (microtiming kept)."""
        return drum_hits(score, drums, sample_rate, samples, loop, self.drum_shot)

    def drum_shot(self, pitch: int, velocity: int, sample_rate: int) -> tuple[np.ndarray, float]:
        """The one-shot (n, 2) of the velocity's layer, and the gain within the layer.

        A pitch that the SoundFont lacks sounds as the kit voice that it means (22, a closed
        hi-hat's edge on a TD-11, as 42), and as NumpySynth's voice if that is silent, too.
        """
        layer = velocity * LAYERS // 128
        level = (2 * layer + 1) * 128 // (2 * LAYERS)
        key = (sample_rate, pitch, layer)
        if key not in self._shots:
            shot = self._record(pitch, level, sample_rate)
            voice = int(read_lookup()[pitch])
            if not len(shot) and voice >= 0:
                shot = self._record(WRITE_PITCH[DRUMS[voice]], level, sample_rate)
            if not len(shot):
                shot = drum_shot(pitch, sample_rate) * np.float32(level / 127)
            self._shots[key] = shot
        return self._shots[key], velocity / level

    def _record(self, pitch: int, velocity: int, sample_rate: int) -> np.ndarray:
        player, bank = self._player(sample_rate)
        player.sounds_off()
        if not _select(player, 9, bank, 0, drums=True):
            return np.zeros((0, 2), dtype=np.float32)
        player.noteon(9, pitch, velocity)
        shot = trim(_generate(player, round(SHOT_SECONDS * sample_rate)))
        player.sounds_off()
        return shot

    def _play(self, score: Any, tracks: list[Any], sample_rate: int, samples: int) -> np.ndarray:
        """Play pitched tracks, each on its channel; (samples + tail, 2)."""
        player, bank = self._player(sample_rate)
        player.sounds_off()
        for channel, track in enumerate(tracks):
            player.control_change(channel, 121, 0)  # forget the last piece's controllers
            player.control_change(channel, 7, 100)
            player.control_change(channel, 10, 64)
            _select(player, channel, bank, track.program, drums=False)
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
                player.pitchbend(channel, first)
        sound[done:] = _generate(player, total - done)
        player.sounds_off()
        return sound * np.float32(PITCHED_GAIN)


_OFF, _CONTROL, _BEND, _ON = range(4)  # order of events at the same time


def _events(
    score: Any, tracks: list[Any], sample_rate: int, samples: int
) -> list[tuple[int, int, int, int, int]]:
    """(sample, kind, channel, value, value) of all tracks, in time; notes end by the end."""
    tables = []

    def add(time: Any, kind: int, channel: int, first: Any, second: Any) -> None:
        places = np.rint(seconds_at(score, time / score.tpq) * sample_rate)
        columns = np.broadcast_arrays(places, kind, channel, first, second)
        tables.append(np.stack(columns, axis=1).astype(np.int64))

    for channel, track in enumerate(tracks):
        notes = track.notes.numpy()
        pitch, velocity = notes["pitch"].astype(int), notes["velocity"].astype(int)
        add(notes["time"], _ON, channel, pitch, velocity)
        add(notes["time"] + np.maximum(notes["duration"], 1), _OFF, channel, pitch, 0)
        controls = track.controls.numpy()
        heard = np.isin(controls["number"], HEARD_CONTROLS)
        number, value = (controls[name][heard].astype(int) for name in ("number", "value"))
        add(controls["time"][heard], _CONTROL, channel, number, value)
        bends = track.pitch_bends.numpy()
        bend = np.clip(bends["value"].astype(int) + 8192, 0, 16383)
        add(bends["time"], _BEND, channel, bend, 0)
        tables.append(np.array([[samples, _CONTROL, channel, 64, 0]]))  # lift the pedal
    table = np.concatenate(tables)
    table = table[(table[:, 0] < samples) | (table[:, 1] != _ON)]
    table[:, 0] = np.clip(table[:, 0], 0, samples)
    return [tuple(row) for row in table[np.lexsort((table[:, 1], table[:, 0]))].tolist()]


def drum_hits(
    score: Any,
    drums: np.ndarray,
    sample_rate: int,
    samples: int,
    loop: bool,
    shot_of: Any,
) -> list[Hit]:
    """Drum notes (dtype NOTE) as hits; `shot_of(pitch, velocity, rate)` → one-shot and gain."""
    starts = np.rint(seconds_at(score, drums["time"]) * sample_rate).astype(np.int64)
    stops = choke_times(starts, drums["pitch"], samples, loop)
    fade = round(CHOKE_SECONDS * sample_rate)
    hits = []
    columns = (starts, stops, drums["pitch"], drums["velocity"])
    for start, stop, pitch, velocity in zip(*(c.tolist() for c in columns), strict=True):
        shot, gain = shot_of(pitch, velocity, sample_rate)
        hits.append(Hit(start, shot, gain, stop if stop >= 0 else None, fade))
    return hits


def check_length(seconds: float, source: str) -> None:
    """Raise WorkbenchError when a piece is too long to be held in memory as sound."""
    if seconds > MAX_RENDER_MINUTES * 60:
        raise WorkbenchError(
            f"{source or 'the clip'} lasts {seconds / 60:.0f} minutes, more than the "
            f"{MAX_RENDER_MINUTES:g} rendered at once; take .excerpt(start_beat, n_beats)"
        )


def natural_length(score: Any, notes: np.ndarray, sample_rate: int) -> int:
    """Samples up to the end of the last note plus a tail."""
    end = float((notes["time"] + notes["duration"]).max(initial=0.0))
    return round((float(seconds_at(score, end)) + TAIL_SECONDS) * sample_rate)


def _generate(player: Any, samples: int) -> np.ndarray:
    if samples <= 0:
        return np.zeros((0, 2), dtype=np.float32)
    return np.frombuffer(player.generate(samples), dtype=np.float32).reshape(-1, 2)


def _select(player: Any, channel: int, bank: int, program: int, drums: bool) -> bool:
    """Choose the instrument, or the piano where the SoundFont lacks it; whether any was found."""
    tries = [(128, 0), (128, program)] if drums else [(0, program), (0, 0)]
    for number, preset in tries:
        try:
            player.program_select(channel, bank, number, preset, drums)
            return True
        except Exception:  # tinysoundfont has one error for all: no such preset
            continue
    return False
