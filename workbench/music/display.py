"""How a clip shows itself: a player that needs no kernel, no network and no other file.

The HTML holds the picture as SVG, the sound as Ogg Vorbis in base64, styles and script. Where
scripts are stripped, the browser's own audio element remains. Nothing has an id, so the same
clip may stand on a page any number of times.
"""

import base64
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.music.kit import DRUM_NAMES, DRUMS, read_lookup
from workbench.music.picture import (
    drum_grid_svg,
    piano_roll_svg,
    picture_of,
    pitch_name,
    png,
    svg,
    waveform_svg,
)

if TYPE_CHECKING:
    from workbench.music.clip import Clip

__all__ = [
    "drum_grid_svg",
    "mime_bundle",
    "piano_roll_svg",
    "player_html",
    "summary",
    "waveform_svg",
]

RATE = 24000  # Hz of the embedded sound; player.js opens its audio context at the same rate
QUALITY = (0.8, 1.0)  # Vorbis compression level up to 16 s, and from 30 s on: 5 to 3 kB a second
MAX_SECONDS = 90.0  # of a longer clip, the beginning is shown and played
MAX_TABLE_ROWS = 256


def mime_bundle(clip: "Clip") -> dict[str, Any]:
    """text/plain, text/html and image/png of a clip. Never raises on a clip that can be read."""
    shown = _beginning(clip)
    return {
        "text/plain": repr(clip),
        "text/html": player_html(clip),
        "image/png": base64.b64encode(png(picture_of(shown))).decode(),
    }


def player_html(clip: "Clip", *, title: str | None = None, loop: bool = True) -> str:
    """Caption, picture and player of a clip as one self-contained piece of HTML.

    title: heading instead of the caption. A clip above 90 s shows and plays its beginning. If it
    cannot be rendered, the error's line stands in the player's place.
    """
    shown = _beginning(clip)
    name = title if title is not None else (clip.caption or "clip")
    try:
        sound = _data_url(shown, loop)
    except WorkbenchError as error:
        player = f'<p class="wb-error" role="alert">{escape(str(error))}</p>'
    else:
        player = _controls(shown.duration, name, sound, loop)
    return (
        f'<div class="wb-clip" role="group" aria-label="{escape(name)}" '
        f'data-duration="{_played_seconds(shown)}" data-rate="{RATE}" data-name="{escape(name)}">'
        f"<style>{asset('player.css')}</style>"
        f'<div class="wb-title">{escape(name)}</div>'
        f'<div class="wb-facts">{escape(_facts(clip, shown))}</div>'
        f'<div class="wb-stage">{svg(picture_of(shown))}</div>'
        f"{player}{_table(shown)}"
        f"<script>{asset('player.js')}</script></div>"
    )


def summary(clip: "Clip") -> str:
    """A clip in one line of text."""
    parts = [f"Clip {clip.caption!r}" if clip.caption else "Clip"]
    if clip.tempo_known or clip.has_score:
        plural = "" if clip.bars == 1 else "s"
        parts.append(f"{clip.bars} bar{plural} of {clip.meter[0]}/{clip.meter[1]}")
        parts.append(f"{clip.tempo:g} BPM")
    parts.append(f"{clip.duration:.1f} s")
    if clip.has_score:
        parts.append(f"{len(clip.notes)} {'drum hits' if clip.is_drums else 'notes'}")
    elif clip.audio is not None:
        parts.append(f"{clip.audio.shape[0]} × {clip.sample_rate} Hz")
    if clip.source:
        parts.append(clip.source)
    return "<" + ", ".join(parts) + ">"


@cache
def asset(name: str) -> str:
    """A text file that lies beside this module."""
    return files("workbench.music").joinpath(name).read_text(encoding="utf-8")


def _beginning(clip: "Clip") -> "Clip":
    if clip.duration <= MAX_SECONDS:
        return clip
    fitting = clip.bar_lines[clip.seconds_at(clip.bar_lines) <= MAX_SECONDS]
    beats = float(fitting[-1]) if len(fitting) > 1 and clip.has_score else 0.0
    return clip.excerpt(0, beats or MAX_SECONDS * clip.tempo / 60)


