"""DrumLDM: text in, drum loop out (arXiv 2408.02711), with the original's mistakes mended.

    prompt → text encoder → denoiser ⇄ sampler → autoencoder's decoder → drum roll → Clip

The autoencoder turns a loop into a latent, one vector a beat; diffusion learns to draw latents
for a text and a tempo. Training, in three stages, is in `drum_training.py`; how a prompt is read,
in `prompts.py`. Notebooks: `notebooks/00_start_here.ipynb`, `notebooks/05_latent_diffusion.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import PromptError
from workbench.models.contrastive import Contrastive, ContrastiveConfig
from workbench.models.denoisers import Condition, MLPDenoiser, TransformerDenoiser
from workbench.models.diffusion import Diffusion, guided
from workbench.models.mrlstm import AutoencoderConfig, DrumAutoencoder, PaperAutoencoder
from workbench.models.samplers import SAMPLERS
from workbench.representations.drum_roll import DrumRoll, rolls_of, tile
from workbench.representations.text import TextEncoder, text_encoder
from workbench.systems.prompts import TEMPO_LIMITS, PromptReading, read_prompt
from workbench.systems.storage import Pretrained

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

Progress = Callable[[int, int, np.ndarray], None]  # step from 1, steps, rolls so far (n, steps, 27)


@dataclass(frozen=True)
class DrumLDMConfig:
    """What a DrumLDM is made of.

    text: "bert", "keywords", or any BERT by name. paper: the published networks (one latent
    vector a loop, MLP denoiser) in place of ours. width, depth, heads: the denoiser's transformer.
    bars: longest loop. vocabulary: words of the captions it was trained on.
    """

    text: str = "bert"
    paper: bool = False
    autoencoder: AutoencoderConfig = field(default_factory=AutoencoderConfig)
    contrastive: ContrastiveConfig = field(default_factory=ContrastiveConfig)
    width: int = 160
    depth: int = 6
    heads: int = 4
    bars: int = 8
    schedule: str = "cosine-zero-snr"
    prediction: str = "v"
    vocabulary: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> DrumLDMConfig:
        autoencoder = dict(data["autoencoder"], strides=tuple(data["autoencoder"]["strides"]))
        return cls(**{
            **data,
            "autoencoder": AutoencoderConfig(**autoencoder),
            "contrastive": ContrastiveConfig(**data["contrastive"]),
            "vocabulary": tuple(data["vocabulary"]),
        })  # fmt: skip


class Networks(nn.Module):
    """Everything of a DrumLDM that has weights; what a checkpoint holds."""

    latent_mean: Tensor
    latent_std: Tensor
    tempo_weights: Tensor

    def __init__(self, config: DrumLDMConfig) -> None:
        super().__init__()
        self.contrastive = Contrastive(config.contrastive)
        features = config.contrastive.text_dim + config.contrastive.dim
        self.autoencoder: DrumAutoencoder | PaperAutoencoder
        self.denoiser: TransformerDenoiser | MLPDenoiser
        if config.paper:
            size = 128
            self.autoencoder = PaperAutoencoder(size, steps=16 * config.bars)
            self.denoiser = MLPDenoiser(size, features)
        else:
            size = config.autoencoder.latent
            self.autoencoder = DrumAutoencoder(config.autoencoder)
            self.denoiser = TransformerDenoiser(
                size, features, config.width, config.depth, config.heads, config.bars
            )
        self.register_buffer("latent_mean", torch.zeros(size))
        self.register_buffer("latent_std", torch.ones(size))
        # log₂(bpm/120) of a prompt that names no tempo, from its text vector and a 1.
        self.register_buffer("tempo_weights", torch.zeros(config.contrastive.text_dim + 1))


class DrumLDM(Pretrained):
    """Text-conditioned latent diffusion of drum loops.

    `from_pretrained("drums-groove-bert")` loads a shipped system, `train` makes one.
    """

    def __init__(self, config: DrumLDMConfig) -> None:
        self.config = config
        self.text: TextEncoder = text_encoder(config.text)
        self.networks = Networks(config).eval()
        self.contrastive = self.networks.contrastive
        self.autoencoder = self.networks.autoencoder
        self.denoiser = self.networks.denoiser
        self.diffusion = Diffusion(config.schedule, prediction=config.prediction)

    # --- music ↔ latent -----------------------------------------------------------------------

    @torch.inference_mode()
    def encode(self, clips: Sequence[Clip]) -> Tensor:
        """Latents of loops of equal length: (n, beats, latent), mean 0 and variance 1 over the
        training loops; (n, latent) for the paper's networks."""
        return self._encode(torch.from_numpy(rolls_of(clips)))

    def _encode(self, rolls: Tensor) -> Tensor:
        if self.config.paper:
            rolls = torch.from_numpy(
                np.stack([tile(r, 16 * self.config.bars) for r in rolls.numpy()])
            )
        return (self.autoencoder.encode(rolls) - self.networks.latent_mean) / self.networks.latent_std

    @torch.inference_mode()
    def decode(self, latents: Tensor, tempo: float = 120.0, caption: str = "") -> list[Clip]:
        """Latents back to clips."""
        rolls = self._decode(latents)
        return [DrumRoll.from_array(r, tempo=tempo).to_clip(caption=caption) for r in rolls]

    def _decode(self, latents: Tensor) -> np.ndarray:
        """(n, steps, 27)."""
        return self.autoencoder.decode(latents * self.networks.latent_std + self.networks.latent_mean).numpy()

    # --- text ---------------------------------------------------------------------------------

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Texts in the contrastive space: (n, dim), unit length."""
        return self.contrastive.embed_text(self.text.embed(texts))

    @torch.inference_mode()
    def embed_clips(self, clips: Sequence[Clip]) -> Tensor:
        """Loops of equal length in the contrastive space: (n, dim), unit length."""
        return self.contrastive.embed_roll(torch.from_numpy(rolls_of(clips)))

    def text_features(self, vectors: Tensor) -> Tensor:
        """What the denoiser is told of a text: the frozen encoder's vector, at a fixed length,
        beside its place in the contrastive space."""
        frozen = nn.functional.layer_norm(vectors, vectors.shape[-1:])
        return torch.cat([frozen, self.contrastive.embed_text(vectors)], dim=-1)

    def explain_prompt(self, prompt: str) -> PromptReading:
        """What is understood of a prompt: tempo, keywords, unknown words, and advice."""
        return read_prompt(prompt, self.text, self.config.vocabulary)

    @torch.inference_mode()
    def suggest_tempo(self, prompt: str) -> float:
        """The tempo that captions like this one go with, where the prompt names none (BPM)."""
        vector = torch.cat([self.text.embed([prompt])[0], torch.ones(1)])
        octaves = float(vector @ self.networks.tempo_weights)
        return float(round(min(max(120 * 2**octaves, 60.0), 200.0)))

    def _condition(self, prompts: Sequence[str], tempos: Sequence[float]) -> Condition:
        said = torch.tensor([[float(bool(p.strip())), 1.0] for p in prompts])
        octaves = torch.log2(torch.tensor(tempos, dtype=torch.float32) / 120)
        return Condition(self.text_features(self.text.embed(prompts)), octaves, said)

    # --- drawing ------------------------------------------------------------------------------

    @torch.inference_mode()
    def generate(
        self, prompt: str | Sequence[str] = "", n: int = 1, *, bars: int = 8, steps: int = 20,
        guidance: float = 2.0, tempo: float | None = None, seed: int = 0, sampler: str = "dpm++",
        progress: Progress | None = None,
    ) -> list[Clip]:  # fmt: skip
        """Draw `n` loops for a prompt, or for each of several prompts.

        tempo: BPM; by default the one the prompt names, else one that suits it. guidance: 0
        ignores the text, 1 follows it, more exaggerates. Take i is the same whatever `n` is.
        progress(step, steps, rolls) is called after each step; an exception it raises ends the
        drawing. Raises PromptError for numbers out of range, never for a text.
        """
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        check(n=n, bars=bars, steps=steps, guidance=guidance, tempo=tempo)
        if bars > self.config.bars:
            raise PromptError(f"bars={bars}: this system draws loops of 1 to {self.config.bars}")
        tempos = [tempo or self.tempo_of(p) for p in prompts]
        prompts, tempos = [p for p in prompts for _ in range(n)], [t for t in tempos for _ in range(n)]
        seeds = [seed * 1009 + i % n for i in range(len(prompts))]
        noise = self._noise(seeds, 4 * bars)
        latents = self._draw(noise, prompts, tempos, steps, guidance, sampler, seed, progress)
        source = f"DrumLDM, seed {seed}"
        return self._clips(self._decode(latents), prompts, tempos, bars, source)

    @torch.inference_mode()
    def vary(
        self, clip: Clip, n: int = 1, *, strength: float = 0.5, prompt: str | None = None,
        steps: int = 20, guidance: float = 2.0, seed: int = 0, sampler: str = "dpm++",
        progress: Progress | None = None,
    ) -> list[Clip]:  # fmt: skip
        """Variations of a loop: noise its latent part of the way, then draw back (SDEdit,
        arXiv 2108.01073). strength: 0 gives the loop as the autoencoder hears it, 1 a new one.
        The prompt is the clip's caption unless another is given."""
        check(n=n, steps=steps, guidance=guidance, strength=strength)
        clip, bars = self._whole_bars(clip)
        prompts = [clip.caption if prompt is None else prompt] * n
        tempos = [self._allowed(clip.tempo)] * n
        z = self.encode([clip]).expand(n, *[-1] * (1 if self.config.paper else 2))
        seeds = [seed * 1009 + i for i in range(n)]
        latents = self._redraw(
            z, strength, seeds, prompts, tempos, steps, guidance, sampler, seed, progress
        )
        source = f"variation of {clip.source or 'a clip'}, DrumLDM, seed {seed}"
        return self._clips(self._decode(latents), prompts, [clip.tempo] * n, bars, source)

    @torch.inference_mode()
    def interpolate(
        self, a: Clip, b: Clip, n: int = 5, *, polish: float = 0.4, steps: int = 20, seed: int = 0
    ) -> list[Clip]:
        """`n` loops on the way from one loop to another, both ends included.

        Latents turn from one to the other (slerp). A mixture of two beats is no beat yet, so those
        in the middle are noised by up to `polish` and drawn back.
        """
        check(n=n, steps=steps, strength=polish)
        (a, bars_a), (b, bars_b) = self._whole_bars(a), self._whole_bars(b)
        if bars_a != bars_b:
            raise PromptError(f"a has {bars_a} bars, b has {bars_b}; cut them to the same length")
        ends = self.encode([a, b])
        rolls, tempos = [], []
        for i, share in enumerate(np.linspace(0, 1, n).tolist()):
            z = slerp(ends[:1], ends[1:], share)
            amount = polish * (1 - abs(2 * share - 1))
            tempo = a.tempo ** (1 - share) * b.tempo**share
            text = a.caption if share < 0.5 else b.caption
            z = self._redraw(
                z, amount, [seed], [text], [self._allowed(tempo)], steps, 1.0, "dpm++", seed + i
            )
            rolls.append(self._decode(z)[0])
            tempos.append(tempo)
        captions = [f"{1 - s:.0%} {a.caption} · {s:.0%} {b.caption}" for s in np.linspace(0, 1, n)]
        return self._clips(np.stack(rolls), captions, tempos, bars_a, "DrumLDM, interpolation")

    @torch.inference_mode()
    def inpaint(
        self, clip: Clip, keep: np.ndarray | None = None, *, keep_bars: Sequence[int] = (),
        prompt: str | None = None, n: int = 1, steps: int = 20, guidance: float = 2.0,
        seed: int = 0, sampler: str = "dpm++", progress: Progress | None = None,
    ) -> list[Clip]:  # fmt: skip
        """Keep some cells, draw the rest. keep: (steps, 9) bool; keep_bars: bars from 0.

        At every step the present guess is decoded, the kept cells are put in, and the result is
        encoded again, so the drawn cells are made to fit them. The kept cells of the answer are
        the clip's own, hit, velocity and microtiming.
        """
        check(n=n, steps=steps, guidance=guidance)
        clip, bars = self._whole_bars(clip)
        roll = DrumRoll.from_clip(clip).to_array()
        mask = keep_mask(keep, keep_bars, len(roll))
        own, held = torch.from_numpy(roll), torch.from_numpy(np.tile(mask, (1, 3)))

        def put_in(x0: Tensor) -> Tensor:
            rolls = torch.from_numpy(self._decode(x0))[:, : len(roll)]
            return self._encode(torch.where(held, own, rolls))

        prompts = [clip.caption if prompt is None else prompt] * n
        tempos = [self._allowed(clip.tempo)] * n
        noise = self._noise([seed * 1009 + i for i in range(n)], 4 * bars)
        latents = self._draw(
            noise, prompts, tempos, steps, guidance, sampler, seed, progress, put_in
        )
        rolls = np.where(np.tile(mask, (1, 3)), roll, self._decode(latents)[:, : len(roll)])
        source = f"inpainting of {clip.source or 'a clip'}, DrumLDM, seed {seed}"
        return self._clips(rolls, prompts, [clip.tempo] * n, bars, source)

    @torch.inference_mode()
    def film(
        self, prompt: str = "", *, seed: int = 0, steps: int = 20, bars: int = 8,
        guidance: float = 2.0, sampler: str = "dpm++",
    ) -> list[tuple[float, DrumRoll]]:  # fmt: skip
        """One drawing, step by step: (noise level √(1−ᾱ) from 1 to 0, the guess so far)."""
        frames: list[np.ndarray] = []
        clip = self.generate(
            prompt, bars=bars, steps=steps, guidance=guidance, seed=seed, sampler=sampler,
            progress=lambda step, total, rolls: frames.append(rolls[0]),
        )[0]  # fmt: skip
        at = np.linspace(len(self.diffusion.alphas_bar) - 1, 0, steps + 1).round().astype(int)
        levels = (1 - self.diffusion.alphas_bar.numpy()[at]) ** 0.5
        return [
            (float(level), DrumRoll.from_array(frame[: 16 * bars], tempo=clip.tempo))
            for level, frame in zip(levels, frames, strict=False)
        ]

    # --- the pieces of drawing ----------------------------------------------------------------

    def tempo_of(self, prompt: str) -> float:
        """The tempo a prompt names, else the one that suits it (BPM)."""
        return self.explain_prompt(prompt).tempo or self.suggest_tempo(prompt)

    def _noise(self, seeds: Sequence[int], beats: int) -> Tensor:
        """Standard normal latents, each from its own seed."""
        size = len(self.networks.latent_mean)
        shape = (size,) if self.config.paper else (beats, size)
        return torch.stack(
            [torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]
        )

    def _redraw(
        self, z: Tensor, strength: float, seeds: Sequence[int], prompts: Sequence[str],
        tempos: Sequence[float], steps: int, guidance: float, sampler: str, seed: int,
        progress: Progress | None = None,
    ) -> Tensor:  # fmt: skip
        """Noise latents to a share of the schedule, then draw back from there."""
        start = round(strength * self.diffusion.steps)
        if start == 0:
            return z
        noise = self._noise(seeds, z.shape[1])
        t = torch.full((len(z),), start - 1)
        noisy = self.diffusion.add_noise(z, noise, t)
        return self._draw(
            noisy, prompts, tempos, min(steps, start), guidance, sampler, seed, progress, None, start
        )

    def _draw(
        self, noisy: Tensor, prompts: Sequence[str], tempos: Sequence[float], steps: int,
        guidance: float, sampler: str, seed: int, progress: Progress | None = None,
        project: Callable[[Tensor], Tensor] | None = None, start: int | None = None,
    ) -> Tensor:  # fmt: skip
        """Walk from a noisy latent to a clean one with classifier-free guidance.

        project: is given each guess of x₀ and returns the one to go on with. start: the schedule
        is walked from this step on.
        """
        if sampler not in SAMPLERS:
            raise PromptError(f"sampler={sampler!r}: choose one of {', '.join(SAMPLERS)}")
        condition = self._condition(prompts, tempos)
        both = Condition(*(torch.cat(p) for p in zip(condition, condition.without_text())))

        def predict(x: Tensor, t: int) -> tuple[Tensor, Tensor]:
            at = torch.full((len(x),), t)
            if guidance == 1.0:
                output = self.denoiser(x, at, *condition)
            else:
                pair = self.denoiser(torch.cat([x, x]), torch.cat([at, at]), *both)
                output = guided(*pair.chunk(2), guidance)
            x0, eps = self.diffusion.split(output, x, at)
            if project is not None:
                x0 = project(x0)
                signal, sigma = self.diffusion.scales(at, x)
                eps = (x - signal * x0) / sigma
            return x0, eps

        def watch(step: int, total: int, x0: Tensor) -> None:
            if progress:
                progress(step, total, self._decode(x0))

        return SAMPLERS[sampler](
            predict, noisy, self.diffusion.alphas_bar[:start], steps,
            torch.Generator().manual_seed(seed), watch,
        )  # fmt: skip

    def _clips(
        self, rolls: np.ndarray, prompts: Sequence[str], tempos: Sequence[float], bars: int,
        source: str,
    ) -> list[Clip]:  # fmt: skip
        return [
            DrumRoll.from_array(roll[: 16 * bars], tempo=tempo).to_clip(
                caption=prompt, source=source, labels={"prompt": prompt, "system": "DrumLDM"}
            )
            for roll, prompt, tempo in zip(rolls, prompts, tempos, strict=True)
        ]

    def _whole_bars(self, clip: Clip) -> tuple[Clip, int]:
        """The clip as 1 to `config.bars` bars of 4/4, or a word why that is not possible."""
        if not clip.has_score or not clip.notes["is_drum"].any():
            raise PromptError(f"clip {clip.source or clip.caption!r}: holds no drum notes")
        bars = max(1, -(-round(clip.beats) // 4))
        if bars > self.config.bars:
            raise PromptError(
                f"clip {clip.source or clip.caption!r}: {bars} bars; cut it to at most "
                f"{self.config.bars} with clip.excerpt(0, {4 * self.config.bars})"
            )
        return clip.with_(beats=4.0 * bars), bars

    @staticmethod
    def _allowed(tempo: float) -> float:
        return min(max(tempo, TEMPO_LIMITS[0]), TEMPO_LIMITS[1])

    # --- training, saving ---------------------------------------------------------------------

    @classmethod
    def train(
        cls, dataset: str = "groove", profile: str = "laptop", *, text: str = "bert",
        out: str | Path = "runs/drums", seed: int = 0, budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> DrumLDM:  # fmt: skip
        """Train all three stages; a run that was stopped goes on where it was. See
        `drum_training.py`."""
        from workbench.systems.drum_training import train

        return train(
            dataset, profile, text=text, out=out, seed=seed, budget_minutes=budget_minutes,
            watch=watch,
        )  # fmt: skip

    def config_dict(self) -> dict[str, Any]:
        return asdict(self.config)

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> DrumLDM:
        return cls(DrumLDMConfig.from_dict(data))

    def with_vocabulary(self, words: Sequence[str]) -> None:
        """Remember which words the training captions had."""
        self.config = replace(self.config, vocabulary=tuple(sorted(set(words))))


def check(**values: Any) -> None:
    """Numbers within their ranges, or a PromptError that names the argument and its range."""
    for name, value in values.items():
        low, high = _RANGES[name]
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise PromptError(f"{name}={value!r}: give a number from {low:g} to {high:g}")
        if not low <= value <= high:
            raise PromptError(f"{name}={value:g}: give a number from {low:g} to {high:g}")


_RANGES = {
    "n": (1, 1024), "bars": (1, 64), "steps": (1, 1000), "guidance": (0, 20),
    "tempo": TEMPO_LIMITS, "strength": (0, 1),
}  # fmt: skip


def keep_mask(keep: np.ndarray | None, keep_bars: Sequence[int], steps: int) -> np.ndarray:
    """Cells to keep, (steps, 9) bool, from a mask, bar numbers, or both."""
    mask = np.zeros((steps, 9), dtype=bool)
    if keep is not None:
        keep = np.asarray(keep, dtype=bool)
        if keep.shape != mask.shape:
            raise PromptError(f"keep: shape {keep.shape}, the clip's roll has {mask.shape}")
        mask |= keep
    for bar in keep_bars:
        if not 0 <= bar < steps // 16:
            raise PromptError(f"keep_bars: no bar {bar}; the clip has bars 0 to {steps // 16 - 1}")
        mask[16 * bar : 16 * (bar + 1)] = True
    return mask


def slerp(a: Tensor, b: Tensor, share: float) -> Tensor:
    """Spherical interpolation along the last axis: keeps the typical length of a latent."""
    cosine = nn.functional.cosine_similarity(a, b, dim=-1).clamp(-1 + 1e-6, 1 - 1e-6)
    angle = torch.acos(cosine).unsqueeze(-1)
    return (torch.sin((1 - share) * angle) * a + torch.sin(share * angle) * b) / torch.sin(angle)
