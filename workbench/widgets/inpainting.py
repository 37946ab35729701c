"""The inpainting widget: a song, a hole dragged over its bars, and several ways to fill it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import whole
from workbench.errors import BrokenFileError, PromptError
from workbench.files import MIDI_SUFFIXES
from workbench.music.clip import Clip
from workbench.music.display import player_html
from workbench.widgets.base import Whole, loop_bytes, module, style
from workbench.widgets.form import SEED, Field, FormWidget

if TYPE_CHECKING:
    from workbench.systems.midigpt import MidiGPT

FIELDS = (
    Field("n", "Versions", 1, 8, 3),
    Field("temperature", "Temperature", 0, 2, 1.0, whole=False, step=0.1),
    Field("top_p", "Top p", 0.1, 1, 0.95, whole=False, step=0.05),
    SEED,
)
LARGEST = 1_000_000  # bytes of an uploaded file
LONGEST = 3600  # seconds
MOST_TRACKS = 64
AROUND = 2  # bars heard on each side of a filling


class InpaintingWidget(FormWidget):
    """Choose bars and tracks of a song, hear several fillings, keep one, download it.

    system: has `filling`, as MidiGPT. `clip` is the song as it stands, `versions` the fillings
    shown, `bars` the chosen (first, last), last exclusive.
    """

    _esm = module("inpainting")
    _css = style("prompt_box", "inpainting")

    song = t.Dict().tag(sync=True)  # title, lines, tracks, notes: what the roll draws
    hole = t.List(Whole(), [0, 1]).tag(sync=True)  # bars, last exclusive
    chosen: t.List[Any] = t.List(Whole()).tag(sync=True)  # indices of the tracks to write anew
    cards: t.List[Any] = t.List().tag(sync=True)  # key, title, html of each version
    follow = t.Bool(False).tag(sync=True)  # play while it writes
    original = t.Dict().tag(sync=True)  # title, html of the same bars as they are

    if_stopped = "The song is as it was."

    def __init__(self, system: MidiGPT, clip: Clip | None = None, **settings: Any) -> None:
        self.system = system
        self.versions: list[Clip] = []
        if clip is None:
            from workbench.datasets.builtin_songs import sample

            clip = sample(1, seed=1, style="pop")[0]
        super().__init__(FIELDS, settings)
        self._name = PurePath(clip.source.rsplit("#")[0]).stem or "song"
        self._show(clip)

    @property
    def bars(self) -> tuple[int, int]:
        return int(self.hole[0]), int(self.hole[1])

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

    def fill(self, bars: tuple[int, int] | None = None, **settings: Any) -> None:
        """As if Fill were pressed; `wait()` waits for the versions."""
        self._set(settings)
        if bars is not None:
            first, last = (whole(bar, "bars", 0, self.clip.bars) for bar in bars)
            if not first < last:
                raise PromptError(f"bars: {(first, last)} is empty; give (first, last)")
            self.hole = [first, last]
        self.on_fill({})

    def on_fill(self, message: dict[str, Any]) -> None:
        """Write the chosen bars anew."""
        values = self._read(message)
        if values is None:
            return
        tracks = [self._tracks[i] for i in self.chosen if 0 <= i < len(self._tracks)]
        if not tracks:
            self.say = "Tick at least one track to write anew."
            return
        first, last = self.bars
        every = len(tracks) == len(self._tracks)

        def job() -> None:
            versions: list[Clip] = []
            steps = self.system.filling(
                self.clip,
                (first, last),
                None if every else tracks,
                int(values["n"] or 1),
                seed=int(values["seed"] or 0),
                temperature=values["temperature"],
                top_p=values["top_p"],
            )
            for done, versions in steps:
                self.step(done, last - first)
                if self.follow and done < last - first:
                    self._play_so_far(versions[0], first, done)
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
            self.say = f"{len(versions)} versions of bars {first + 1} to {last}."

        self.start("Writing", last - first, job)

    def on_keep(self, message: dict[str, Any]) -> None:
        """Take a version as the song from now on."""
        key = message.get("key")
        if not isinstance(key, int) or not 0 <= key < len(self.versions):
            self.say = "That version is gone; choose one that is shown."
            return
        self._remember()
        hole, chosen = list(self.hole), list(self.chosen)
        self._show(self.versions[key])
        self.hole, self.chosen = hole, chosen
        self._redraw()
        self.say = f"Version {key + 1} is kept. Undo brings back what was there."

    def on_download(self, message: dict[str, Any]) -> None:
        """Send the song's MIDI file to the browser."""
        name = f"{self._name}-filled.mid"
        self.send({"is": "file", "name": name}, buffers=[self.clip.midi_bytes()])
        self.say = f"{name} is in your downloads."

    def on_upload(self, message: dict[str, Any]) -> None:
        """A file of the user's own, or a kind word why not."""
        name, buffers = str(message.get("name", "")), message.get("buffers")
        data = bytes(buffers[0]) if buffers else b""
        short = name[-60:] or "the file"
        if PurePath(name).suffix.lower() not in MIDI_SUFFIXES:
            known = " ".join(MIDI_SUFFIXES)
            raise BrokenFileError(f"{short}: is not a MIDI file ({known}); choose one that is.")
        if len(data) > LARGEST:
            raise BrokenFileError(f"{short}: is larger than 1 MB; choose a shorter piece.")
        try:
            clip = Clip.read_midi(data)
        except BrokenFileError:
            raise BrokenFileError(f"{short}: cannot be read as MIDI; is it whole?") from None
        if not len(clip.notes):
            raise BrokenFileError(f"{short}: holds no notes; choose another file.")
        if clip.duration > LONGEST:
            raise BrokenFileError(f"{short}: lasts more than an hour; cut it first.")
        if sum(len(track.notes) > 0 for track in clip.score.tracks) > MOST_TRACKS:
            raise BrokenFileError(f"{short}: has more than {MOST_TRACKS} tracks; cut it first.")
        clip.source, clip.caption = name, PurePath(name).stem
        self._remember()
        self._name = clip.caption
        self._show(clip)
        self._redraw()
        self.say = f"{short} is loaded: {clip.bars} bars."

    # --- showing ------------------------------------------------------------------------------

    def _show(self, clip: Clip) -> None:
        self.clip, self.versions, self.cards, self.original = clip, [], [], {}
        score = clip.score
        sounding = [i for i, track in enumerate(score.tracks) if len(track.notes)]
        self._tracks = [f"#{i + 1}" for i in sounding]
        rows = []
        for row, i in enumerate(sounding):
            n = score.tracks[i].notes.numpy()
            time, length = n["time"] / score.tpq, n["duration"] / score.tpq
            same = np.full(len(time), row)
            rows.append(np.column_stack([time.round(3), length.round(3), n["pitch"], same]))
        self.song = {
            "title": clip.caption or "a song",
            "lines": clip.bar_lines.tolist(),
            "tracks": [track_name(score.tracks[i]) for i in sounding],
            "notes": np.concatenate(rows).tolist() if rows else [],
        }
        first = min(4, max(0, clip.bars - 1))
        self.hole = [first, min(first + 4, clip.bars)]
        self.chosen = list(range(len(self._tracks)))

    def _card(self, version: Clip, title: str, first: int, last: int) -> str:
        """A player of the bars around a filling, which are numbered as in the song."""
        self.worker.check()
        lines = version.bar_lines
        begin, end = max(0, first - AROUND), min(len(lines) - 1, last + AROUND)
        part = version.excerpt(lines[begin], lines[end] - lines[begin])
        shaded = f"bar {last} is" if last - first == 1 else f"bars {first + 1} to {last} are"
        note = f"bars {begin + 1} to {end}, {shaded} shaded"
        return player_html(
            part, title=title, note=note, first_bar=begin + 1, shaded=(first + 1, last)
        )

    def _play_so_far(self, version: Clip, first: int, done: int) -> None:
        """Send what is written to the page, which plays it on."""
        lines = version.bar_lines
        begin = max(0, first - AROUND)
        part = version.excerpt(lines[begin], lines[first + done] - lines[begin])
        about = {"is": "sound", "seconds": part.duration}
        self.send(about, buffers=[loop_bytes(part)])


def track_name(track: Any) -> str:
    """A track's own name, or the General MIDI name of its program."""
    if track.name.strip():
        return str(track.name.strip())
    if track.is_drum:
        return "Drums"
    import pretty_midi

    return str(pretty_midi.program_to_instrument_name(int(track.program)))