def _data_url(clip: "Clip", loop: bool) -> str:
    from workbench.music.audio import encode

    sound = clip.waveform(RATE, loop=loop)
    quality = float(np.interp(clip.duration, (16, 30), QUALITY))
    data = encode(sound.mean(axis=0, keepdims=True), RATE, "ogg", quality=quality)
    return "data:audio/ogg;base64," + base64.b64encode(data).decode()


def _played_seconds(clip: "Clip") -> float:
    """The sound's exact length, to the sample."""
    return round(clip.duration * RATE) / RATE


def _controls(seconds: float, name: str, sound: str, loop: bool) -> str:
    pressed = "true" if loop else "false"
    label = escape(name)
    return (
        '<div class="wb-controls" hidden>'
        f'<button type="button" class="wb-play" aria-label="Play {label}">▶ Play</button>'
        f'<input type="range" class="wb-seek" min="0" max="{seconds:.2f}" step="0.01" value="0" '
        f'aria-label="Position in {label}">'
        f'<span class="wb-time">0:00.0 / {int(seconds // 60)}:{seconds % 60:04.1f}</span>'
        f'<button type="button" class="wb-loop" aria-pressed="{pressed}">Loop</button></div>'
        f'<audio controls{" loop" if loop else ""} preload="metadata" aria-label="{label}" '
        f'src="{sound}"></audio>'
    )


def _facts(clip: "Clip", shown: "Clip") -> str:
    parts = []
    if clip.has_score or clip.tempo_known:
        plural = "" if clip.bars == 1 else "s"
        parts = [
            f"{clip.tempo:.4g} BPM",
            f"{clip.bars} bar{plural} of {clip.meter[0]}/{clip.meter[1]}",
        ]
    parts.append(f"{clip.duration:.1f} s")
    if clip.has_score:
        parts.append(f"{len(clip.notes)} {'hits' if clip.is_drums else 'notes'}")
    if clip.source:
        made = "system" in clip.labels  # then the source is a sentence, not a file
        name = clip.source.replace("\\", "/").rsplit("/", 1)[-1]
        parts.append(clip.source if made else name)
    if shown is not clip:
        parts.append(f"the first {shown.duration:.0f} s are shown; write_audio saves all")
    return " · ".join(parts)


def _table(clip: "Clip") -> str:
    """The notes in words, one row for each 16th that has any, folded away."""
    if not len(clip.notes):
        return ""
    steps = np.rint(clip.notes["time"] * 4).astype(int)
    lines = clip.bar_lines
    rows = []
    unique, first = np.unique(steps, return_index=True)
    ends = np.append(first[1:], len(steps))
    for step, begin, end in list(zip(unique.tolist(), first, ends, strict=True))[:MAX_TABLE_ROWS]:
        bar = int(np.searchsorted(lines, step / 4 + 1e-9, side="right")) - 1
        beat = (step / 4 - lines[bar]) * clip.meter[1] / 4 + 1
        sounds = ", ".join(_in_words(note) for note in clip.notes[begin:end])
        rows.append(f"<tr><td>{bar + 1}<td>{beat:g}<td>{sounds}")
    more = len(unique) - len(rows)
    if more > 0:
        rows.append(f"<tr><td colspan=3>and {more} more positions")
    kind = "hits" if clip.is_drums else "notes"
    return (
        f'<details><summary>{len(clip.notes)} {kind} as a table</summary><div class="wb-table" '
        'tabindex="0" role="region" aria-label="Notes"><table><thead><tr><th scope="col">Bar'
        '<th scope="col">Beat<th scope="col">Sounds (velocity 1 to 127)<tbody>'
        f"{''.join(rows)}</table></div></details>"
    )


def _in_words(note: Any) -> str:
    pitch, velocity = int(note["pitch"]), int(note["velocity"])
    if note["is_drum"]:
        voice = int(read_lookup()[pitch])
        return f"{DRUM_NAMES[DRUMS[voice]] if voice >= 0 else f'drum {pitch}'} {velocity}"
    return f"{pitch_name(pitch)} {velocity}"
