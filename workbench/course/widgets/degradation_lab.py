"""The degradation lab: degrade real sounds, and see how each metric responds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import traitlets as t

from workbench.arguments import number, seed_of, shown, whole
from workbench.course.widgets.base import MusicWidget, Number, loop_bytes, module, style
from workbench.errors import PromptError
from workbench.evaluation.degradations import DEGRADATIONS, degrade, level
from workbench.music.audio import check_rate, checked
from workbench.music.clip import Clip

Measure = Callable[[np.ndarray], Mapping[str, float]]


class DegradationLab(MusicWidget):
    """A choice of degradations and a slider for their strength; each measurement adds a row.

    Args:
        sounds: (n, samples) at `rate` Hz.
        rate: Sample rate in Hz.
        measure: Function of such sounds that returns values by metric.
        example: Index of the sound to play.
        seed: Of degradations that add noise.

    Raises:
        PromptError: for a `measure` that is not a function, and an example outside the sounds.
        WorkbenchError: for sounds with NaN.
    """

    _esm = module("degradation_lab")
    _css = style("degradation_lab")

    kinds = t.List(list(DEGRADATIONS)).tag(sync=True)
    kind = t.Unicode("low-pass").tag(sync=True)
    strength = Number(0.5, min=0, max=1).tag(sync=True)
    names: t.List[Any] = t.List().tag(sync=True)  # of the metrics
    # kind, strength, what (in words), values; the first is clean
    rows: t.List[Any] = t.List().tag(sync=True)
    levels = t.Dict().tag(sync=True)  # kind → the level at each twentieth of the slider, in words

    def __init__(
        self, sounds: np.ndarray, rate: int, measure: Measure, *, example: int = 0, seed: int = 0
    ) -> None:
        self.sounds = checked(sounds, "sounds")
        self.rate = rate = check_rate(rate, "rate")
        if not callable(measure):
            raise PromptError(f"measure={shown(measure)}: give a function of sounds (n, samples)")
        self.measure, self.seed = measure, seed_of(seed)
        self.example = whole(example, "example", 0, len(self.sounds) - 1)
        clean = dict(measure(self.sounds))
        words = {kind: [level(kind, i / 20, rate) for i in range(21)] for kind in DEGRADATIONS}
        super().__init__(names=list(clean), levels=words)
        self.rows = [self._row("", 0.0, "original", clean)]

    def _row(self, kind: str, strength: float, words: str, values: Mapping[str, float]) -> dict:
        return {
            "kind": kind,
            "strength": strength,
            "what": words,
            "values": [float(values[name]) for name in self.names],
        }

    def spoiled(self, kind: str, strength: float) -> np.ndarray:
        """All sounds (n, samples), degraded, as the next row measures them."""
        return degrade(self.sounds, self.rate, kind, strength, seed=self.seed)

    def _measure(self, kind: str, strength: float) -> None:
        words = level(kind, strength, self.rate)
        row = self._row(kind, strength, words, self.measure(self.spoiled(kind, strength)))
        self.kind, self.strength = kind, strength
        self.rows = [*self.rows, row]
        self.say = f"{kind}, {words}: measured."

    def clip(self, strength: float | None = None) -> Clip:
        """The example at the current strength, or at another from 0 to 1."""
        strength = self.strength if strength is None else number(strength, "strength", 0, 1)
        sound = degrade(
            self.sounds[self.example : self.example + 1],
            self.rate,
            self.kind,
            strength,
            seed=self.seed,
        )
        words = f"{self.kind}: {level(self.kind, strength, self.rate)}"
        return Clip(audio=sound, sample_rate=self.rate, caption=words if strength else "original")

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clip(0.0), self.clip()]

    def on_measure(self, message: dict[str, Any]) -> None:
        """Degrade and measure with the page's settings."""
        kind, strength = _settings_of(message)
        self.start("Measuring", 1, lambda: self._measure(kind, strength))

    def on_play(self, message: dict[str, Any]) -> None:
        """Send the example's sound."""
        self.kind, self.strength = _settings_of(message)
        clip = self.clip()
        self.send({"is": "sound", "seconds": clip.duration}, buffers=[loop_bytes(clip)])


def _settings_of(message: Mapping[str, Any]) -> tuple[str, float]:
    kind = str(message.get("kind"))
    if kind not in DEGRADATIONS:
        raise PromptError(f"kind: {kind!r} is unknown; choose one of {', '.join(DEGRADATIONS)}")
    return kind, number(message.get("strength", 0.0), "strength", 0, 1)
