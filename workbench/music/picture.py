"""The picture of a clip: drum grid, piano roll or waveform, as SVG and as PNG.

The geometry is computed once, in SVG units, and drawn in both formats. A drum hit is placed where
it sounds, so that microtiming is visible as a shift from the grid line. Its height and opacity
follow the velocity, so that colour is never the only cue.
"""

import io
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from workbench.music.kit import DRUM_NAMES, DRUMS, read_lookup

if TYPE_CHECKING:
    from workbench.music.clip import Clip

WIDTH, LEFT, RIGHT, TOP = 760.0, 92.0, 8.0, 18.0
ROW = 17.0  # height of a drum's row
LEVELS = 6  # steps of opacity
MAX_ROWS_PITCH = 3.4  # height of a semitone at most
STEP_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


@dataclass
class Picture:
    """Shapes in SVG units. bars: (n, 5) x, y, width, height, level 0..1."""

    height: float
    bars: np.ndarray
    rows: list[tuple[float, str]] = field(default_factory=list)  # text baseline, name
    stripes: list[tuple[float, float]] = field(default_factory=list)  # y, height
    bar_lines: list[tuple[float, str]] = field(default_factory=list)  # x, number
    beat_lines: list[float] = field(default_factory=list)
    shade: tuple[float, float] | None = None  # x, width
    label: str = ""


def picture_of(
    clip: "Clip",
    *,
    first_bar: int = 1,
    shaded: tuple[int, int] | None = None,
    shaded_seconds: tuple[float, float] | None = None,
) -> Picture:
    """Return the drum grid, piano roll or waveform of a clip.

    first_bar: number of its first bar; shaded: numbers of the first and last bar to shade;
    shaded_seconds: (first, last) in seconds to shade.
    """
    if not clip.has_score:
        picture = _waveform(clip)
    else:
        picture = _drum_grid(clip) if clip.is_drums else _piano_roll(clip)
    if first_bar != 1:
        picture.bar_lines = [(x, str(int(n) + first_bar - 1)) for x, n in picture.bar_lines]
    if shaded is not None:
        lines = clip.bar_lines
        edges = np.clip([shaded[0] - first_bar, shaded[1] + 1 - first_bar], 0, len(lines) - 1)
        left, right = _x(clip, lines[edges]).tolist()
        picture.shade = (left, right - left)
        picture.label += f"; bars {shaded[0]} to {shaded[1]} are shaded"
    if shaded_seconds is not None:
        a, b = (min(max(at / max(clip.duration, 1e-9), 0.0), 1.0) for at in shaded_seconds)
        picture.shade = (LEFT + (WIDTH - LEFT - RIGHT) * a, (WIDTH - LEFT - RIGHT) * (b - a))
        picture.label += f"; {shaded_seconds[0]:g} to {shaded_seconds[1]:g} s are shaded"
    return picture


def drum_grid_svg(clip: "Clip") -> str:
    """Return the drum hits of a clip as one SVG element, with a named row per voice."""
    return svg(_drum_grid(clip))


def piano_roll_svg(clip: "Clip") -> str:
    """Return the notes of a clip as one SVG element: pitch upwards, time to the right."""
    return svg(_piano_roll(clip))


def waveform_svg(clip: "Clip") -> str:
    """Return the waveform of an audio clip as one SVG element."""
    return svg(_waveform(clip))


def _x(clip: "Clip", beats: np.ndarray) -> np.ndarray:
    """Return positions of beats on the time axis, which is linear in seconds like the playhead."""
    plot = WIDTH - LEFT - RIGHT
    return LEFT + plot * clip.seconds_at(beats) / max(clip.duration, 1e-9)


def _time_lines(clip: "Clip", picture: Picture) -> None:
    lines = clip.bar_lines
    every = int(np.ceil(len(lines) / 24))
    for index, x in enumerate(_x(clip, lines[:-1]).tolist()):
        if index % every == 0:
            picture.bar_lines.append((x, str(index + 1)))
    if len(lines) <= 17:
        beats = np.arange(0, clip.beats, 4 / clip.meter[1])
        picture.beat_lines = _x(clip, np.setdiff1d(beats, lines)).tolist()


