"""The inpainting widget: choose a part of a song or a sound, and regenerate it in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import number, text_of, whole
from workbench.course.widgets.base import Text, Whole, check_system, loop_bytes, module, style
from workbench.course.widgets.form import Field, FormWidget, fields_of
from workbench.datasets.builtin_songs import sample
from workbench.errors import BrokenFileError, PromptError
from workbench.files import AUDIO_SUFFIXES, MIDI_SUFFIXES
from workbench.music.clip import Clip, clip_of
from workbench.music.display import player_html
from workbench.systems.progress import Progress
from workbench.systems.region import Region

if TYPE_CHECKING:
    from workbench.systems.system import System

VERSIONS = Field("n", "Versions", 1, 8, 3)
MOST_TRACKS = 64
AROUND = 2  # bars or seconds played before and after the filled part
CELL = 0.5  # seconds, smallest part of a sound that can be chosen
PEAKS = 14  # of the waveform, shown in a cell


@dataclass(frozen=True)
class Kind:
    """The limits of songs and of sounds. largest: MB of an uploaded file; longest: seconds."""

    name: str
    suffixes: tuple[str, ...]
    largest: int
    longest: int
    saved_as: str


SONG = Kind("MIDI", MIDI_SUFFIXES, 1, 3600, "mid")
SOUND = Kind("sound", AUDIO_SUFFIXES, 20, 60, "wav")


class InpaintingWidget(FormWidget):
    """Choose bars and tracks of a song, or seconds of a sound; regenerate them in several versions;
    keep and download one.

    `clip` is the current music, `versions` are the regenerated ones that are shown, `hole` is the
    chosen range (first, last), last exclusive, in bars of a song or half seconds of a sound.

    Args:
        system: A system that can inpaint.
        clip: The music; default: one that the system generates, or a built-in song for a system
            that does not read text.
        prompt: Initial text of the prompt, for a system that reads one.
        **settings: Initial values of fields: n (1 to 8), seed, and those of genre, guidance, steps,
            temperature and top_p that the system's `inpaint` takes.

    Raises:
        PromptError: for a system that cannot inpaint, and a value that is out of range.
        TypeError: for a setting that the system does not have.
    """

    _esm = module("inpainting")
    _css = style("prompt_box", "inpainting")

    # for the roll: unit ("bar" or "second"), title, lines, tracks, notes, peaks
    song = t.Dict().tag(sync=True)
    hole = t.List(Whole(), [0, 1]).tag(sync=True)  # cells between lines, last exclusive
    chosen: t.List[Any] = t.List(Whole()).tag(sync=True)  # indices of the tracks to regenerate
    cards: t.List[Any] = t.List().tag(sync=True)  # key, title, html of each version
    prompt = Text("").tag(sync=True)
    can_ask = t.Bool(False).tag(sync=True)  # whether the system reads a prompt
    can_follow = t.Bool(False).tag(sync=True)  # whether it generates one bar after another
    suffixes = t.Unicode("").tag(sync=True)  # of files that it can open
    saved_as = t.Unicode("mid").tag(sync=True)
    follow = t.Bool(False).tag(sync=True)  # play while it generates
    original = t.Dict().tag(sync=True)  # title, html of the same bars before

    if_stopped = "The music is unchanged."

    def __init__(
        self, system: System, clip: Clip | None = None, *, prompt: str = "", **settings: Any
    ) -> None:
        check_system(system, "inpaint")
        self.system = system
        self.versions: list[Clip] = []
        clip = _first_clip(system) if clip is None else clip_of(clip)
        self._takes = system.settings("inpaint")
        self._check_prompt(prompt)
        super().__init__(
            fields_of(system, "inpaint", VERSIONS),
            settings,
            prompt=prompt,
            can_ask="prompt" in self._takes,
            can_follow="steps" not in self._takes,  # with steps, all bars become clear together
        )
        self._name = PurePath(clip.source.rsplit("#")[0]).stem or "song"
        self._show(clip)

    @property
    def bars(self) -> tuple[int, int]:
        """The chosen range (first, last): bars of a song, half seconds of a sound."""
        return int(self.hole[0]), int(self.hole[1])

    @property
    def region(self) -> Region:
        """The part that is replaced."""
        first, last = self.bars
        if not self.clip.has_score:
            return Region(seconds=(self._edges[first], self._edges[last]))
        tracks = self._ticked
        every = len(tracks) == len(self._tracks)
        return Region(bars=(first, last), tracks=None if every else tracks)

    @property
    def _ticked(self) -> list[Any]:
        """The tracks to replace."""
        return [self._tracks[i] for i in self.chosen if 0 <= i < len(self._tracks)]

    def fallback_clips(self) -> Sequence[Clip]:
        return self.versions or [self.clip]

    def _state(self) -> Any:
        return (
            self.clip,
            self.versions,
            self.cards,
            self.original,
            list(self.hole),
            list(self.chosen),
            self._name,
        )

    def _restore(self, state: Any) -> None:
        clip, versions, cards, original, hole, chosen, self._name = state
        self._show(clip)
        self.versions, self.cards, self.original = versions, cards, original
        self.hole, self.chosen = hole, chosen

    # --- what the page asks for ---------------------------------------------------------------

    def fill(
        self,
        bars: tuple[int, int] | None = None,
        *,
        seconds: tuple[float, float] | None = None,
        prompt: str | None = None,
        **settings: Any,
    ) -> None:
        """Do what the Fill button does; `wait()` waits for the versions.

        Args:
            bars: (first, last) of a song, from 0, last exclusive; None keeps the chosen ones.
            seconds: (first, last) of a sound, extended to half seconds.
            prompt: Text; None leaves the prompt as it is.
            **settings: Values of fields, as of the class.

        Raises:
            PromptError: for a range that is empty or outside, and a value that is out of range.
            TypeError: for a setting that the system does not have.
        """
        self._set(settings)
        self._check_prompt(prompt)
        if bars is not None and not self.clip.has_score:
            raise PromptError("bars: the clip is a sound; give seconds=(first, last)")
        if seconds is not None and self.clip.has_score:
            raise PromptError("seconds: the clip is a song; give bars=(first, last)")
        cells = len(self._edges) - 1
        if bars is not None:
            first, last = (whole(bar, "bars", 0, cells) for bar in bars)
        elif seconds is not None:
            begin, end = (number(at, "seconds", 0, self._edges[-1]) for at in seconds)
            first = min(int(begin / CELL), cells - 1)
            last = min(ceil(end / CELL), cells) if end > begin else first
        else:
            first, last = self.bars
        if not first < last:
            raise PromptError(
                f"{'bars' if seconds is None else 'seconds'}: is empty; give (first, last)"
            )
        self.hole = [first, last]
        if prompt is not None:
            self.prompt = prompt
        self.on_fill({})

    def _check_prompt(self, prompt: str | None) -> None:
        if text_of(prompt, "prompt") and "prompt" not in self._takes:
            name = type(self.system).__name__
            raise PromptError(f"prompt={prompt!r:.40}: {name} inpaints without a prompt; omit it")

    def on_fill(self, message: dict[str, Any]) -> None:
        """Regenerate the chosen bars or seconds."""
        self.prompt = str(message.get("prompt", self.prompt))
        values = self._read(message)
        if values is None:
            return
        if self._tracks and not self._ticked:
            self.say = "Tick at least one track to regenerate."
            return
        region, (first, last) = self.region, self.bars
        more = {name: value for name, value in values.items() if value is not None}
        if self.can_ask and self.prompt.strip():
            more["prompt"] = self.prompt
        here, cells = self._words(first, last), last - first

        def show(record: Progress) -> None:
            self.show_progress(record)
            if self.follow and self.can_follow and record.step < cells:
                self._play_so_far(record.clips[0], first, record.step)

        def job() -> None:
            versions = self.system.inpaint(self.clip, region, progress=show, **more)
            cards = [
                {
                    "key": i,
                    "title": f"Version {i + 1}",
                    "html": self._card(v, f"Version {i + 1}", first, last),
                }
                for i, v in enumerate(versions)
            ]
            own = {"title": "Original", "html": self._card(self.clip, "Original", first, last)}
            self._remember()
            self.versions, self.original, self.cards = versions, own, cards
            self.say = f"{len(versions)} version{'' if len(versions) == 1 else 's'} of {here}."

        self.start("Generating", int(more.get("steps") or cells), job)

    def on_keep(self, message: dict[str, Any]) -> None:
        """Replace the clip by a version."""
        key = message.get("key")
        if not isinstance(key, int) or not 0 <= key < len(self.versions):
            self.say = "That version no longer exists; choose one that is shown."
            return
        self._remember()
        hole, chosen = list(self.hole), list(self.chosen)
        self._show(self.versions[key])
        self.hole, self.chosen = hole, chosen
        self._redraw()
        self.say = f"Version {key + 1} is kept. Undo restores the previous music."

    def on_download(self, message: dict[str, Any]) -> None:
        """Send the song's MIDI file, or the sound's WAV file, to the browser."""
        kind, clip = self._kind, self.clip
        name = f"{self._name}-filled.{kind.saved_as}"
        data = clip.midi_bytes() if kind is SONG else clip.audio_bytes("wav")
        self.send({"is": "file", "name": name}, buffers=[data])
        self.say = f"{name} was downloaded."

    def on_upload(self, message: dict[str, Any]) -> None:
        """Load the user's file. Raises BrokenFileError that says why it cannot be used."""
        name, buffers, kind = str(message.get("name", "")), message.get("buffers"), self._kind
        data = bytes(buffers[0]) if buffers else b""
        short = name[-60:] or "the file"
        if PurePath(name).suffix.lower() not in kind.suffixes:
            known = " ".join(kind.suffixes)
            raise BrokenFileError(
                f"{short}: is not a {kind.name} file ({known}); choose another file."
            )
        if len(data) > kind.largest * 1_000_000:
            raise BrokenFileError(
                f"{short}: is larger than {kind.largest} MB; choose a shorter one."
            )
        try:
            clip = Clip.read_midi(data) if kind is SONG else _sound_of(name, data)
        except BrokenFileError:
            raise BrokenFileError(
                f"{short}: cannot be read as {kind.name}; check that it is complete."
            ) from None
        if kind is SONG and not len(clip.notes):
            raise BrokenFileError(f"{short}: contains no notes; choose another file.")
        if clip.duration > kind.longest:
            most = "an hour" if kind.longest == 3600 else f"{kind.longest} seconds"
            raise BrokenFileError(f"{short}: lasts more than {most}; cut it first.")
        if kind is SONG and sum(len(t.notes) > 0 for t in clip.score.tracks) > MOST_TRACKS:
            raise BrokenFileError(f"{short}: has more than {MOST_TRACKS} tracks; cut it first.")
        clip.source, clip.caption = name, PurePath(name).stem
        self._remember()
        self._name = clip.caption
        self._show(clip)
        self._redraw()
        long = f"{clip.bars} bars" if kind is SONG else f"{clip.duration:.1f} seconds"
        self.say = f"{short} is loaded: {long}."

    # --- showing ------------------------------------------------------------------------------

    @property
    def _kind(self) -> Kind:
        return SONG if self.clip.has_score else SOUND

    @property
    def _edges(self) -> list[float]:
        """Starts of the cells, and the end: beats of a song, seconds of a sound."""
        return list(self.song["lines"])

    def _words(self, first: int, last: int) -> str:
        """A range of cells in words."""
        if self.clip.has_score:
            return f"bar {last}" if last - first == 1 else f"bars {first + 1} to {last}"
        return f"{self._edges[first]:.1f} to {self._edges[last]:.1f} s"

    def _show(self, clip: Clip) -> None:
        self.clip, self.versions, self.cards, self.original = clip, [], [], {}
        self._tracks: list[str] = []
        drawn = self._drawn_song(clip) if clip.has_score else _drawn_sound(clip)
        self.song = {"title": clip.caption or "a song", **drawn}
        self.suffixes, self.saved_as = ",".join(self._kind.suffixes), self._kind.saved_as
        cells = len(drawn["lines"]) - 1
        first = min(4, max(0, cells - 1))
        self.hole = [first, min(first + 4, cells)]
        self.chosen = list(range(len(self._tracks)))

    def _drawn_song(self, clip: Clip) -> dict[str, Any]:
        score = clip.score
        sounding = [i for i, track in enumerate(score.tracks) if len(track.notes)]
        self._tracks = [f"#{i + 1}" for i in sounding]
        rows = []
        for row, i in enumerate(sounding):
            n = score.tracks[i].notes.numpy()
            time, length = n["time"] / score.tpq, n["duration"] / score.tpq
            same = np.full(len(time), row)
            rows.append(np.column_stack([time.round(3), length.round(3), n["pitch"], same]))
        return {
            "unit": "bar",
            "lines": clip.bar_lines.tolist(),
            "tracks": [track_name(score.tracks[i]) for i in sounding],
            "notes": np.concatenate(rows).tolist() if rows else [],
            "peaks": [],
        }

    def _card(self, version: Clip, title: str, first: int, last: int) -> str:
        """A player of the replaced part and its surroundings. Bars are numbered as in the song."""
        self.worker.check()
        if not version.has_score:
            return self._sound_card(version, title, first, last)
        lines = version.bar_lines
        begin, end = max(0, first - AROUND), min(len(lines) - 1, last + AROUND)
        part = version.excerpt(lines[begin], lines[end] - lines[begin])
        verb = "is" if last - first == 1 else "are"
        note = f"bars {begin + 1} to {end}, {self._words(first, last)} {verb} shaded"
        return player_html(
            part, title=title, note=note, first_bar=begin + 1, shaded=(first + 1, last)
        )

    def _sound_card(self, version: Clip, title: str, first: int, last: int) -> str:
        edges = np.asarray([self._edges[first], self._edges[last]])
        if self.clip.has_score:
            edges = self.clip.seconds_at(edges)
        begin, end = max(0.0, edges[0] - AROUND), min(version.duration, edges[1] + AROUND)
        beat = 60 / version.tempo
        part = version.excerpt(begin / beat, (end - begin) / beat)
        note = f"{begin:.1f} to {end:.1f} s; {edges[0]:.1f} to {edges[1]:.1f} s are shaded"
        shaded = (float(edges[0] - begin), float(edges[1] - begin))
        return player_html(part, title=title, note=note, shaded_seconds=shaded)

    def _play_so_far(self, version: Clip, first: int, done: int) -> None:
        """Send the bars that are complete to the page, which continues playing with them."""
        lines = version.bar_lines
        begin = max(0, first - AROUND)
        part = version.excerpt(lines[begin], lines[first + done] - lines[begin])
        about = {"is": "sound", "seconds": part.duration}
        self.send(about, buffers=[loop_bytes(part)])


