"""The display of a clip: a player that needs no kernel, no network and no other file.

The HTML contains the picture as SVG, the sound as Ogg Vorbis in base64, styles and script. Without
scripts, the browser's own audio element remains. Nothing has an id, so a page may contain the same
clip any number of times.
"""

import base64
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.errors import WorkbenchError
from workbench.music.audio import encode
from workbench.music.drum_kit import KitSynth
from workbench.music.kit import DRUM_NAMES, DRUMS, read_lookup
from workbench.music.loudness import for_playback
from workbench.music.picture import (
    Picture,
    drum_grid_svg,
    piano_roll_svg,
    picture_of,
    pitch_name,
    png,
    svg,
    waveform_svg,
)
from workbench.music.synth import playback_synth

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
QUALITY = (0.8, 1.0)  # Vorbis compression level up to 16 s, and from 30 s on: 5 to 3 kB per second
MAX_SECONDS = 90.0  # seconds of a longer clip that are shown and played
MAX_TABLE_ROWS = 256


def mime_bundle(clip: "Clip") -> dict[str, Any]:
    """Return text/plain, text/html and image/png of a clip. Never raises for a readable clip."""
    shown = _beginning(clip)
    return {
        "text/plain": repr(clip),
        "text/html": player_html(clip),
        "image/png": base64.b64encode(png(picture_of(shown))).decode(),
    }


def player_html(
    clip: "Clip",
    *,
    title: str | None = None,
    loop: bool = True,
    source: str | None = None,
    note: str = "",
    first_bar: int = 1,
    shaded: tuple[int, int] | None = None,
    shaded_seconds: tuple[float, float] | None = None,
    blind: bool = False,
) -> str:
    """Return caption, picture and player of a clip as self-contained HTML.

    A clip longer than 90 s shows and plays its beginning. If it cannot be rendered, the error
    message replaces the player.

    Args:
        clip: The clip.
        title: Heading, by default the caption.
        loop: Whether the player repeats the clip.
        source: Origin, by default the clip's own.
        note: A further remark.
        first_bar: Number of the first bar in the picture.
        shaded: Numbers of the first and last bar to shade.
        shaded_seconds: (first, last) in seconds to shade.
        blind: Whether to show the title and the player only: what else is known of a clip may tell
            where it comes from.

    Returns:
        HTML.
    """
    shown = _beginning(clip)
    name = title if title is not None else (clip.caption or "clip")
    try:
        sound = _data_url(shown, loop)
    except WorkbenchError as error:
        player = f'<p class="wb-error" role="alert">{escape(str(error))}</p>'
        kit = ""
    else:
        player, kit = _audio(name, sound, loop), _kit(shown)
    start = (
        f'<div class="wb-clip" role="group" aria-label="{escape(name)}" '
        f'data-duration="{_played_seconds(shown)}" data-rate="{RATE}" data-name="{escape(name)}">'
        f"<style>{asset('player.css')}</style>"
        f'<div class="wb-title">{escape(name)}</div>'
    )
    script = f"<script>{asset('player.js')}</script></div>"
    if blind:
        return f"{start}{player}{script}"
    facts = _facts(clip, shown, source) + [text for text in (kit, note) if text]
    picture = picture_of(shown, first_bar=first_bar, shaded=shaded, shaded_seconds=shaded_seconds)
    return (
        f'{start}<div class="wb-facts">{escape(" · ".join(facts))}</div>'
        f'<div class="wb-stage">{_image(picture)}</div>'
        f"{player}{_table(shown, first_bar)}{script}"
    )


def summary(clip: "Clip") -> str:
    """Describe a clip in one line of text."""
    parts = [f"Clip {clip.caption!r}" if clip.caption else "Clip"]
    if clip.tempo_known or clip.has_score:
        parts.append(_bars(clip))
        parts.append(f"{clip.tempo:g} BPM")
    parts.append(f"{clip.duration:.1f} s")
    if clip.has_score:
        parts.append(f"{len(clip.notes)} {'drum hits' if clip.is_drums else 'notes'}")
    elif clip.audio is not None:
        parts.append(f"{clip.audio.shape[0]} × {clip.sample_rate} Hz")
    if clip.source:
        parts.append(clip.source)
    return "<" + ", ".join(parts) + ">"


def _bars(clip: "Clip") -> str:
    """Return the length in bars and the metre. The last bar of a score counts as a whole one; that
    of a waveform may be cut off."""
    bars = f"{clip.bars}"
    if not clip.has_score:
        bars = f"{round(clip.beats * clip.meter[1] / (4 * clip.meter[0]), 1):g}"
    return f"{bars} bar{'' if bars == '1' else 's'} of {clip.meter[0]}/{clip.meter[1]}"