def _drum_grid(clip: "Clip") -> Picture:
    notes = clip.notes
    voices = read_lookup()[notes["pitch"]].astype(int)
    names = [DRUM_NAMES[code] for code in DRUMS]
    if np.any(voices < 0):
        names.append("other")
        voices = np.where(voices < 0, len(DRUMS), voices)
    # the kit as it is drawn in drum scores: cymbals above, bass drum below
    order = [5, 4, 3, 2, 8, 7, 6, 1, 0]
    place = np.empty(len(names), dtype=int)
    place[order] = np.arange(len(order))
    place[len(DRUMS) :] = np.arange(len(order), len(names))
    y = TOP + ROW * place[voices]
    level = notes["velocity"] / 127
    sixteenth = _x(clip, np.array([0.25]))[0] - LEFT
    height = (ROW - 4) * (0.25 + 0.75 * level)
    width = np.full(len(notes), np.clip(0.75 * sixteenth, 2.2, 9))
    x = _x(clip, notes["time"])
    width = np.clip(WIDTH - RIGHT - x, 1.5, width)
    bars = np.stack([x, y + ROW - 2 - height, width, height, level], axis=1)
    inside = notes["time"] < clip.beats
    picture = Picture(TOP + ROW * len(names) + 4, bars[inside])
    for index, name in enumerate(names):
        top = TOP + ROW * place[index]
        picture.rows.append((top + ROW - 5, name))
        if place[index] % 2 == 0:
            picture.stripes.append((top, ROW))
    _time_lines(clip, picture)
    picture.label = f"Drum grid, {clip.bars} bars, {int(inside.sum())} hits"
    return picture


def _piano_roll(clip: "Clip") -> Picture:
    notes = clip.notes
    notes = notes[notes["time"] < clip.beats]
    low = int(notes["pitch"].min(initial=127)) if len(notes) else 60
    high = int(notes["pitch"].max(initial=0)) if len(notes) else 72
    low, high = min(low, high - 11) - 1, high + 1
    row = min(MAX_ROWS_PITCH * 2, 150 / (high - low + 1))
    x = _x(clip, notes["time"])
    end = _x(clip, np.minimum(notes["time"] + notes["duration"], clip.beats))
    y = TOP + (high - notes["pitch"]) * row
    width = np.maximum(end - x - 0.6, 1.4)
    height = np.full(len(notes), max(row - 0.8, 1.2))
    bars = np.stack([x, y, width, height, notes["velocity"] / 127], axis=1)
    picture = Picture(TOP + row * (high - low + 1) + 4, bars)
    for pitch in range(low, high + 1):
        top = TOP + (high - pitch) * row
        if pitch % 12 == 0:
            picture.rows.append((top + row / 2 + 4, pitch_name(pitch)))
        if pitch % 12 in (1, 3, 6, 8, 10):
            picture.stripes.append((top, row))
    _time_lines(clip, picture)
    picture.label = f"Piano roll, {clip.bars} bars, {len(notes)} notes"
    return picture


def _waveform(clip: "Clip") -> Picture:
    sound = clip.waveform(clip.sample_rate or 44100).mean(axis=0)
    columns = 330
    edges = np.linspace(0, len(sound), columns + 1).astype(int)[:-1]
    edges = np.minimum(edges, len(sound) - 1)
    high = np.maximum.reduceat(sound, edges)
    low = np.minimum.reduceat(sound, edges)
    half, step = 56.0, (WIDTH - LEFT - RIGHT) / columns
    height = np.maximum((high - low) * half, 1.0)
    x = LEFT + step * np.arange(columns)
    ones = np.ones(columns)
    bars = np.stack([x, TOP + half - high * half, ones * step * 0.8, height, ones], axis=1)
    picture = Picture(TOP + 2 * half + 4, bars, rows=[(TOP + half + 4, "waveform")])
    if clip.tempo_known:
        _time_lines(clip, picture)
    picture.label = f"Waveform, {clip.duration:.1f} seconds"
    return picture


def pitch_name(pitch: int) -> str:
    """60 → "C4"."""
    return f"{STEP_NAMES[pitch % 12]}{pitch // 12 - 1}"


SVG_STYLE = (
    ".wb-svg{--i:var(--wb-ink,#222);--a:var(--wb-accent,#0b62c4);font:11px system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){.wb-svg{--i:var(--wb-ink,#ddd);--a:var(--wb-accent,#7cb8ff)}}"
    ".wb-svg text{fill:var(--i)}.wb-svg .s{fill:var(--i);opacity:.06}.wb-svg .n{fill:var(--a)}"
    ".wb-svg .h{fill:var(--a);fill-opacity:.14;stroke:var(--a);stroke-dasharray:5 3}"
    ".wb-svg .l{stroke:var(--i);opacity:.45}.wb-svg .b{stroke:var(--i);opacity:.14}"
)


