"""The clip: one piece of music, the type that all parts of the workbench exchange.

A clip holds a score or a waveform, with a caption, a tempo and its source. Data sets contain clips,
representations convert them to tensors and back, systems return them, metrics compare lists of
them, and widgets play them. As the last line of a notebook cell, a clip displays a picture and a
player.
"""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from workbench.arguments import floats, listed, mapping_of, number, path_of, shown, text_of
from workbench.errors import BrokenFileError, PromptError, WorkbenchError
from workbench.files import AUDIO_SUFFIXES, MIDI_SUFFIXES, atomic_write
from workbench.music import clip_file, midi, smf, timeline
from workbench.music.audio import (
    check_rate,
    checked,
    encode,
    read_audio,
    resample,
    to_stereo,
    turned_down,
    write_audio,
)
from workbench.music.notes import NOTE, as_notes, notes_of, score_of
from workbench.music.patching import lines_of
from workbench.music.placing import check_length
from workbench.music.smf import ExtraEvent
from workbench.music.synth import default_synth, playback_synth

MOST_BEATS = 1e6  # longest clip, so that bar lines and silence fit into memory


class Clip:
    """One piece of music: a score (symusic, in ticks) or a waveform.

    Args:
        score: A symusic.Score.
        audio: Samples (channels, samples) in [−1, 1], stored as float32. A louder waveform is
            scaled down to a peak of 1.
        sample_rate: Sample rate of `audio` in Hz.
        caption: A description of the music.
        tempo: Tempo in BPM; by default the median over the beats that have notes (120 if the score
            has no tempo, and for a waveform, whose `tempo_known` is then False: 120 only counts
            its length in beats). A tempo that differs from the score's replaces the tempo map in a
            copy of the score.
        meter: (beats per bar, beat unit); by default the metre of most of the score's notes, or
            (4, 4), which need not be that of a pickup bar or count-in. A different metre is written
            into a copy of the score.
        beats: Length in quarter notes; by default up to the end of the last bar in which a note
            begins, so that a note that rings over a bar line adds no bar.
        source: The origin of the clip, such as a file.
        labels: Facts about the clip, such as style, kind ("beat" or "fill"), drummer, session,
            split.
        anticipation: Number of beats at the end of a loop whose drum hits belong to beat 1 of the
            next repetition, played slightly early. A looping player plays them there; a file has
            them on its first beat.
        extra_events: Events of a MIDI file that a score does not represent, such as text and system
            messages, or the bytes of the file; they are written again.

    Raises:
        WorkbenchError: If there is not exactly one of score and audio, or a value is not valid;
            samples must be finite.
    """

    def __init__(
        self,
        score: Any = None,
        audio: Any = None,
        sample_rate: int | None = None,
        *,
        caption: str = "",
        tempo: float | None = None,
        meter: tuple[int, int] | None = None,
        beats: float | None = None,
        source: str = "",
        labels: dict[str, Any] | None = None,
        anticipation: float = 0.0,
        extra_events: bytes | Sequence[ExtraEvent] = (),
    ) -> None:
        if (score is None) == (audio is None):
            raise WorkbenchError("Clip needs either a score or audio, but not both")
        self.caption, self.source = text_of(caption, "caption"), text_of(source, "source")
        self.labels = mapping_of(labels, "labels")
        self.score: Any = None
        self.has_score = score is not None
        self.audio: np.ndarray | None = None
        self.sample_rate: int | None = None
        self._notes: np.ndarray | None = None
        tempo = None if tempo is None else timeline.check_tempo(tempo)
        meter = None if meter is None else timeline.check_meter(meter)
        beats = None if beats is None else number(beats, "beats", high=MOST_BEATS)
        self.anticipation = number(anticipation, "anticipation", 0)
        self._file = extra_events if isinstance(extra_events, bytes) else b""
        self._extra = None if isinstance(extra_events, bytes) else tuple(extra_events)
        self._edited = False  # whether its notes differ from those of its file
        # whether the length follows from the notes
        self.rings_on = score is not None and beats is None
        if score is not None:
            self._take_score(score, tempo, meter, beats)
        else:
            self._take_audio(audio, sample_rate, tempo, meter, beats)

    def _take_score(
        self, score: Any, tempo: float | None, meter: tuple[int, int] | None, beats: float | None
    ) -> None:
        if not hasattr(score, "ttype") or not hasattr(score, "tracks"):
            raise WorkbenchError(f"score={shown(score)}: give a symusic.Score, or Clip.read(path)")
        if str(score.ttype).rsplit(".", 1)[-1].lower() != "tick":
            score = score.to("tick")
        self.score = score = timeline.settled(score)
        timeline.check_maps(score)
        main = timeline.main_tempo(score, self.notes)
        main_meter = timeline.main_meter(score, self.notes)
        self.tempo_known = tempo is not None or len(score.tempos) > 0
        self.score = timeline.with_tempo_and_meter(
            score,
            tempo if tempo is not None and abs(tempo - main) > 1e-3 else None,
            meter if meter is not None and meter != main_meter else None,
        )
        # a MIDI tempo is a whole number of µs per beat; 92 stays 92, not 91.99998
        self.tempo = tempo if tempo is not None else round(main, 3)
        self.meter: tuple[int, int] = meter if meter is not None else main_meter
        self.beats = beats if beats is not None else timeline.natural_beats(self.score, self.notes)
        if not self.beats > 0:
            raise WorkbenchError(f"beats must be above 0, got {beats}")

    def _take_audio(
        self,
        audio: Any,
        sample_rate: int | None,
        tempo: float | None,
        meter: tuple[int, int] | None,
        beats: float | None,
    ) -> None:
        samples = turned_down(checked(audio, "audio", row=True))
        if not samples.size:
            raise WorkbenchError(
                "audio must have at least 1 sample, got 0; give (channels, samples)"
            )
        self.sample_rate = check_rate(sample_rate)
        self.audio = samples.astype(np.float32, copy=False)
        self.tempo_known = tempo is not None
        self.tempo = 120.0 if tempo is None else tempo
        self.meter = (4, 4) if meter is None else meter
        seconds = samples.shape[1] / self.sample_rate
        self.beats = beats if beats is not None else seconds * self.tempo / 60

    # ---------------------------------------------------------------- reading

    @classmethod
    def read(cls, path: str | os.PathLike[str], **fields: Any) -> Self:
        """Read a MIDI or audio file.

        Args:
            path: The file; its suffix determines the format.
            **fields: Further arguments of `Clip`: caption, source, labels, …

        Returns:
            The clip.

        Raises:
            MissingDataError: If the file does not exist.
            BrokenFileError: If the file cannot be read.
        """
        suffix = Path(path_of(path)).suffix.lower()
        if suffix in MIDI_SUFFIXES:
            return cls.read_midi(path, **fields)
        if suffix in AUDIO_SUFFIXES:
            return cls.read_audio(path, **fields)
        known = " ".join(MIDI_SUFFIXES + AUDIO_SUFFIXES)
        raise BrokenFileError(f"{path} is not a music file by its suffix; use one of {known}")

    @classmethod
    def read_midi(cls, file: str | os.PathLike[str] | bytes, /, **fields: Any) -> Self:
        """Read a MIDI file.

        Args:
            file: The file or its bytes.
            **fields: Further arguments of `Clip`: caption, source, labels, …

        Returns:
            The clip, with a score.

        Raises:
            MissingDataError: If the file does not exist.
            BrokenFileError: If the file is not a MIDI file or exceeds the limits, see
                `midi.read_score`.
        """
        named = "" if isinstance(file, bytes | bytearray | memoryview) else str(file)
        score, data = midi.read_with_file(file)
        return cls(score, **{"source": named, "extra_events": data} | fields)

    @classmethod
    def read_audio(cls, path: str | os.PathLike[str], **fields: Any) -> Self:
        """Read an audio file (.wav, .flac, .ogg or .mp3).

        Args:
            path: The file.
            **fields: Further arguments of `Clip`: caption, tempo, …

        Returns:
            The clip, with a waveform.

        Raises:
            MissingDataError: If the file does not exist.
            BrokenFileError: If the file cannot be read, see `audio.read_audio`.
        """
        samples, rate = read_audio(path)
        fields.setdefault("source", str(path))
        return cls(audio=samples, sample_rate=rate, **fields)

    @classmethod
    def from_notes(
        cls,
        notes: Any,
        *,
        tempo: float = 120.0,
        meter: tuple[int, int] = (4, 4),
        beats: float | None = None,
        drums: bool = True,
        program: int = 0,
        **fields: Any,
    ) -> Self:
        """Make a clip from notes.

        Args:
            notes: An array of dtype NOTE, or rows (time, duration, pitch, velocity), with times in
                beats.
            tempo: Tempo in BPM.
            meter: Time signature, such as (3, 4).
            beats: Length in quarter notes; by default up to the end of the last bar.
            drums: Whether notes without this field are drums.
            program: MIDI program, 0 to 127, of notes without this field.
            **fields: Further arguments of `Clip`: caption, labels, …

        Returns:
            The clip, with a score.

        Raises:
            WorkbenchError: If notes have the wrong shape or values out of range.
        """
        end = math.inf if beats is None else number(beats, "beats")
        score = score_of(as_notes(notes, drums, program), tempo, meter, beats=end)
        return cls(score, tempo=tempo, meter=meter, beats=beats, **fields)

    # ---------------------------------------------------------------- facts

    @property
    def notes(self) -> np.ndarray:
        """All notes, dtype NOTE, sorted by (time, pitch), read-only; empty for a waveform."""
        if self._notes is None:
            self._notes = notes_of(self.score) if self.has_score else np.empty(0, NOTE)
            self._notes.flags.writeable = False
        return self._notes

    @property
    def extra_events(self) -> tuple[ExtraEvent, ...]:
        """Events of the MIDI file that a score does not represent, in ticks of the score: text,
        lyrics in encodings other than UTF-8, system messages. They are written again."""
        if self._extra is None:
            possible = smf.may_have_extras(self._file)
            self._extra = smf.extra_events(self._file) if possible else ()
        return self._extra

    @property
    def is_drums(self) -> bool:
        """Whether the clip has notes and all of them are on the drum channel."""
        return bool(len(self.notes)) and bool(self.notes["is_drum"].all())

    @property
    def steady(self) -> bool:
        """Whether the tempo is constant."""
        if not self.has_score or not len(self.score.tempos):
            return True
        return len(self.score.tempos) == 1 and self.score.tempos[0].time == 0

    @property
    def duration(self) -> float:
        """Length in seconds."""
        if self.audio is not None and self.sample_rate is not None:
            return self.audio.shape[1] / self.sample_rate
        if self.steady:
            return self.beats * 60 / self.tempo
        return float(timeline.seconds_at(self.score, self.beats))

    @property
    def bar_lines(self) -> np.ndarray:
        """Positions of the bar lines in beats, including the end of the last bar."""
        if self.has_score:
            return timeline.bar_lines(self.score, self.beats)
        length = 4 * self.meter[0] / self.meter[1]
        return length * np.arange(np.ceil(self.beats / length - 1e-9) + 1)

    @property
    def bars(self) -> int:
        """Number of bars; an incomplete one counts."""
        return max(len(self.bar_lines) - 1, 1)

    def seconds_at(self, beats: Any) -> np.ndarray:
        """Convert positions in beats to seconds from the start."""
        if not self.steady:
            return timeline.seconds_at(self.score, beats)
        return floats(beats, "beats") * 60 / self.tempo

    def beats_at(self, seconds: Any) -> np.ndarray:
        """Convert seconds from the start to positions in beats."""
        if not self.steady:
            return timeline.beats_at(self.score, seconds)
        return floats(seconds, "seconds") * self.tempo / 60

    # ---------------------------------------------------------------- sound

    def waveform(
        self, sample_rate: int = 44100, synth: Any = None, *, loop: bool = True
    ) -> np.ndarray:
        """Return the sound: a score is rendered, a waveform is resampled.

        Args:
            sample_rate: Sample rate in Hz.
            synth: The synthesizer, by default `workbench.music.synth.default_synth()`, which sounds
                the same on every machine; for what people hear, see `playback`.
            loop: Whether notes that ring past the end continue at the start, so that the loop has
                no gap. Otherwise they are faded out at the end.

        Returns:
            float32 (2, samples), peak ≤ 1, with round(duration · sample_rate) samples.

        Raises:
            WorkbenchError: If the sample rate is not valid or the clip is too long to render.
        """
        sample_rate = check_rate(sample_rate)
        if self.audio is not None and self.sample_rate is not None:
            sound = turned_down(checked(self.audio, "audio"))  # it may have been changed since
            return to_stereo(resample(sound, self.sample_rate, sample_rate))
        check_length(self.duration, self.source)
        length = max(round(self.duration * sample_rate), 1)
        return (synth or default_synth()).render(self.score, sample_rate, length, loop=loop)

    def playback(self, sample_rate: int = 44100, *, loop: bool = True) -> np.ndarray:
        """Return the sound of players and audio files: as `waveform`, but drums are played on the
        best kit on this machine, see `workbench.music.synth.playback_synth`."""
        synth = playback_synth() if self.has_score else None
        return self.waveform(sample_rate, synth, loop=loop)

    @property
    def played_by(self) -> str:
        """The SoundFonts that play the clip in `playback`; "" for a waveform."""
        return playback_synth().sound if self.has_score else ""

    def midi_bytes(self) -> bytes:
        """Return the bytes of a MIDI file that lasts exactly `beats`.

        A clip that was read from a file and changed only in notes, caption or source is written as
        this file, including events that a score does not represent, such as aftertouch, unless the
        file is faulty. Notes are cut at the end, and early hits of beat 1 (see `anticipation`) are
        placed on it. If the length follows from the notes, the last ones keep their durations and
        the file lasts at least as long. A note of length 0 becomes a tick long if the file is
        written anew.

        Returns:
            A standard MIDI file of format 1, or the format of the original file.

        Raises:
            WorkbenchError: If the clip is a waveform.

        Warns:
            MusicFileWarning: If notes begin at or after the end and are not written.
        """
        self._need_score("midi_bytes")
        return clip_file.midi_bytes(self, self._file, edited=self._edited)

    def with_score(self, score: Any) -> "Clip":
        """Return a copy with a score in which only notes were changed.

        A clip that was read from a file is written as this file with the new notes, as long as the
        score differs from the file only in notes.
        """
        copy = type(self)(
            score,
            tempo=self.tempo if self.tempo_known and self.steady else None,
            beats=self.beats,
            caption=self.caption,
            source=self.source,
            labels=self.labels,
            extra_events=self._file or self.extra_events,
        )
        copy.rings_on, copy._edited = self.rings_on, True  # the last notes keep their durations
        return copy

    @property
    def file(self) -> bytes:
        """The bytes of the MIDI file that the clip was read from, with the clip's notes; empty if
        there is none or the score differs from it in more than notes."""
        return clip_file.with_notes_of(self, self._file)

    @property
    def places_in_file(self) -> list[tuple[int, int] | None]:
        """For each track of the score, the (track, channel) of its notes in the clip's file, or
        None."""
        return lines_of(self._file, self.score) if self._file else [None] * len(self.score.tracks)

    def write_midi(self, path: str | os.PathLike[str]) -> None:
        """Write a MIDI file atomically, see `midi_bytes`.

        Args:
            path: The file.

        Raises:
            WorkbenchError: If the clip is a waveform or the file cannot be written.
        """
        data = self.midi_bytes()
        with atomic_write(path) as beside:
            beside.write_bytes(data)

    def audio_bytes(
        self, format: str = "ogg", sample_rate: int = 44100, mono: bool = False
    ) -> bytes:
        """Return the sound, see `playback`, as the bytes of an audio file.

        Args:
            format: "ogg", "wav", "flac" or "mp3".
            sample_rate: Sample rate in Hz.
            mono: Whether to mix down to one channel.

        Returns:
            The bytes of the file.

        Raises:
            WorkbenchError: If the format is unknown or does not support the sample rate.
        """
        sound = self.playback(sample_rate)
        return encode(sound.mean(axis=0, keepdims=True) if mono else sound, sample_rate, format)

    def write_audio(self, path: str | os.PathLike[str], sample_rate: int = 44100) -> None:
        """Write the sound, see `playback`, to an audio file atomically.

        Args:
            path: The file; its suffix .wav, .flac, .ogg or .mp3 determines the format.
            sample_rate: Sample rate in Hz.

        Raises:
            WorkbenchError: If the format is unknown or the file cannot be written.
        """
        write_audio(path, self.playback(sample_rate), sample_rate)

    # ---------------------------------------------------------------- new clips

    def with_(self, **changes: Any) -> "Clip":
        """Return a copy with changed attributes.

        Args:
            **changes: Any of caption, tempo, meter, beats, source, labels, anticipation. Labels are
                merged into the existing ones. A new tempo keeps the positions of notes in beats.

        Returns:
            A new clip.

        Raises:
            WorkbenchError: If a name is unknown or a value is not valid.
        """
        fields: dict[str, Any] = {
            "caption": self.caption,
            "tempo": self.tempo if self.tempo_known else None,
            "meter": self.meter,
            "beats": self.beats,
            "source": self.source,
            "anticipation": self.anticipation,
        }
        unknown = set(changes) - set(fields) - {"labels"}
        if unknown:
            raise WorkbenchError(
                f"with_: {sorted(unknown)[0]!r} is unknown; choose from {[*fields]}"
            )
        labels = self.labels | mapping_of(changes.pop("labels", None), "labels")
        if self.audio is not None and "tempo" in changes and "beats" not in changes:
            fields["beats"] = None  # the sound stays, so its length in beats follows the tempo
        fields |= changes
        copy = type(self)(
            self.score,
            self.audio,
            self.sample_rate,
            labels=labels,
            extra_events=self._file or self.extra_events,
            **fields,
        )
        copy.rings_on = self.rings_on and "beats" not in changes
        copy._edited = self._edited
        return copy

    def excerpt(self, start_beat: float, n_beats: float) -> "Clip":
        """Return a part of the clip.

        Notes that begin inside the excerpt are kept and cut at its end. Beyond the end of the clip
        there is silence.

        Args:
            start_beat: Start in quarter notes.
            n_beats: Length in quarter notes, above 0.

        Returns:
            A clip that starts at beat 0.

        Raises:
            WorkbenchError: If a value is out of range.
        """
        start_beat = number(start_beat, "start_beat", 0, MOST_BEATS)
        n_beats = number(n_beats, "n_beats", 0, MOST_BEATS)
        if not n_beats:
            raise WorkbenchError("n_beats must be above 0, got 0")
        fields: Any = {"caption": self.caption, "source": self.source, "labels": self.labels}
        if self.has_score:
            whole = start_beat == 0 and n_beats == self.beats
            fields["anticipation"] = self.anticipation if whole else 0.0
            score = self.score if whole else clip_file.straight(self)
            fields["extra_events"] = (
                self.extra_events if whole else clip_file.extra_within(self, start_beat, n_beats)
            )
            score = timeline.excerpt(score, start_beat, n_beats)
            tempo = self.tempo if self.steady else None
            return Clip(score, tempo=tempo, beats=n_beats, **fields)
        rate = 60 / self.tempo * (self.sample_rate or 0)  # samples per beat
        begin, end = round(start_beat * rate), round((start_beat + n_beats) * rate)
        if end > np.asarray(self.audio).shape[1]:  # silence is added, within the limit of rendering
            check_length(n_beats * 60 / self.tempo, "the excerpt")
        audio = np.asarray(self.audio)[:, begin:end]
        audio = np.pad(audio, ((0, 0), (0, end - begin - audio.shape[1])))
        tempo = self.tempo if self.tempo_known else None
        return Clip(None, audio, self.sample_rate, tempo=tempo, meter=self.meter, **fields)

    def _need_score(self, action: str) -> None:
        if not self.has_score:
            raise WorkbenchError(f"{action} needs a score, but this clip is a waveform; use .wav")

    # ---------------------------------------------------------------- display

    def __repr__(self) -> str:
        # The view imports the clip, so the clip imports its view only when it is displayed.
        from workbench.music.display import summary

        return summary(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Return what Jupyter displays: a player as text/html, a picture, and one line of text."""
        # The view imports the clip, so the clip imports its view only when it is displayed.
        from workbench.music.display import mime_bundle

        return mime_bundle(self)


def clip_of(value: Any, name: str = "clip") -> Clip:
    """Return `value` if it is a clip; otherwise raise PromptError with the argument's name."""
    if not isinstance(value, Clip):
        raise PromptError(f"{name}={shown(value)}: give a Clip, such as Clip.read(path)")
    return value


def clips_of(value: Any, name: str = "clips", least: int = 0) -> list[Clip]:
    """Return one clip or several as a list. Raises PromptError with the argument's name for
    anything that is not a clip, and for fewer than `least` clips."""
    items = [value] if isinstance(value, Clip) else listed(value, name, "clips", least)
    return [clip_of(item, f"{name}[{i}]") for i, item in enumerate(items)]