@cache
def asset(name: str) -> str:
    """Return a text file from this module's folder."""
    return files("workbench.music").joinpath(name).read_text(encoding="utf-8")


def _beginning(clip: "Clip") -> "Clip":
    if clip.duration <= MAX_SECONDS:
        return clip
    fitting = clip.bar_lines[clip.seconds_at(clip.bar_lines) <= MAX_SECONDS]
    beats = float(fitting[-1]) if len(fitting) > 1 and clip.has_score else 0.0
    return clip.excerpt(0, beats or MAX_SECONDS * clip.tempo / 60)


def _data_url(clip: "Clip", loop: bool) -> str:
    quality = float(np.interp(clip.duration, (16, 30), QUALITY))
    data = encode(played(clip, loop), RATE, "ogg", quality=quality)
    return "data:audio/ogg;base64," + base64.b64encode(data).decode()


def played(clip: "Clip", loop: bool) -> np.ndarray:
    """Return the sound of a page's player, (channels, samples) at RATE.

    A waveform has the loudness of `loudness.for_playback`, and two channels if it has two that
    differ. A score is rendered to one channel at the level of its notes.
    """
    sound = clip.playback(RATE, loop=loop)
    if clip.has_score:
        return sound.mean(axis=0, keepdims=True)
    sound = for_playback(sound, RATE, loop)
    return sound if not np.array_equal(sound[0], sound[1]) else sound[:1]


def _kit(clip: "Clip") -> str:
    """Name the kit if drums are played on another SoundFont than the rest."""
    if not clip.has_score or not clip.notes["is_drum"].any():
        return ""
    synth = playback_synth()
    return f"drums: {synth.kit.title}" if isinstance(synth, KitSynth) else ""


def _played_seconds(clip: "Clip") -> float:
    """Return the exact length of the sound."""
    return round(clip.duration * RATE) / RATE


def _image(picture: Picture) -> str:
    """Return the picture as an SVG image, which the script replaces by inline SVG. Without scripts
    and inline SVG, the image remains, with its own background."""
    paper = (
        "<style>.p{fill:#fff}@media(prefers-color-scheme:dark){.p{fill:#1e1e1e}}</style>"
        '<rect class="p wb-paper" width="100%" height="100%"/><style>'
    )
    drawn = svg(picture).replace("<style>", paper, 1)
    url = "data:image/svg+xml," + drawn.replace("%", "%25").replace("#", "%23")
    text = url.replace("&", "&amp;").replace('"', "&quot;")
    return f'<img class="wb-svg" alt="{escape(picture.label)}" src="{text}">'


def _audio(name: str, sound: str, loop: bool) -> str:
    return (
        f'<audio controls{" loop" if loop else ""} preload="metadata" aria-label="{escape(name)}" '
        f'src="{sound}"></audio>'
    )


def _facts(clip: "Clip", shown: "Clip", source: str | None) -> list[str]:
    parts = []
    if clip.has_score or clip.tempo_known:
        parts = [f"{clip.tempo:.4g} BPM", _bars(clip)]
    parts.append(f"{clip.duration:.1f} s")
    if clip.has_score:
        parts.append(f"{len(clip.notes)} {'hits' if clip.is_drums else 'notes'}")
    made = source is not None or "system" in clip.labels  # then it is a sentence, not a file
    source = clip.source if source is None else source
    if source:
        parts.append(source if made else source.replace("\\", "/").rsplit("/", 1)[-1])
    if shown is not clip:
        parts.append(f"the first {shown.duration:.0f} s are shown; write_audio saves all")
    return parts


def _table(clip: "Clip", first_bar: int = 1) -> str:
    """Return the notes as a collapsed table, one row per sixteenth that has any."""
    if not len(clip.notes):
        return ""
    lines = clip.bar_lines
    steps = np.rint(clip.notes["time"] * 4).astype(int)
    steps = np.minimum(steps, max(0, int(np.ceil(lines[-1] * 4)) - 1))  # in the last bar
    rows = []
    unique, first = np.unique(steps, return_index=True)
    ends = np.append(first[1:], len(steps))
    for step, begin, end in list(zip(unique.tolist(), first, ends, strict=True))[:MAX_TABLE_ROWS]:
        bar = int(np.searchsorted(lines, step / 4 + 1e-9, side="right")) - 1
        beat = (step / 4 - lines[bar]) * clip.meter[1] / 4 + 1
        sounds = ", ".join(_in_words(note) for note in clip.notes[begin:end])
        rows.append(f"<tr><td>{bar + first_bar}<td>{beat:g}<td>{sounds}")
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
