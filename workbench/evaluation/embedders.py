"""Clips → rows of numbers, by whatever network is at hand: what a distance is a distance of.

An embedder is a plain function from a list of clips to (n, d), one row a clip, so a function of
your own is one. `embed` calls it and refuses what no measure could use. Made here:

    from_sound(hear, rate, seconds)    any function of sounds (n, samples): a tagger, MusicLDM's
                                       joint encoder (`system.embedder.embed_sound`)
    over_time(encode, rate)            latents (d, frames) of an autoencoder: mean and spread
    clap(name), VGGishEmbedder(file)   published encoders, where their weights can be had

Those of the shipped systems: `workbench.benchmarks.embedders`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import function_of, number
from workbench.errors import CheckpointError, WorkbenchError
from workbench.evaluation.checks import rows
from workbench.models.vggish import VGGish, mel_patches
from workbench.music.clip import clip_of, clips_of
from workbench.representations.clap import RATE, Clap

if TYPE_CHECKING:
    from workbench.music.clip import Clip

ClipEmbedder = Callable[[Sequence["Clip"]], np.ndarray]
Hear = Callable[[Any], Any]  # float32 tensor (n, samples) → (n, d), tensor or array
BATCH = 32


def embed(clips: Sequence[Clip], embedder: ClipEmbedder) -> np.ndarray:
    """The embedder's rows (n, d) in float64. WorkbenchError for no clips, for another number of
    rows, and for NaN, naming the clip."""
    clips = clips_of(clips, least=1)
    function_of(embedder, "embedder")
    found = np.asarray(embedder(clips))
    if found.ndim != 2 or len(found) != len(clips):
        raise WorkbenchError(
            f"the embedder made shape {found.shape} of {len(clips)} clips; it should make "
            f"({len(clips)}, d), one row a clip"
        )
    wrong = np.flatnonzero(~np.isfinite(found.astype(np.float64)).all(1))
    if len(wrong):
        clip = clips[int(wrong[0])]
        raise WorkbenchError(
            f"the embedder made NaN or infinity of clip {wrong[0]} "
            f"({clip.source or clip.caption or 'without a name'}); leave it out"
        )
    return rows(found, "embeddings")


def mono(clip: Clip, rate: int, seconds: float | None = None) -> np.ndarray:
    """The clip's sound as one channel, float32 (samples,) at `rate`; a score is rendered. seconds:
    cut or filled up with silence to this length."""
    sound = clip_of(clip).waveform(rate, loop=False).mean(0).astype(np.float32)
    if seconds is None:
        return sound
    length = round(number(seconds, "seconds", 0) * rate)
    return np.pad(sound[:length], (0, max(0, length - len(sound))))


def from_sound(hear: Hear, rate: int, seconds: float | None = None) -> ClipEmbedder:
    """An embedder of a function of sounds at `rate`; clips of one length are heard together."""
    import torch

    def embedder(clips: Sequence[Clip]) -> np.ndarray:
        sounds = [mono(clip, rate, seconds) for clip in clips]
        order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
        found: dict[int, np.ndarray] = {}
        for _, group in groupby(order, key=lambda i: len(sounds[i])):
            same = list(group)
            for start in range(0, len(same), BATCH):
                some = same[start : start + BATCH]
                made = hear(torch.from_numpy(np.stack([sounds[i] for i in some])))
                found.update(zip(some, np.asarray(made, dtype=np.float64), strict=True))
        return np.stack([found[i] for i in range(len(sounds))])

    return embedder


def over_time(encode: Callable[[Clip], Any]) -> ClipEmbedder:
    """An embedder of what encodes a clip as (d, frames): each channel's mean and standard deviation
    over time, (n, 2 d), so that clips of any length compare."""

    def embedder(clips: Sequence[Clip]) -> np.ndarray:
        made = [np.asarray(encode(clip), dtype=np.float64) for clip in clips]
        return np.stack([np.concatenate([z.mean(1), z.std(1)]) for z in made])

    return embedder


def clap(name: str | Path = "laion/clap-htsat-unfused") -> ClipEmbedder:
    """CLAP's sound tower; a name on the hub, or a folder that `save_pretrained` wrote. A longer
    clip than CLAP hears at once (10 s) is heard in pieces, whose mean is its row: CLAP's own way
    with it, a piece drawn at random, would give another row each time."""
    import torch

    model = Clap.load(name)
    most = int(model.extractor.nb_max_samples)

    def hear(sounds: torch.Tensor) -> torch.Tensor:
        pieces = [p for p in sounds.split(most, dim=1) if p.shape[1] == most]
        rows = [model.embed_sound(piece, RATE) for piece in pieces or [sounds]]
        return torch.nn.functional.normalize(torch.stack(rows).mean(0), dim=-1)

    return from_sound(hear, RATE)


class VGGishEmbedder:
    """VGGish from a safetensors file of torchvggish's parameters, which `data_scripts/vggish.py`
    makes. A clip's row is the mean over its patches of 0.96 s."""

    def __init__(self, path: str | Path) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            self.network = VGGish.of_state(load_file(path))
        except (OSError, SafetensorError) as error:
            raise CheckpointError(
                f"{path}: VGGish cannot be read ({error}); python data_scripts/vggish.py makes it"
            ) from None
        except (KeyError, RuntimeError, ValueError) as error:
            raise CheckpointError(
                f"{path}: its parameters are not those of VGGish ({str(error).splitlines()[0]})"
            ) from None

    def __call__(self, clips: Sequence[Clip]) -> np.ndarray:
        patches, of = self.patches(clips)
        return np.stack([patches[of == i].mean(0) for i in range(len(clips))])

    def patches(self, clips: Sequence[Clip]) -> tuple[np.ndarray, np.ndarray]:
        """Rows of all patches (m, d), as published Fréchet audio distances take them, and which
        clip each is of (m,), for intervals that draw whole clips."""
        import torch

        parts = []
        for clip in clips:
            mel = mel_patches(torch.from_numpy(mono(clip, 16_000))[None])[0]
            made = [self.network(some) for some in mel.split(BATCH)]
            parts.append(torch.cat(made).double().numpy())
        return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])
