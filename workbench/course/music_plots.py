"""Figures of music: drum rolls, piano rolls, spectrograms, and a map of the world. Each function
plots on the given axes and returns them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from workbench.arguments import number, whole
from workbench.course.figure_style import COLOURS, INK, axes, legend, style_axes
from workbench.course.world import LAND
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import DrumRoll

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from workbench.music.clip import Clip


def roll(ax: Axes, drum_roll: DrumRoll, title: str = "") -> Axes:
    """Plot a drum roll: position is time with microtiming; size and opacity are velocity; thick
    lines are bars of its metre, thin ones its beats.

    Args:
        ax: Axes.
        drum_roll: With microtiming and velocity.
        title: Of the panel.

    Returns:
        The axes.
    """
    step, drum = np.nonzero(drum_roll.hits)
    velocity = drum_roll.velocity[step, drum]
    beat = (step + drum_roll.offset[step, drum]) / drum_roll.steps_per_beat
    depth: Any = 0.25 + 0.75 * velocity  # per point, which matplotlib's stub lacks
    ax.scatter(beat, drum, s=8 + 60 * velocity**2, c=COLOURS[0], alpha=depth)
    bar, unit = 4 * drum_roll.meter[0] / drum_roll.meter[1], 4 / drum_roll.meter[1]
    for line in np.arange(0, drum_roll.beats + 1e-6, unit):
        ax.axvline(line, color=INK, lw=0.4 if line % bar else 1.2, alpha=0.6, zorder=0)
    ax.set_yticks(range(len(DRUMS)), [DRUM_NAMES[code] for code in DRUMS])
    ax.set(xlim=(-0.25, drum_roll.beats), ylim=(-0.6, 8.6), xlabel="time (beats)", title=title)
    return style_axes(ax)


def notes(
    ax: Axes, clip: Clip, title: str = "", *, names: Mapping[int, str] | None = None, grid: int = 4
) -> Axes:
    """Plot a piano roll: a bar from onset to end of each note, coloured by instrument; drums are
    squares.

    Args:
        ax: Axes.
        clip: With notes.
        title: Of the panel.
        names: Of programs; −1 is the drums.
        grid: Thin lines per beat.

    Returns:
        The axes.
    """
    known, grid = names or {}, whole(grid, "grid", 1)
    table = clip.notes
    thick = max(0.8, np.ptp(table["pitch"]) / 36) if len(table) else 0.8
    who = np.where(table["is_drum"], -1, table["program"])
    for i, program in enumerate(dict.fromkeys(who.tolist())):
        mine, colour = table[who == program], COLOURS[i % 7]
        label = known.get(program, "drums" if program < 0 else f"program {program}")
        if program < 0:
            ax.scatter(
                mine["time"], mine["pitch"], marker="s", s=22, c=colour, label=label, zorder=3
            )
        else:
            ax.barh(
                mine["pitch"],
                mine["duration"],
                thick,
                mine["time"],
                color=colour,
                edgecolor="white",
                linewidth=0.8,
                label=label,
            )
    for line in range(round(clip.beats) * grid + 1):
        ax.axvline(line / grid, color=INK, lw=0.2 if line % grid else 0.9, alpha=0.6, zorder=0)
    ax.set(xlim=(-0.05, clip.beats), xlabel="time (beats)", ylabel="MIDI pitch", title=title)
    legend(ax, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return style_axes(ax)


def strip(frames: Sequence[tuple[float, DrumRoll]], most: int = 5) -> Figure:
    """Plot frames of a denoising film below each other, each with its noise level.

    Args:
        frames: (noise level, drum roll) of each.
        most: Number of frames at most, evenly spaced.

    Returns:
        The figure.
    """
    number_of = min(whole(most, "most", 1), len(frames))
    picks = np.linspace(0, len(frames) - 1, number_of).round().astype(int)
    made = np.atleast_1d(axes(len(picks), 1, width=8, height=1.7 * len(picks)))
    for ax, pick in zip(made, picks, strict=True):
        level, frame = frames[pick]
        roll(ax, frame, f"frame {pick + 1} of {len(frames)}, noise {float(level):.0%}")
        if ax is not made[-1]:
            ax.set_xlabel("")
    return made[0].figure


def spectrogram(ax: Axes, sound: ArrayLike, rate: float, title: str = "") -> Axes:
    """Plot a spectrogram in decibels, with a range of 80 dB and a colour bar.

    Args:
        ax: Axes.
        sound: (samples,).
        rate: Sample rate in Hz.
        title: Of the panel.

    Returns:
        The axes.
    """
    # imports SciPy, which only sound needs
    from workbench.evaluation.spectra import WINDOW, decibels, spectrogram

    rate = number(rate, "rate", 1)
    levels = decibels(spectrogram(sound)[0])
    image = ax.imshow(
        levels,
        aspect="auto",
        origin="lower",
        cmap="magma_r",
        vmin=-80,
        vmax=0,
        extent=(0.0, levels.shape[1] * WINDOW / 4 / rate, 0.0, rate / 2000),
    )
    ax.set(xlabel="seconds", ylabel="kHz", title=title)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05)
    bar.set_label("dB", color=INK, fontsize=9)
    bar.ax.tick_params(labelsize=8, colors=INK)
    return style_axes(ax)


def world(
    ax: Axes, places: Mapping[str, tuple[float, float]], counts: Mapping[str, float], title: str
) -> Axes:
    """Plot places on a rough map of the world, as discs whose areas are their counts.

    Args:
        ax: Axes, about twice as wide as high.
        places: Latitude and longitude in degrees, by name.
        counts: How often each name occurs, above 0.
        title: Of the map.

    Returns:
        The axes. The alternative text of the figure names the places and their counts.
    """
    from matplotlib.collections import PolyCollection

    ax.add_collection(PolyCollection(LAND, facecolors="#E8E4DA", edgecolors="#B5AE9C", lw=0.6))
    most = max(counts.values(), default=1)
    for name, (latitude, longitude) in places.items():
        area = 20 + 300 * counts[name] / most
        ax.scatter(longitude, latitude, s=area, color=COLOURS[0], alpha=0.6, edgecolors="white")
    ax.set(xlim=(-180, 180), ylim=(-58, 85), xticks=[], yticks=[], aspect=1.2, title=title)
    for side in ax.spines.values():
        side.set_visible(False)
    named = sorted(places, key=lambda name: -counts[name])
    ax.figure.set_label(f"{title}: " + ", ".join(f"{name} {counts[name]:g}" for name in named))
    return style_axes(ax)
