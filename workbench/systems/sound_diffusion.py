"""The base class of LDMG and MusicLDM, which generate sound.

It converts between clips, sounds and latents, samples sounds with a beat and loops, varies sounds
and regenerates regions of them. A subclass defines how one sound is encoded and decoded, and which
axis of a latent is time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import row_seeds
from workbench.errors import PromptError
from workbench.models.conditioning import Conditioning
from workbench.music.audio import resample, turned_down
from workbench.music.clip import Clip, clip_of, clips_of
from workbench.music.loudness import settled
from workbench.representations.beat_channels import beat_channels, regular_beats
from workbench.representations.beat_tracking import known_beats_of_clip
from workbench.representations.mixup import Beats
from workbench.systems.beat_grid import BeatGrid
from workbench.systems.latent_diffusion import LatentDiffusion
from workbench.systems.progress import Progress, reporter
from workbench.systems.prompts import PromptReading, prompt_of
from workbench.systems.provenance import signed, signed_takes
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import SamplingSettings, checked
from workbench.systems.sound_request import Timing, length_of, read_sound_prompt

FADE = 0.02  # seconds of a cross-fade at the edges of a region and at the start of a loop
CONTEXT = 1.0  # seconds of a loop that are decoded again before its start and after its end

Given = TypeVar("Given", bound=Conditioning)


class SoundDiffusion(LatentDiffusion):
    """Latent diffusion of sound at the sample rate `config.rate`, trained on windows of
    `config.seconds`.

    Attributes:
        beat_by: How a given tempo is followed: the "network" receives the beat (see
            `beat_channels`), or estimates are averaged with their own shifts, "averages" (see
            `beat_grid`), or "both"; by default as the system chooses for what is requested. A
            network that was not trained on beats always needs averages.
    """

    config: Any
    time_axis: ClassVar[int]  # of a batch of latents
    beat_by: Literal["network", "averages", "both", "default"] = "default"

    def sound_array(self, clip: Clip, /) -> np.ndarray:
        """Return a clip's sound: float32 (channels, samples) at this system's rate."""
        raise NotImplementedError

    def latent_of(self, sound: np.ndarray, /) -> Tensor:
        """Encode a sound (channels, samples) as one latent."""
        raise NotImplementedError

    def sound_from(self, latent: Tensor, /) -> np.ndarray:
        """Decode one latent to a sound (channels, samples), which may be a few samples longer than
        the encoded one."""
        raise NotImplementedError

    # --- clips ↔ latents ----------------------------------------------------------------------

    @torch.inference_mode()
    def encode_clips(self, clips: Clip | Sequence[Clip]) -> Tensor:
        """Encode clips of equal length, one row per clip."""
        latents = [self.latent_of(self.sound_array(clip)) for clip in clips_of(clips, least=1)]
        if len({latent.shape for latent in latents}) != 1:
            raise PromptError("clips: must have the same length; cut them to one length")
        return torch.stack(latents)

    @torch.inference_mode()
    def decode_clips(self, latents: Tensor, caption: str = "") -> list[Clip]:
        """Decode latents, one clip per row."""
        clips = [self._clip(self.sound_from(row), caption) for row in self.latents_of(latents)]
        return [signed(clip, self, "decoding", request={}) for clip in clips]

    @torch.inference_mode()
    def reconstruct(self, clip: Clip) -> Clip:
        """Encode and decode a clip."""
        sound = self.sound_array(clip)
        decoded = self.sound_from(self.latent_of(sound))[:, : sound.shape[1]]
        return signed(
            self._clip(decoded, clip.caption), self, "reconstruction", request={}, original=clip
        )

    # --- generation ---------------------------------------------------------------------------

    def explain_prompt(
        self,
        prompt: str,
        *,
        bars: int | None = None,
        meter: tuple[int, int] | None = None,
        tempo: float | None = None,
    ) -> PromptReading:
        """Return how a prompt is understood: its tempo and metre, the class of sound, words that
        occur in no training caption, and what cannot be done. meter, tempo: those of the clip; None
        for those of the prompt. bars does not matter."""
        return read_sound_prompt(
            prompt_of(prompt), self.config.vocabulary, meter, tempo, self.classes
        )

    def _advise(self, prompt: str, tempo: float | None) -> None:
        """Warn of what a prompt asks and cannot be done. tempo: the one that is given, if any."""
        for reason in self.explain_prompt(prompt, tempo=tempo).refused:
            warnings.warn(f"prompt: {reason}", UserWarning, stacklevel=3)

    def _timed(
        self,
        conditioning: Conditioning,
        seeds: Sequence[int],
        timing: Timing,
        settings: SamplingSettings,
        progress: Callable[[Progress], None] | None,
    ) -> Tensor:
        """Sample latents for sounds of this length. With a tempo they keep a beat, as `beat_by`
        says. Those of a loop continue at their start."""
        samples, axis = timing.samples(self.config.rate), self.time_axis
        frames = self.frames_of(timing.seconds)
        if timing.loop:
            frames = max(1, round(samples / self.hop))
        noise, project = self.noise(seeds, frames), None
        way = self._usual_way(conditioning) if self.beat_by == "default" else self.beat_by
        if timing.tempo is not None and self.knows_beats and way != "averages":
            step = timing.seconds / frames if timing.loop else self.hop / self.config.rate
            beats = regular_beats(timing.seconds, timing.tempo, timing.meter)
            conditioning = _on(conditioning, beat_channels(beats, frames, step), len(seeds))
        averaged = way != "network" or not self.knows_beats
        if averaged and timing.tempo is not None and timing.quarters is not None:
            quarter = 60 / timing.tempo * self.config.rate / self.hop
            if timing.loop:
                quarter = frames / timing.quarters
            grid = BeatGrid(frames, quarter, timing.meter, timing.loop)
            others = [row_seeds(seed, 3)[2] for seed in seeds]
            noise = grid.noise(noise, self.noise(others, grid.pattern_frames), axis)
            project = partial(grid.mixed, axis=axis)
        return self.sample(
            noise,
            conditioning,
            settings,
            seeds=seeds,
            project=project,
            callback=self._callback(progress, samples),
            denoiser=self.circular_denoiser() if timing.loop else None,
        )

    def _usual_way(self, conditioning: Conditioning) -> str:
        """Return how a tempo is followed by default for a conditioning: see `beat_by`."""
        return "network"

    def on_beats(
        self, conditioning: Given, beats: Sequence[Beats] | None, seconds: float, n: int
    ) -> Given:
        """Return the conditioning of n rows with the beats of each, as far as they are given and
        the network was trained on beats. Raises PromptError if their number differs."""
        if beats is None or not self.knows_beats:
            return conditioning
        if len(beats) != n:
            raise PromptError(f"beats: one entry per clip, got {len(beats)} for {n}")
        frames, step = self.frames_of(seconds), self.hop / self.config.rate
        rows = torch.stack([beat_channels(own, frames, step) for own in beats])
        return replace(conditioning, beat=rows)  # type: ignore[call-arg]

    def _as_in(self, clip: Clip, conditioning: Conditioning, n: int, frames: int) -> Conditioning:
        """Return the conditioning of n rows with the beat of a clip, as far as it is known and the
        network was trained on beats."""
        if not self.knows_beats:
            return conditioning
        beats, step = known_beats_of_clip(clip), self.hop / self.config.rate
        return _on(conditioning, beat_channels(beats, frames, step, end=clip.duration), n)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of sound that a prompt can name (see `sound_class`)."""
        return ()

    @property
    def rescale(self) -> float:
        return self.config.rescale

    @property
    def knows_beats(self) -> bool:
        """Whether the denoiser was trained on beats."""
        raise NotImplementedError

    def circular_denoiser(self) -> Callable[..., Tensor]:
        """Return the network for latents whose end continues at their start."""
        raise NotImplementedError

    def _loop(self, latent: Tensor, samples: int) -> np.ndarray:
        """Decode a latent whose end continues at its start to a loop (channels, samples). The
        latent is decoded with its own end before it and its own start after it, and the sound of
        whole frames is resampled, as a periodic one, to the exact length."""
        from scipy.signal import resample as periodic

        axis, frames = self.time_axis - 1, latent.shape[self.time_axis - 1]
        around, fade = self.reach, round(FADE * self.config.rate)
        at = torch.arange(-around, frames + around - (-fade // self.hop)) % frames
        sound = self.sound_from(latent.index_select(axis, at))
        start, length = around * self.hop, frames * self.hop
        loop, after = sound[:, start : start + length], sound[:, start + length :]
        # a decoder that sees farther than the context decodes the start slightly differently
        fade = min(fade, after.shape[1], length)
        rise = np.linspace(0, 1, fade, endpoint=False)
        loop[:, :fade] = rise * loop[:, :fade] + (1 - rise) * after[:, :fade]
        return loop if length == samples else periodic(loop, samples, axis=1).astype(np.float32)

    @property
    def reach(self) -> int:
        """Latent vectors on each side that are decoded with a loop."""
        return max(1, round(CONTEXT * self.config.rate / self.hop))

    # --- edits --------------------------------------------------------------------------------

    def request(self, **prompt: Any) -> tuple[Callable[[int], Conditioning], dict[str, Any]]:
        """Return a function that gives the conditioning of n rows for a prompt, and the prompt's
        entries in the provenance."""
        raise NotImplementedError

    @torch.inference_mode()
    def vary(
        self,
        clip: Clip,
        n: int = 1,
        *,
        strength: float = 0.5,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "dpm++",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        **prompt: Any,
    ) -> list[Clip]:
        """Generate variations of a clip: add noise to its latents, then denoise them again. A
        network that was trained on beats receives those of the clip if they are known.

        Args:
            clip: The clip to vary.
            n: Number of variations, 1 to 1024.
            strength: Amount of noise: 0 (the reconstruction) to 1 (a new clip).
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.
            **prompt: `prompt`, and `genre` (LDMG) or `like` (MusicLDM), as of `generate`; by
                default there is no conditioning.

        Returns:
            `n` clips.

        Raises:
            PromptError: If a number is out of range or the prompt is not valid.

        Source: SDEdit, arXiv 2108.01073.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        conditioning, request = self.request(**prompt)
        n, strength = checked(n=n, strength=strength).values()
        sound = self.sound_array(clip)
        z = torch.stack([self.latent_of(sound)] * n)
        noise = self.noise(settings.seeds(n), z.shape[self.time_axis])
        z = self.resample(
            z,
            noise,
            strength,
            self._as_in(clip, conditioning(n), n, z.shape[self.time_axis]),
            settings,
            callback=self._callback(progress, sound.shape[1]),
        )
        sounds = (self.sound_from(row)[:, : sound.shape[1]] for row in z)
        return signed_takes(
            (self._clip(sound, clip.caption) for sound in sounds),
            self,
            "variation",
            request={"strength": strength, **request, **settings.asked()},
            seed=settings.seed,
            original=clip,
        )

    @torch.inference_mode()
    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        steps: int = 50,
        guidance: float = 2.0,
        sampler: str = "ddpm",
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
        **prompt: Any,
    ) -> list[Clip]:
        """Regenerate a region of a clip. At every step the known latents replace the estimate. A
        network that was trained on beats receives those of the clip if they are known.

        Args:
            clip: The clip to edit.
            region: The part to replace, in seconds or bars. Outside it the clip's own samples
                stay, at its own rate and with its own channels; cross-fades of 20 ms are inside
                the region.
            n: Number of versions, 1 to 1024.
            steps: Number of sampling steps, 1 to 1000.
            guidance: Guidance scale, 0 to 20.
            sampler: A name from `SAMPLERS`.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.
            **prompt: `prompt`, and `genre` (LDMG) or `like` (MusicLDM), as of `generate`; by
                default there is no conditioning.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: If the region is not within the clip, a number is out of range or the
                prompt is not valid.
        """
        settings = SamplingSettings(steps, guidance, sampler, seed)
        conditioning, request = self.request(**prompt)
        n = checked(n=n)["n"]
        clip, region = clip_of(clip), region_of(region)
        sound, rate = self.sound_array(clip), self.config.rate
        rest, own_rate = sound, rate
        if clip.audio is not None and clip.sample_rate is not None:
            rest, own_rate = clip.audio, clip.sample_rate
        length = sound.shape[1] / rate
        first, last = hole = region.second_range(clip)
        if not 0 <= first < last <= length + 1e-6:
            raise PromptError(f"hole: must satisfy 0 ≤ first < last ≤ {length:.2f} s, got {hole}")
        begin, end = (round(s * own_rate) for s in hole)
        if begin == end:
            raise PromptError(
                f"hole: {hole} s holds no sample at {own_rate} Hz; give a longer region"
            )
        own = self.latent_of(sound)
        axis = self.time_axis - 1  # of a latent without the batch
        frames = own.shape[axis]
        per = rate / self.hop  # frames per second
        known = torch.ones(frames, dtype=torch.bool)
        known[int(first * per) : int(np.ceil(last * per))] = False
        known = known.view(-1, *[1] * (own.ndim - 1 - axis))
        z = self.sample(
            self.noise(settings.seeds(n), frames),
            self._as_in(clip, conditioning(n), n, frames),
            settings,
            project=lambda x0: torch.where(known, own, x0),
            callback=self._callback(progress, sound.shape[1]),
        )
        inside = _fade(rest.shape[1], begin, end, round(FADE * own_rate))

        def put(row: Tensor) -> Clip:
            new = _like(self.sound_from(row)[:, : sound.shape[1]], rate, rest, own_rate)
            new = turned_down(new * (inside > 0))  # of too loud a sound Clip would turn all down
            mixed = inside * new + (1 - inside) * rest
            return Clip(audio=mixed, sample_rate=own_rate, caption=clip.caption)

        return signed_takes(
            (put(row) for row in z),
            self,
            "inpainting",
            request={"hole": f"{first:g} to {last:g} s", **request, **settings.asked()},
            seed=settings.seed,
            original=clip,
        )

    @property
    def hop(self) -> int:
        """Number of samples per latent vector along time."""
        raise NotImplementedError

    def frames_of(self, seconds: float) -> int:
        """Return the number of latent vectors along time for a sound of this length in seconds."""
        raise NotImplementedError

    def seconds_of(self, seconds: float | None) -> float:
        """Return the requested length in seconds, by default that of training. Raises PromptError
        unless it is above 0 and at most 600."""
        return length_of(self.config.seconds if seconds is None else seconds)

    # --- helpers ------------------------------------------------------------------------------

    def _callback(
        self, progress: Callable[[Progress], None] | None, samples: int
    ) -> Callable[[int, int, Tensor], None]:
        """Return a sampler's callback that reports progress. samples: length of a clip."""
        report = reporter(progress, 2)

        def callback(step: int, steps: int, x0: Tensor) -> None:
            def clips() -> list[Clip]:
                return [self._clip(self.sound_from(row)[:, :samples], "") for row in x0]

            report(step, steps, lambda: x0, clips)

        return callback

    def _take(self, sound: np.ndarray, caption: str, timing: Timing | None = None) -> Clip:
        """Return a generated sound as a clip. Its level says nothing: it differs by up to 48 dB
        from take to take. So all takes have one loudness, and none a constant offset."""
        sound = sound - sound.mean(1, keepdims=True)
        return self._clip(settled(sound, self.config.rate), caption, timing)

    def _clip(self, sound: np.ndarray, caption: str, timing: Timing | None = None) -> Clip:
        """Return a sound as a clip, with the tempo, metre and beats of its request, if any."""
        beat: dict[str, Any] = {}
        if timing is not None and timing.tempo is not None:
            beat = {"tempo": timing.tempo, "meter": timing.meter, "beats": timing.quarters}
        return Clip(audio=sound, sample_rate=self.config.rate, caption=caption, **beat)


def _on(conditioning: Conditioning, beat: Tensor, n: int) -> Conditioning:
    """Return the conditioning of n rows with a beat (channels, frames)."""
    return replace(conditioning, beat=beat.expand(n, -1, -1))  # type: ignore[call-arg]


def _like(sound: np.ndarray, rate: int, other: np.ndarray, other_rate: int) -> np.ndarray:
    """Return a sound (channels, samples) with the sample rate, channels and length of another."""
    sound = resample(sound, rate, other_rate)[:, : other.shape[1]]
    if len(sound) > len(other):
        sound = sound.mean(0, keepdims=True)
    sound = np.broadcast_to(sound, (len(other), sound.shape[1]))
    return np.pad(sound, ((0, 0), (0, other.shape[1] - sound.shape[1])))


def _fade(length: int, first: int, last: int, ramp: int) -> np.ndarray:
    """Return weights that are 0 outside first … last and 1 inside, with ramps of `ramp` samples
    inside the region. There is no ramp at the beginning or end of the sound."""
    at = np.arange(length)
    rise = np.ones(length) if first <= 0 else (at - first) / max(1, ramp)
    fall = np.ones(length) if last >= length else (last - at) / max(1, ramp)
    return np.clip(np.minimum(rise, fall), 0, 1).astype(np.float32)
