"""A clip as a MIDI file: its own file with its notes, or a new file."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

from workbench.errors import MusicFileWarning
from workbench.music import smf, timeline
from workbench.music.patching import with_notes
from workbench.music.writing import midi_file

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.music.smf import ExtraEvent

_FOLDERS = re.compile(r"(?<![\w.-])(?:[A-Za-z]:)?[/\\~]\S*[/\\]")  # the folders of an absolute path


def midi_bytes(clip: Clip, file: bytes, *, edited: bool) -> bytes:
    """Return the bytes of a MIDI file, see `Clip.midi_bytes`.

    Args:
        clip: A clip with a score.
        file: The bytes of the file that it was read from; empty if there is none.
        edited: Whether its notes differ from those of the file.
    """
    end = None if clip.rings_on else timeline.end_tick(clip.beats, clip.score.tpq)
    about = _FOLDERS.sub("", clip.source)  # folder names are private
    if data := with_notes_of(clip, file, clip.caption, about, sound=not edited):
        return data
    if end and not clip.anticipation:
        late = int((clip.notes["time"] * clip.score.tpq > end - 0.5).sum())
        if late:
            warnings.warn(
                f"{clip.source or 'the clip'}: {late} notes begin at or after its end at "
                f"{clip.beats:g} beats and are not written; give it more beats",
                MusicFileWarning,
                stacklevel=3,
            )
    return midi_file(straight(clip), end, title=clip.caption, about=about, extra=clip.extra_events)


def with_notes_of(clip: Clip, file: bytes, *texts: str, sound: bool = False) -> bytes:
    """Return a file with the clip's notes and these texts; empty if there is no file or the score
    differs from it in more than notes. sound: whether to reject a damaged file, see `with_notes`;
    the file then ends with the clip and not at a bar line."""
    if not file or clip.anticipation:
        return b""
    end = 0  # as long as its notes last
    if not clip.rings_on:
        end = timeline.end_tick(clip.beats if sound else clip.bar_lines[-1], clip.score.tpq)
    if end and (clip.notes["time"] * clip.score.tpq > end - 0.5).any():
        return b""  # the clip ends before its file
    changes: dict[str, Any] = {
        "last": end or smf.LAST_TICK,
        "end": end,
        "texts": [text for text in texts if text],
        "sound": sound,
    }
    return with_notes(file, clip.score, **changes) or b""


def straight(clip: Clip) -> Any:
    """Return the score with the early hits of beat 1 at its beginning instead of its end."""
    if not clip.anticipation:
        return clip.score
    return timeline.anticipated_to_start(clip.score, clip.beats - clip.anticipation)


def extra_within(clip: Clip, start_beat: float, n_beats: float) -> list[ExtraEvent]:
    """Return the extra events of an excerpt: those inside it, and all earlier system messages."""
    begin, end = (
        timeline.tick_at(beat, clip.score.tpq) for beat in (start_beat, start_beat + n_beats)
    )
    return [
        event._replace(tick=max(event.tick - begin, 0))
        for event in clip.extra_events
        if event.tick < end and (event.tick >= begin or event.data[0] in (0xF0, 0xF7))
    ]
