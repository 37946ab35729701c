"""A tagger that evaluates generated sound: it predicts genre, tempo and key.

It is trained on the training split of a collection and is never part of a generator. Its hidden
vector is an embedding for Fréchet distances, and its genre probabilities serve IS and KL, as those
of VGGish and PANNs in published tables. VGGish or CLAP can replace it, because all metrics take
plain arrays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from workbench.arguments import number, seed_of, shown, texts_of, torch_seed, whole
from workbench.datasets.audio import AudioCollection, genre_of
from workbench.errors import PromptError
from workbench.evaluation.checks import rows
from workbench.files import cache_dir
from workbench.models.mel_encoder import MelEncoder
from workbench.music.keys import signature
from workbench.representations.mel import Mel
from workbench.training import Plan, fit, seeds

TEMPI = (70.0, 85.0, 100.0, 115.0, 135.0)  # BPM: borders of the classes
PLAN = Plan(steps=600, batch=32, lr=2e-3, warmup=50, every=100)


class Tagger(nn.Module):
    """A mel encoder with one linear head per question: genre, tempo, key.

    Args:
        genres: Names of the genre classes.
        mel: The mel spectrogram of the input.
        width: Of the embedding.
    """

    def __init__(self, genres: Sequence[str], mel: Mel, width: int = 128) -> None:
        super().__init__()
        self.genres, self.mel = tuple(genres), mel
        self.encoder = MelEncoder(width)
        sizes = {"genre": len(genres), "tempo": len(TEMPI) + 1, "key": 12}
        self.heads = nn.ModuleDict({name: nn.Linear(width, n) for name, n in sizes.items()})

    def forward(self, sound: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """(batch, samples) → embedding (batch, width) and the logits of each question."""
        embedding = self.encoder(self.mel(sound))
        return embedding, {name: head(F.gelu(embedding)) for name, head in self.heads.items()}

    @torch.inference_mode()
    def predict(self, sounds: np.ndarray, batch: int = 32) -> tuple[np.ndarray, np.ndarray]:
        """Embed and classify sounds.

        Args:
            sounds: (n, samples); silence is treated like any sound.
            batch: Sounds evaluated at once.

        Returns:
            Embeddings (n, width) and genre probabilities (n, genres), float64.

        Raises:
            WorkbenchError: for another shape, and NaN, with the row.
        """
        sounds = rows(sounds, "sounds").astype(np.float32)
        parts = [
            self(torch.from_numpy(sounds[i : i + batch])) for i in range(0, len(sounds), batch)
        ]
        vectors = torch.cat([vector for vector, _ in parts])
        chances = torch.cat([logits["genre"].softmax(-1) for _, logits in parts])
        return vectors.double().numpy(), chances.double().numpy()

    hear = predict  # the old name


def targets(labels: dict[str, Any], genres: Sequence[str]) -> tuple[int, int, int]:
    """Class indices of genre, tempo and the key signature's tonic; −1 for unknown."""
    genre = genre_of(labels)
    tempo = _number(labels.get("tempo"))
    key = str(labels.get("key") or "")
    return (
        list(genres).index(genre) if genre in genres else -1,
        int(np.searchsorted(TEMPI, tempo)) if tempo else -1,
        signature(key) if key else -1,
    )


def _number(label: Any) -> float:
    """A label's tempo; 0 if it is not a tempo."""
    try:
        value = float(label or 0)
    except (TypeError, ValueError):
        return 0.0
    return value if 0 < value < np.inf else 0.0


def train_tagger(
    audio: AudioCollection,
    genres: Sequence[str],
    seconds: float,
    *,
    steps: int = PLAN.steps,
    seed: int = 0,
    folder: str | None = None,
) -> Tagger:
    """Train on crops of the training split and keep the state that is best on the validation split.

    Args:
        audio: The collection.
        genres: Names of the genre classes.
        seconds: Length of a crop.
        steps: Training steps.
        seed: Of initialisation and crops.
        folder: An interrupted training continues there, and a finished one is loaded.

    Returns:
        The tagger, ready for evaluation.
    """
    _check_audio(audio)
    genres, seconds = texts_of(genres, "genres", 1), number(seconds, "seconds", 0)
    seed = seed_of(seed)
    torch.manual_seed(torch_seed(seed))
    tagger = Tagger(genres, Mel(audio.rate))
    length = int(seconds * audio.rate)
    table = torch.tensor([targets(item.labels, genres) for item in audio.items])
    rows, validation = audio.split("train"), audio.split("validation") or audio.split("test")

    def terms(module: nn.Module, n: int, seed: int, rows: list[int]) -> dict[str, Tensor]:
        crops, which = audio.crops(n, length, seed=seed, rows=rows)
        gain = np.exp(np.random.default_rng(seed).normal(0, 0.5, (n, 1)))  # loudness is no cue
        device = next(module.parameters()).device
        _, logits = module(torch.from_numpy(crops.mean(1) * gain).float().to(device))
        losses = {}
        for (name, value), target in zip(logits.items(), table[which].to(device).T, strict=True):
            known = bool((target >= 0).any())
            losses[name] = (
                F.cross_entropy(value, target, ignore_index=-1, label_smoothing=0.05)
                if known
                else value.sum() * 0.0
            )
        return losses

    def validate(module: nn.Module) -> dict[str, float]:
        losses = {k: float(v) for k, v in terms(module, 128, 0, validation).items()}
        return {"loss": sum(losses.values()), **losses}

    def loss(module: nn.Module, numbers: Tensor) -> dict[str, Tensor]:
        return terms(module, len(numbers), int(numbers[0]) + seed, rows)

    with tempfile.TemporaryDirectory() as own:
        done = fit(
            tagger,
            seeds(),
            loss,
            replace(PLAN, steps=steps, every=min(PLAN.every, steps)),
            folder or own,
            seed=seed,
            validate=validate,
            title="tagger",
        )
    return done.module.eval()


def _check_audio(audio: AudioCollection) -> None:
    if not isinstance(audio, AudioCollection):
        raise PromptError(f"audio={shown(audio)}: give an AudioCollection, such as collect(name)")


def tagger_of(audio: AudioCollection, length: int, *, steps: int = 600) -> Tagger:
    """A tagger of a collection's training split for windows of `length` samples. It is trained once
    and kept in the cache folder."""
    _check_audio(audio)
    length = whole(length, "length", 1)
    genres = sorted({genre_of(audio.items[i].labels) for i in audio.split("train")} - {""})
    return train_tagger(
        audio,
        genres,
        length / audio.rate,
        steps=steps,
        folder=f"{cache_folder('tagger', audio, length)}-{steps}",
    )


def cache_folder(judge: str, audio: AudioCollection, length: int) -> str:
    """Cache folder of a network that judges windows of a collection."""
    return str(cache_dir() / "judges" / f"{judge}-{audio.folder.name}-{length}")
