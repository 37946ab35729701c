"""The controls of a piano window: their measures, classes and names.

Whether a control succeeded is measured on the decoded notes, never by the classifier that steered
the sampling.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import choice, shown
from workbench.errors import PromptError
from workbench.music.keys import in_scales, signature
from workbench.representations.pvd import LOW, PVD
from workbench.systems.diffusion_lm.request import DENSITIES, REGISTERS


@dataclass(frozen=True)
class Labels:
    """Measures of windows: key signature (n,) 0–11, notes per bar (n,), mean pitch (n,), style
    (n,); and the terciles of density and register that separate their classes."""

    key: np.ndarray
    notes_per_bar: np.ndarray
    pitch: np.ndarray
    style: np.ndarray
    density_limits: tuple[float, float]
    register_limits: tuple[float, float]

    def take(self, n: int) -> Labels:
        """Return the first `n`."""
        return replace(
            self,
            key=self.key[:n],
            notes_per_bar=self.notes_per_bar[:n],
            pitch=self.pitch[:n],
            style=self.style[:n],
        )

    def like(self, other: Labels) -> Labels:
        """Return the same measures with the class limits of another set of windows."""
        return replace(
            self, density_limits=other.density_limits, register_limits=other.register_limits
        )

    def tensors(self, moved: Tensor) -> tuple[Tensor, ...]:
        """Return classes (key, density, register, style) of windows transposed by semitones
        (n,)."""
        by = moved.numpy()
        return tuple(
            torch.from_numpy(np.asarray(values, dtype=np.int16))
            for values in (
                (self.key + by) % 12,
                level(self.notes_per_bar, self.density_limits),
                level(self.pitch + by, self.register_limits),
                self.style,
            )
        )


def level(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return 0, 1 or 2 for values below, between and above the two limits."""
    return np.searchsorted(np.asarray(limits), values, side="right")


def key_signature(pitches: np.ndarray) -> int:
    """Return the tonic (C = 0) of the major scale that contains most of the pitches; a minor key
    counts as its relative major. Ties go to the scale whose tonic and fifth are most frequent."""
    counts = np.bincount(np.asarray(pitches, dtype=int) % 12, minlength=12).astype(float)
    inside = in_scales(counts)
    home = np.array([counts[[tonic, (tonic + 7) % 12]].sum() for tonic in range(12)])
    return int(np.argmax(inside + 1e-3 * home))


def measures(ids: np.ndarray, code: PVD) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return key signature, notes per bar and mean pitch of token sequences (n, time).

    A window begins at a bar line and ends after 128 words. Its last, incomplete bar counts as the
    fraction that is present.
    """
    key, density, pitch = [], [], []
    for row in np.atleast_2d(ids):
        kinds = code.kinds[row]
        pitches = row[kinds == "p"] - code.first["p"] + LOW
        begins = np.flatnonzero(kinds == "b")
        bars = max(1.0, float(len(begins)))
        if len(begins):
            places = row[begins[-1] :]
            places = places[code.kinds[places] == "o"] - code.first["o"]
            bars += min(1.0, (places[-1] + 1) / 16 if len(places) else 0.25) - 1
        key.append(key_signature(pitches) if len(pitches) else 0)
        density.append(len(pitches) / max(bars, 0.25))
        pitch.append(float(pitches.mean()) if len(pitches) else 0.0)
    return np.array(key), np.array(density), np.array(pitch)


def labels_of(ids: np.ndarray, code: PVD, style: np.ndarray) -> Labels:
    """Return labels of windows; the class limits are the terciles of these windows."""
    key, density, pitch = measures(ids, code)
    thirds = [tuple(float(x) for x in np.quantile(v, [1 / 3, 2 / 3])) for v in (density, pitch)]
    return Labels(key, density, pitch, style, thirds[0], thirds[1])  # type: ignore[arg-type]


def classes_of(control: Mapping[str, str] | None, styles: tuple[str, ...]) -> dict[str, int]:
    """Return controls as class numbers. Raises PromptError for an unknown name or value.

    key: "C", "C major", "A minor" (with the key signature of C major); density: sparse, medium,
    busy; register: low, middle, high; style: the name of a data set.
    """
    names = {"density": DENSITIES, "register": REGISTERS, "style": styles}
    if not isinstance(control, Mapping | None):
        raise PromptError(f"control={shown(control)}: give controls by name, or None")
    wanted = {}
    for name, value in (control or {}).items():
        if name == "key":
            wanted[name] = signature(value)
        else:
            known = names[choice(name, "control", ("key", *names))]
            wanted[name] = known.index(choice(value, name, known))
    return wanted