def svg(picture: Picture) -> str:
    """Return the picture as one self-contained SVG element without ids; equal levels share a
    path."""
    bottom = picture.height - 4
    parts = [
        f'<svg class="wb-svg" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'aria-label="{escape(picture.label)}" viewBox="0 0 {WIDTH:g} {picture.height:.0f}" '
        f'data-left="{LEFT:g}" data-right="{WIDTH - RIGHT:g}"><style>{SVG_STYLE}</style>'
    ]
    plot = WIDTH - LEFT - RIGHT
    stripes = "".join(f"M{LEFT:g} {y:.1f}h{plot:g}v{h:.1f}h-{plot:g}z" for y, h in picture.stripes)
    parts.append(f'<path class="s" d="{stripes}"/>')
    if picture.shade is not None:
        x, width = picture.shade
        height = bottom - TOP + 4
        parts.append(
            f'<path class="h" d="M{x:.1f} {TOP - 4:g}h{width:.1f}v{height:.1f}h-{width:.1f}z"/>'
        )
    beats = "".join(f"M{x:.1f} {TOP:g}V{bottom:.1f}" for x in picture.beat_lines)
    lines = "".join(f"M{x:.1f} {TOP - 4:g}V{bottom:.1f}" for x, _ in picture.bar_lines)
    parts.append(f'<path class="b" d="{beats}"/><path class="l" d="{lines}"/>')
    parts += [f'<text x="{x + 3:.1f}" y="12">{escape(n)}</text>' for x, n in picture.bar_lines]
    parts += [
        f'<text x="{LEFT - 6:g}" y="{y:.1f}" text-anchor="end">{escape(name)}</text>'
        for y, name in picture.rows
    ]
    parts += _note_paths(picture.bars)
    head = f'<path class="wb-head" d="M{LEFT:g} {TOP - 4:g}V{bottom:.1f}" visibility="hidden"/>'
    return "".join([*parts, head, "</svg>"])


def _note_paths(bars: np.ndarray) -> list[str]:
    levels = np.clip(np.ceil(bars[:, 4] * LEVELS), 1, LEVELS).astype(int)
    paths = []
    for level in range(1, LEVELS + 1):
        rows = bars[levels == level, :4].tolist()
        if rows:
            d = "".join(f"M{x:.1f} {y:.1f}h{w:.1f}v{h:.1f}h-{w:.1f}z" for x, y, w, h in rows)
            opacity = 0.4 + 0.6 * level / LEVELS
            paths.append(f'<path class="n" opacity="{opacity:.2f}" d="{d}"/>')
    return paths


def png(picture: Picture) -> bytes:
    """Return the picture as a light PNG, for viewers without HTML."""
    from PIL import Image, ImageDraw

    scale = 1.25
    size = (round(WIDTH * scale), round(picture.height * scale))
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)

    def box(x: float, y: float, w: float, h: float, fill: tuple[int, int, int]) -> None:
        draw.rectangle([x * scale, y * scale, (x + w) * scale, (y + h) * scale], fill=fill)

    for y, h in picture.stripes:
        box(LEFT, y, WIDTH - LEFT - RIGHT, h, (241, 241, 241))
    bottom = picture.height - 4
    for x in picture.beat_lines:
        box(x, TOP, 0, bottom - TOP, (222, 222, 222))
    for x, number in picture.bar_lines:
        box(x, TOP - 4, 0, bottom - TOP + 4, (150, 150, 150))
        draw.text(((x + 3) * scale, 2 * scale), number, fill=(60, 60, 60))
    for y, name in picture.rows:
        text = name.replace("♯", "#")
        draw.text(((LEFT - 6) * scale, y * scale), text, fill=(34, 34, 34), anchor="rs")
    for x, y, w, h, level in picture.bars.tolist():
        faint = 0.6 * (1 - level)
        colour = tuple(round(c + (255 - c) * faint) for c in (11, 98, 196))
        box(x, y, w, h, (colour[0], colour[1], colour[2]))
    buffer = io.BytesIO()
    image.quantize(32).save(buffer, "PNG")
    return buffer.getvalue()
