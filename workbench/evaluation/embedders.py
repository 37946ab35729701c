"""Embedders: they map clips to rows of numbers, between which distances are computed.

An embedder is a plain function from a list of clips to an array (n, d), one row per clip; your own
function can be one. `embed` calls it and checks its result. This module makes embedders:

    from_sound(embed_sound, rate, seconds)  from any function of sounds (n, samples): a tagger,
                                            CLAP of MusicLDM (`system.embedder.embed_sound`)
    over_time(encode)                       from latents (d, frames) of an autoencoder: mean and
                                            standard deviation over time
    clap(name), VGGishEmbedder(file),
    MusicnnEmbedder(training)               published encoders, if their weights are available

Embedders of the shipped systems: `workbench.benchmarks.embedders`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import choice, function_of, number, path_of, renamed
from workbench.errors import CheckpointError, MissingDataError, WorkbenchError
from workbench.evaluation.checks import rows
from workbench.files import cache_dir
from workbench.models import musicnn
from workbench.models.vggish import VGGish, mel_patches
from workbench.music.audio import check_rate
from workbench.music.clip import clip_of, clips_of
from workbench.representations.clap import RATE, Clap

if TYPE_CHECKING:
    from workbench.music.clip import Clip

ClipEmbedder = Callable[[Sequence["Clip"]], np.ndarray]
SoundEmbedder = Callable[[Any], Any]  # float32 tensor (n, samples) → (n, d), tensor or array
BATCH = 32


def embed(clips: Sequence[Clip], embedder: ClipEmbedder) -> np.ndarray:
    """Embed clips, and check the result.

    Args:
        clips: At least one clip.
        embedder: A function from n clips to an array (n, d).

    Returns:
        (n, d), float64.

    Raises:
        WorkbenchError: for no clips, another number of rows, and NaN or infinity, with the clip.
    """
    clips = clips_of(clips, least=1)
    function_of(embedder, "embedder", needed=True)
    found = np.asarray(embedder(clips))
    if found.ndim != 2 or len(found) != len(clips):
        raise WorkbenchError(
            f"the embedder made shape {found.shape} of {len(clips)} clips; it should make "
            f"({len(clips)}, d), one row per clip"
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
    """The sound of a clip as one channel; a score is rendered.

    Args:
        clip: A clip with notes or a waveform.
        rate: Sample rate in Hz.
        seconds: Cut or pad with silence to this length; None keeps the clip's own.

    Returns:
        (samples,), float32.
    """
    rate = check_rate(rate, "rate")
    sound = clip_of(clip).waveform(rate, loop=False).mean(0).astype(np.float32)
    if seconds is None:
        return sound
    length = round(number(seconds, "seconds", 0) * rate)
    return np.pad(sound[:length], (0, max(0, length - len(sound))))


@renamed(hear="embed")
def from_sound(embed: SoundEmbedder, rate: int, seconds: float | None = None) -> ClipEmbedder:
    """An embedder from a function of sounds.

    Args:
        embed: From a float32 tensor (n, samples) to (n, d), a tensor or an array.
        rate: Sample rate in Hz that the function expects.
        seconds: Cut or pad all clips to this length. If None, clips of equal length share a batch.

    Returns:
        The embedder.
    """
    import torch

    function_of(embed, "embed", needed=True)
    rate = check_rate(rate, "rate")

    def embedder(clips: Sequence[Clip]) -> np.ndarray:
        sounds = [mono(clip, rate, seconds) for clip in clips]
        order = sorted(range(len(sounds)), key=lambda i: len(sounds[i]))
        found: dict[int, np.ndarray] = {}
        for _, group in groupby(order, key=lambda i: len(sounds[i])):
            same = list(group)
            for start in range(0, len(same), BATCH):
                some = same[start : start + BATCH]
                embeddings = embed(torch.from_numpy(np.stack([sounds[i] for i in some])))
                found.update(zip(some, np.asarray(embeddings, dtype=np.float64), strict=True))
        return np.stack([found[i] for i in range(len(sounds))])

    return embedder


def over_time(encode: Callable[[Clip], Any]) -> ClipEmbedder:
    """An embedder from a function that encodes a clip as (d, frames): the mean and standard
    deviation of each channel over time, (n, 2 d), so that clips of any length can be compared."""

    function_of(encode, "encode", needed=True)

    def embedder(clips: Sequence[Clip]) -> np.ndarray:
        made = [np.asarray(encode(clip), dtype=np.float64) for clip in clips]
        return np.stack([np.concatenate([z.mean(1), z.std(1)]) for z in made])

    return embedder


def clap(name: str | Path = "laion/clap-htsat-unfused") -> ClipEmbedder:
    """An embedder with CLAP's audio encoder.

    CLAP reads 10 s. A longer clip is cut into pieces, and its row is their mean. CLAP's own way, a
    random piece, would give a different row each time.

    Args:
        name: A name on the hub, or a folder written by `save_pretrained`.

    Returns:
        The embedder; its rows (n, d) have length 1.

    Raises:
        CheckpointError: if the model cannot be loaded.

    Source:
        Wu et al. 2023, arXiv 2211.06687.
    """
    import torch

    model = Clap.load(name)
    most = int(model.extractor.nb_max_samples)

    def hear(sounds: torch.Tensor) -> torch.Tensor:
        pieces = [p for p in sounds.split(most, dim=1) if p.shape[1] == most]
        rows = [model.embed_sound(piece, RATE) for piece in pieces or [sounds]]
        return torch.nn.functional.normalize(torch.stack(rows).mean(0), dim=-1)

    return from_sound(hear, RATE)


class VGGishEmbedder:
    """An embedder with VGGish: the mean over patches of 0.96 s of a clip, (n, 128).

    Args:
        path: A safetensors file with torchvggish's parameters; `data_scripts/vggish.py` makes it.

    Raises:
        CheckpointError: if the file cannot be read or holds other parameters.

    Source:
        Hershey et al. 2017, arXiv 1609.09430.
    """

    def __init__(self, path: str | Path) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = path_of(path, "path", "the path of VGGish's parameters")
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
        """All patches (m, d), as published Fréchet audio distances use them, and the index of
        the clip of each patch (m,), for intervals that resample whole clips."""
        import torch

        parts = []
        for clip in clips:
            mel = mel_patches(torch.from_numpy(mono(clip, 16_000))[None])[0]
            made = [self.network(some) for some in mel.split(BATCH)]
            parts.append(torch.cat(made).double().numpy())
        return np.concatenate(parts), np.repeat(np.arange(len(parts)), [len(p) for p in parts])


class MusicnnEmbedder:
    """An embedder and tagger with MusiCNN: the mean over patches of 3 s of a clip, (n, 200).

    It was trained elsewhere on other music, so that distances can be compared with those of others.

    Args:
        training: "msd", trained on the Million Song Dataset with tags of genres, moods and decades,
            or "mtt", on MagnaTagATune with tags of instruments and voices.
        path: A safetensors file; default: the one that `data_scripts/musicnn.py` writes into the
            cache folder.

    Attributes:
        names: The 50 tags, in the order of the likelihoods.

    Raises:
        MissingDataError: if there are no weights.
        CheckpointError: if the file cannot be read or holds other parameters.

    Source:
        Pons and Serra 2019, arXiv 1909.06654.
    """

    def __init__(self, training: str = "msd", path: str | Path | None = None) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        training = choice(training, "training", musicnn.TAGS)
        file = cache_dir() / f"musicnn-{training}.safetensors" if path is None else Path(path)
        if not file.is_file():
            raise MissingDataError(
                f"{file} does not exist; python data_scripts/musicnn.py downloads MusiCNN's weights"
            )
        self.names = tuple(musicnn.TAGS[training])
        try:
            self.network = musicnn.Musicnn.of_state(load_file(file))
        except (OSError, SafetensorError, KeyError, RuntimeError) as error:
            raise CheckpointError(
                f"{file}: its parameters are not those of MusiCNN ({str(error).splitlines()[0]})"
            ) from None

    def __call__(self, clips: Sequence[Clip]) -> np.ndarray:
        return np.concatenate([self.predict(mono(clip, musicnn.RATE)[None])[0] for clip in clips])

    def predict(self, sounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Embed and tag sounds.

        Args:
            sounds: (n, samples) at 16 kHz.

        Returns:
            Embeddings (n, 200) and likelihoods of the tags from 0 to 1, (n, 50), float64; both are
            means over the patches of a sound.
        """
        import torch

        sounds = rows(sounds, "sounds").astype(np.float32)
        parts = []
        for some in torch.from_numpy(sounds).split(BATCH):
            patches = musicnn.mel_patches(some)  # (n, patches, 187, 96)
            made = [self.network(p) for p in patches.flatten(0, 1).split(BATCH)]
            vectors = torch.cat([vector for vector, _ in made])
            likelihoods = torch.cat([logits.sigmoid() for _, logits in made])
            parts.append(
                [x.unflatten(0, patches.shape[:2]).mean(1).double() for x in (vectors, likelihoods)]
            )
        found = [torch.cat(part).numpy() for part in zip(*parts, strict=True)]
        return found[0], found[1]
