"""The mixup lab: two clips mixed by plain mixup, beat-synchronous audio mixup (BAM) and
beat-synchronous latent mixup (BLM)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from workbench.arguments import function_of, number, shown
from workbench.course.widgets.base import MusicWidget, Number, loop_bytes, module, style
from workbench.errors import PromptError, WorkbenchError
from workbench.music.audio import checked, turned_down
from workbench.music.clip import Clip, clip_of
from workbench.music.keys import signature
from workbench.representations.beat_tracking import Tracker, beats_of_clip, track, with_clicks
from workbench.representations.mixup import Beats, align, mix, transpose

if TYPE_CHECKING:
    from workbench.systems.musicldm import MusicLDM

RATE = 16_000  # Hz
WIDE, HIGH = 800, 64  # of a lane's picture
Lane = tuple[np.ndarray, Beats]


class MixupLab(MusicWidget):
    """A slider for λ, and lanes of sound with their beats: both clips, plain mixup, BAM, and BLM if
    a MusicLDM is given. All lanes play in a loop; a change of lane continues at the same position.
    λ acts while plain mixup and BAM play; when the slider is let go, BLM is decoded again.

    Beats come from a score, from the labels of rendered music, or else from the tracker.

    Args:
        a, b: The clips.
        system: A MusicLDM, whose latents are mixed by BLM.
        lam: Share of the first clip, 0 to 1.
        tracker: Finds the beats of a recording: (1, samples), rate in Hz → Beats.

    Raises:
        PromptError: for `lam` outside 0 to 1, and for a system that is not a MusicLDM.
        WorkbenchError: for a clip without sound, or with NaN.
    """

    _esm = module("mixup_lab")
    _css = style("mixup_lab")

    lanes: t.List[Any] = t.List().tag(sync=True)  # name, title, svg, text of each
    lam = Number(0.5, min=0, max=1).tag(sync=True)  # share of the first clip
    in_key = t.Bool(False).tag(sync=True)
    keyed = t.Bool(False).tag(sync=True)  # whether both keys are known

    def __init__(
        self,
        a: Clip,
        b: Clip,
        system: MusicLDM | None = None,
        *,
        lam: float = 0.5,
        tracker: Tracker = track,
    ) -> None:
        lam, a, b = number(lam, "lam", 0, 1), clip_of(a, "a"), clip_of(b, "b")
        function_of(tracker, "tracker")
        if system is not None and not hasattr(system, "encode_sound"):
            raise PromptError(f"system={shown(system)}: give a MusicLDM, whose latents are mixed")
        self.clips, self.system = (a, b), system
        self.sources: list[Lane] = [_lane_of(clip, tracker) for clip in (a, b)]
        self.made: dict[str, Lane] = {}
        self.parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}  # what a page mixes
        super().__init__(lam=lam, keyed=all(clip.labels.get("key") for clip in (a, b)))
        self._mix(lam, False)

    def _mix(self, lam: float, in_key: bool) -> None:
        """Compute all lanes."""
        (a, beats_a), (b, beats_b) = self.sources
        made: dict[str, Lane] = {"a": self.sources[0], "b": self.sources[1]}
        if in_key:
            keys = [signature(str(clip.labels["key"])) for clip in self.clips]
            b = transpose(b, (keys[0] - keys[1] + 6) % 12 - 6, RATE)
        length = min(a.shape[1], b.shape[1])
        parts = {"plain": (a[:, :length], b[:, :length])}
        made["plain"] = (turned_down(mix(*parts["plain"], lam)), beats_a)
        message = ""
        try:
            left, right, beats = align(a, beats_a, b, beats_b, RATE)
        except WorkbenchError as error:
            message = f"Plain mixup only: {error}"
        else:
            parts["bam"] = (left, right)
            made["bam"] = (turned_down(mix(left, right, lam)), beats)
            if self.system is None:
                message = "BLM mixes latents: give the lab a MusicLDM to add it."
            else:
                try:
                    made["blm"] = (self._in_latents(left, right, lam), beats)
                except WorkbenchError as error:
                    message = f"No BLM: {error}"
        self.made = {
            name: (x, beats.within(x.shape[1] / RATE)) for name, (x, beats) in made.items()
        }
        self.parts = {name: _fitting(*pair) for name, pair in parts.items()}
        self.lam, self.in_key, self.say = lam, in_key, message
        self.lanes = [self._lane(name) for name in made]

    def _in_latents(self, a: np.ndarray, b: np.ndarray, lam: float) -> np.ndarray:
        import torch

        assert self.system is not None
        za, zb = (self.system.encode_sound(torch.from_numpy(x).float()) for x in (a, b))
        z = mix(za, zb, lam, mean=self.system.networks.latent_mean)
        return turned_down(checked(self.system.decode_sound(z).numpy(), "decoded"))

    def _lane(self, name: str) -> dict[str, str]:
        titles = {
            "a": f"First: {self.clips[0].caption or 'a clip'}",
            "b": f"Second: {self.clips[1].caption or 'a clip'}",
            "plain": "Plain mixup: waveforms mixed without alignment",
            "bam": "BAM: beats and downbeats aligned, waveforms mixed",
            "blm": "BLM: beats and downbeats aligned, latents mixed",
        }
        sound, beats = self.made[name]
        tempo = f"{beats.tempo:.0f} BPM" if np.isfinite(beats.tempo) else "no beats found"
        number = len(beats.downbeats)
        downbeats = f"{number} downbeat{'' if number == 1 else 's'}"
        text = f"{sound.shape[1] / RATE:.1f} s, {tempo}, {downbeats}"
        return {
            "name": name,
            "title": titles[name],
            "text": text,
            "svg": picture(sound, beats, f"{titles[name]}: {text}"),
        }

    def clip(self, name: str, click: bool = False) -> Clip:
        """A lane as a clip.

        Args:
            name: "a", "b", "plain", "bam" or "blm".
            click: Whether to add a click on each beat.

        Raises:
            PromptError: for a lane that does not exist.
        """
        if name not in self.made:
            raise PromptError(
                f"lane: {name!r} does not exist; choose one of {', '.join(self.made)}"
            )
        sound, beats = self.made[name]
        audio = with_clicks(sound, beats, RATE) if click else sound
        return Clip(audio=audio, sample_rate=RATE, caption=self._lane(name)["title"])

    def fallback_clips(self) -> Sequence[Clip]:
        return [self.clip(name) for name in self.made]

    def on_mix(self, message: dict[str, Any]) -> None:
        """Mix with the λ and key of the page."""
        lam = number(message.get("lam", self.lam), "lam", 0, 1)
        in_key = bool(message.get("in_key")) and self.keyed
        self.start("Mixing", 1, lambda: self._mix(lam, in_key))

    def on_play(self, message: dict[str, Any]) -> None:
        """Send the sound of a lane; with `parts`, those of plain mixup and BAM as the two clips and
        the clicks, which the page mixes."""
        name, click = str(message.get("lane")), bool(message.get("click"))
        clips = [self.clip(name, click)]
        if message.get("parts") and name in self.parts:
            sounds = [*self.parts[name]]
            if click:
                sounds.append(with_clicks(np.zeros_like(sounds[0]), self.made[name][1], RATE))
            clips = [Clip(audio=sound, sample_rate=RATE) for sound in sounds]
        about = {"is": "sound", "lane": name, "click": click, "seconds": clips[0].duration}
        self.send(about, buffers=[loop_bytes(clip) for clip in clips])


def _fitting(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale both parts down by one factor, so that no mixture (λ a + (1 − λ) b)/√(λ² + (1 − λ)²)
    exceeds ±1: the largest is √(a² + b²), by Cauchy and Schwarz."""
    factor = max(1.0, float(np.hypot(a, b).max(initial=0.0)))
    return a / factor, b / factor


