"""What can be asked of a piano window, how it is measured, and what its classes are called.

The judge of whether a control was obtained is this measurement on the decoded notes, never the
classifier that steered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import choice, shown
from workbench.errors import PromptError
from workbench.music.keys import in_scales, signature
from workbench.representations.pvd import LOW, PVD

DENSITIES = ("sparse", "medium", "busy")
REGISTERS = ("low", "middle", "high")


@dataclass(frozen=True)
class Labels:
    """Measures and classes of windows: key signature (n,) 0–11, notes a bar (n,), mean pitch (n,),
    style (n,); the terciles of density and register that make their classes."""

    key: np.ndarray
    notes_a_bar: np.ndarray
    pitch: np.ndarray
    style: np.ndarray
    density_limits: tuple[float, float]
    register_limits: tuple[float, float]

    def take(self, n: int) -> Labels:
        """The first `n`."""
        return replace(
            self,
            key=self.key[:n],
            notes_a_bar=self.notes_a_bar[:n],
            pitch=self.pitch[:n],
            style=self.style[:n],
        )

    def like(self, other: Labels) -> Labels:
        """The same measures, in the classes of another set of windows."""
        return replace(
            self, density_limits=other.density_limits, register_limits=other.register_limits
        )

    def tensors(self, moved: Tensor) -> tuple[Tensor, ...]:
        """Classes (key, density, register, style) of windows moved by semitones (n,)."""
        by = moved.numpy()
        return tuple(
            torch.from_numpy(np.asarray(values, dtype=np.int16))
            for values in (
                (self.key + by) % 12,
                level(self.notes_a_bar, self.density_limits),
                level(self.pitch + by, self.register_limits),
                self.style,
            )
        )


def level(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """0, 1 or 2: below, between, above the two limits."""
    return np.searchsorted(np.asarray(limits), values, side="right")


def key_signature(pitches: np.ndarray) -> int:
    """The major tonic (C = 0) of the scale that holds most of the pitches, relative minor included.
    Ties go to the scale whose tonic and fifth are heard most."""
    counts = np.bincount(np.asarray(pitches, dtype=int) % 12, minlength=12).astype(float)
    inside = in_scales(counts)
    home = np.array([counts[[tonic, (tonic + 7) % 12]].sum() for tonic in range(12)])
    return int(np.argmax(inside + 1e-3 * home))


def measures(ids: np.ndarray, code: PVD) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Key signature, notes a bar and mean pitch of sequences (n, time), from their words.

    A window begins at a bar line and ends where its words are full: the bar that was cut counts as
    the share of it that was said.
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
    """Labels of windows; the limits of the classes are these windows' terciles."""
    key, density, pitch = measures(ids, code)
    thirds = [tuple(float(x) for x in np.quantile(v, [1 / 3, 2 / 3])) for v in (density, pitch)]
    return Labels(key, density, pitch, style, thirds[0], thirds[1])  # type: ignore[arg-type]


_KEY = re.compile(r"\b([a-g](?:#|b|♯|♭)?) ?(major|minor)\b", re.I)
_SAID = {
    "piano",
    "with",
    "the",
    "notes",
    "of",
    "in",
    "and",
    "a",
    "key",
    "density",
    "register",
    "style",
    "music",
    "uncontrolled",
}


def control_of(prompt: str, styles: tuple[str, ...]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The controls that words such as "busy, G major, high" ask for, and the words that ask for
    none. Of two words for one control the first one counts."""
    control: dict[str, str] = {}
    if found := _KEY.search(prompt):
        tonic = found[1].replace("♯", "#").replace("♭", "b")
        control["key"] = f"{tonic[0].upper()}{tonic[1:]} {found[2].lower()}"
    unknown = []
    for word in re.findall(r"[\w#-]+", _KEY.sub(" ", prompt)):
        for name, values in (("density", DENSITIES), ("register", REGISTERS), ("style", styles)):
            if word.lower() in values:
                control.setdefault(name, word.lower())
                break
        else:
            if word.lower() not in _SAID:
                unknown.append(word)
    return control, tuple(dict.fromkeys(unknown))


def classes_of(control: Mapping[str, str] | None, styles: tuple[str, ...]) -> dict[str, int]:
    """Asked words as classes. PromptError names what is unknown.

    key: "C", "C major", "A minor" (which has C major's signature); density: sparse, medium, busy;
    register: low, middle, high; style: a data set's name.
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