def _first_clip(system: System) -> Clip:
    """The music shown when no clip is given."""
    if {"generate", "text"} <= system.can:
        return system.generate(seed=1)[0]
    return sample(1, seed=1, style="pop")[0]


def _sound_of(name: str, data: bytes) -> Clip:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sound{PurePath(name).suffix.lower()}"
        path.write_bytes(data)
        return Clip.read_audio(path)


def _drawn_sound(clip: Clip) -> dict[str, Any]:
    """Cells of half a second (the last of up to 0.75 s) and the waveform's peaks in each."""
    cells = max(1, round(clip.duration / CELL))
    sound = np.abs(clip.waveform(clip.sample_rate or 44100, loop=False)).max(0)
    lines = [CELL * i for i in range(cells)] + [round(clip.duration, 3)]
    edges = np.interp(
        np.arange(cells * PEAKS + 1) / PEAKS, range(cells + 1), np.array(lines) * clip.sample_rate
    )
    parts = np.split(sound, edges[1:-1].astype(int))
    peaks = [round(float(part.max(initial=0.0)), 3) for part in parts]
    return {"unit": "second", "lines": lines, "tracks": [], "notes": [], "peaks": peaks}


def track_name(track: Any) -> str:
    """A track's own name, or the General MIDI name of its program."""
    if track.name.strip():
        return str(track.name.strip())
    if track.is_drum:
        return "Drums"
    import pretty_midi

    return str(pretty_midi.program_to_instrument_name(int(track.program)))