def _lane_of(clip: Clip, tracker: Tracker) -> Lane:
    sound = clip.waveform(RATE, loop=False).mean(0, keepdims=True).astype(np.float32)
    return sound, beats_of_clip(clip, RATE, tracker)


def picture(sound: np.ndarray, beats: Beats, text: str) -> str:
    """A waveform (1, samples) as SVG, with a line for each beat and a longer, thicker one for each
    downbeat: colour alone carries no meaning."""
    seconds = sound.shape[1] / RATE
    parts = np.array_split(np.abs(sound[0]), WIDE // 2)
    tops = [float(part.max(initial=0.0)) * HIGH / 2 for part in parts]
    wave = " ".join(f"M{2 * i} {HIGH / 2 - y:.1f}v{2 * y:.1f}" for i, y in enumerate(tops))
    marks = [(float(at), "wb-down", 0.0) for at in beats.downbeats]
    known = np.round(beats.downbeats, 3)
    marks += [
        (float(at), "wb-beat", HIGH * 0.7) for at in beats.times if round(float(at), 3) not in known
    ]
    lines = [
        f'<path class="{kind}" d="M{at / seconds * WIDE:.1f} {y:.1f}V{HIGH}"/>'
        for at, kind, y in sorted(marks)
        if at < seconds
    ]
    return (
        f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{escape(text, quote=True)}" '
        f'preserveAspectRatio="none"><path class="wb-wave" d="{wave}"/>{"".join(lines)}</svg>'
    )
