"""Windows of music for MusicLDM's denoiser: real ones, and mixes of two (plain, BAM, BLM).

A mix has no caption. It is described by its audio embedding, which is why MusicLDM is first trained
on audio embeddings. For training on text, it is described by the λ-weighted embeddings of both
captions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from workbench.errors import PromptError, WorkbenchError
from workbench.representations.beat_channels import beat_channels
from workbench.representations.beat_tracking import NONE, Tracker, beats_of, known_beats, track
from workbench.representations.mixup import (
    Beats,
    align,
    common_tempo,
    group_by_tempo,
    mix,
    sample_lambda,
)

if TYPE_CHECKING:
    from workbench.datasets.audio import AudioCollection
    from workbench.systems.musicldm.networks import Embedder, Networks

KINDS = ("none", "plain", "bam", "blm")
TRIES = 100  # unusable pairs that are tolerated, besides ten per mix
Pair = tuple[np.ndarray, np.ndarray, int, int]  # two crops (samples,), and their pieces
PART = 32  # windows per batch in memory
SPARE = 1.1  # length of an excerpt in windows, for a time stretch of at most 6 %


@dataclass
class Windows:
    """Windows and their embeddings: z (n, latent, frames, bands); sound (n, embed): audio
    embedding; text (n, embed): embedding of the caption; captioned (n,): whether there is a
    caption; piece (n,): the piece, or the first of two; beat (n, CHANNELS, frames): the beat at
    each latent frame, by default unknown (n, 0, 0)."""

    z: Tensor
    sound: Tensor
    text: Tensor
    captioned: Tensor
    piece: np.ndarray
    beat: Tensor = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.beat is None:
            self.beat = self.z.new_zeros(len(self.z), 0, 0)

    def __len__(self) -> int:
        return len(self.z)

    @staticmethod
    def joined(parts: Sequence[Windows]) -> Windows:
        """Concatenate windows."""
        return Windows(
            z=torch.cat([part.z for part in parts]),
            sound=torch.cat([part.sound for part in parts]),
            text=torch.cat([part.text for part in parts]),
            captioned=torch.cat([part.captioned for part in parts]),
            piece=np.concatenate([part.piece for part in parts]),
            beat=torch.cat([part.beat for part in parts]),
        )


def windows_of(
    networks: Networks,
    embedder: Embedder,
    audio: AudioCollection,
    rows: Sequence[int],
    n: int,
    seed: int,
) -> Windows:
    """Return `n` random windows of the pieces, computed in batches."""
    length = round(networks.config.seconds * audio.rate)
    pieces, starts = audio.crop_positions(n, length, seed=seed, rows=rows)
    z, embeddings = [], []
    for first in range(0, n, PART):
        here = slice(first, first + PART)
        sound = torch.from_numpy(audio.cut(pieces[here], starts[here], length).mean(1))
        z.append(networks.encode_sound(sound).cpu())
        embeddings.append(embedder.embed_sound(sound).cpu())
    latents, step = torch.cat(z), step_of(networks)
    beat = torch.stack(
        [
            beat_channels(
                known_beats(audio.items[piece].labels),
                latents.shape[2],
                step,
                start=start / audio.rate,
                end=audio.lengths[piece] / audio.rate,
            )
            for piece, start in zip(pieces.tolist(), starts.tolist(), strict=True)
        ]
    )
    described = captions(embedder, audio, pieces)
    return Windows(latents, torch.cat(embeddings), *described, pieces, beat)


def step_of(networks: Networks) -> float:
    """Return the seconds from one latent frame to the next."""
    return networks.mel.hop * networks.config.sizes.shorter / networks.config.rate


def mixes_of(
    networks: Networks,
    embedder: Embedder,
    audio: AudioCollection,
    rows: Sequence[int],
    n: int,
    kind: str,
    seed: int,
    tracker: Tracker = track,
) -> Windows:
    """Return `n` windows, each a mix of two pieces with λ ~ Beta(5, 5). kind: "plain" mixes crops
    as they are, "bam" the waveforms of beat-aligned crops, "blm" their latents."""
    if kind not in KINDS[1:]:
        raise PromptError(f"mixup: {kind!r} is unknown; choose one of {', '.join(KINDS)}")
    length = round(networks.config.seconds * audio.rate)
    lam = sample_lambda(n, seed)
    pairs: Iterator[tuple[Pair, Beats]] = (
        ((pair, NONE) for pair in plain_pairs(audio, rows, n, length, seed))
        if kind == "plain"
        else aligned_pairs(audio, rows, n, length, seed, tracker)
    )
    parts = []
    for start in range(0, n, PART):
        here, beats = zip(*islice(pairs, PART), strict=True)
        weight = torch.from_numpy(lam[start : start + len(here)]).float()
        a, b = (torch.from_numpy(np.stack([p[k] for p in here])) for k in (0, 1))
        first, second = (np.array([p[k] for p in here]) for k in (2, 3))
        if kind == "blm":
            mean = networks.latent_mean
            z = _mixed(networks.encode_sound(a), networks.encode_sound(b), weight, mean)
            embedding = embedder.embed_sound(networks.decode_sound(z))
        else:
            sound = _mixed(a, b, weight)
            sound = sound / sound.abs().amax(1, keepdim=True).clamp(min=1.0)
            z, embedding = networks.encode_sound(sound), embedder.embed_sound(sound)
        texts = [captions(embedder, audio, which) for which in (first, second)]
        captioned = texts[0][1] & texts[1][1]
        text = weight[:, None] * texts[0][0] + (1 - weight[:, None]) * texts[1][0]
        text = torch.nn.functional.normalize(text, dim=-1)
        beat = [beat_channels(known, z.shape[2], step_of(networks)) for known in beats]
        parts.append(Windows(z.cpu(), embedding.cpu(), text, captioned, first, torch.stack(beat)))
    return Windows.joined(parts)


def _mixed(a: Tensor, b: Tensor, lam: Tensor, mean: Tensor | float = 0.0) -> Tensor:
    """Apply `mix` with one λ per row."""
    rows = zip(a, b, lam, strict=True)
    return torch.stack([mix(x, y, float(share), mean=mean) for x, y, share in rows])


def plain_pairs(
    audio: AudioCollection,
    rows: Sequence[int],
    n: int,
    length: int,
    seed: int,
    tracker: Tracker = track,
) -> Iterator[Pair]:
    """Yield (crop, crop, piece, piece), sampled without regard to beats."""
    first, second = (audio.crop_positions(n, length, seed=seed + k, rows=rows) for k in (0, 1))
    for i, at, j, there in zip(*first, *second, strict=True):
        a, b = audio.cut(np.array([i, j]), np.array([at, there]), length).mean(1)
        yield a, b, int(i), int(j)


def synchronous_pairs(
    audio: AudioCollection,
    rows: Sequence[int],
    n: int,
    length: int,
    seed: int,
    tracker: Tracker = track,
) -> Iterator[Pair]:
    """Yield (crop, crop, piece, piece) from one tempo group, stretched to one tempo and starting at
    a downbeat. Pieces without beats, or too short after a downbeat, are skipped."""
    return (pair for pair, _ in aligned_pairs(audio, rows, n, length, seed, tracker))


def aligned_pairs(
    audio: AudioCollection,
    rows: Sequence[int],
    n: int,
    length: int,
    seed: int,
    tracker: Tracker = track,
) -> Iterator[tuple[Pair, Beats]]:
    """Yield what `synchronous_pairs` yields, and the beats of both crops. There are none if a
    tracker found those of one piece, because they may be wrong."""
    random = np.random.default_rng([seed, 7])
    need = SPARE * length / audio.rate
    beats = dict(_usable(audio, rows, need, tracker))
    groups = _groups(beats)
    if not groups:
        raise _no_pair(len(beats), len(rows), need)
    sizes, count = np.array([len(g) for g in groups], dtype=float), 0
    for _ in range(TRIES + 10 * n):
        if count == n:
            return
        group = groups[int(random.choice(len(groups), p=sizes / sizes.sum()))]
        i, j = random.choice(len(group), 2, replace=False)
        cut = [_excerpt(audio, group[k], beats[group[k]], need, random) for k in (i, j)]
        try:
            a, b, _ = align(cut[0][0], cut[0][1], cut[1][0], cut[1][1], audio.rate)
        except WorkbenchError:  # the beats of one end too early
            continue
        if a.shape[1] >= length:
            count += 1
            one, other = int(group[i]), int(group[j])
            exact = all(len(known_beats(audio.items[k].labels).times) for k in (one, other))
            factor = common_tempo(cut[0][1], cut[1][1]) / cut[0][1].tempo
            both = beats[one].shifted(cut[0][2], factor) if exact else NONE
            yield (a[0, :length], b[0, :length], one, other), both
    if count < n:
        raise PromptError(
            f"dataset: of {TRIES + 10 * n} pairs only {count} have beats throughout; use plain "
            "mixup"
        )


def check_tempi(
    audio: AudioCollection, rows: Sequence[int], length: int, tracker: Tracker = track
) -> None:
    """Raise PromptError if no two pieces can be mixed beat-synchronously, before hours of
    training."""
    beats: dict[int, Beats] = {}
    need = SPARE * length / audio.rate
    for number, piece_beats in _usable(audio, rows, need, tracker):
        beats[number] = piece_beats
        if _groups(beats):
            return
    raise _no_pair(len(beats), len(rows), need)


def _usable(
    audio: AudioCollection, rows: Sequence[int], need: float, tracker: Tracker
) -> Iterator[tuple[int, Beats]]:
    """Yield pieces with `need` seconds of sound after a downbeat, and their beats."""
    for i in rows:
        beats = beats_of(audio, i, tracker)
        if _starts(beats, audio.lengths[i] / audio.rate, need).size:
            yield i, beats


def _groups(beats: dict[int, Beats]) -> list[list[int]]:
    """Return groups of two or more pieces of similar tempo."""
    numbers = list(beats)
    groups = group_by_tempo([piece.tempo for piece in beats.values()])
    return [[numbers[k] for k in group] for group in groups if len(group) > 1]


def _no_pair(usable: int, pieces: int, need: float) -> PromptError:
    return PromptError(
        f"dataset: {usable} of {pieces} pieces have beats and last for {need:.1f} s after a "
        "downbeat, and no two of them have the same tempo; use plain mixup"
    )


def _starts(beats: Beats, seconds: float, need: float) -> np.ndarray:
    """Return the downbeats that are followed by enough sound."""
    if not np.isfinite(beats.tempo):
        return np.empty(0)
    return beats.downbeats[beats.downbeats + need <= seconds]


def _excerpt(
    audio: AudioCollection, number: int, beats: Beats, need: float, random: np.random.Generator
) -> tuple[np.ndarray, Beats, float]:
    """Return sound (1, samples) from a random downbeat on, its beats, and its first second in the
    piece."""
    sound = audio[number]
    start = float(random.choice(_starts(beats, sound.shape[1] / audio.rate, need)))
    first = round(start * audio.rate)
    part = sound[:, first : first + int(np.ceil(need * audio.rate))].mean(0, keepdims=True)
    return part, beats.moved(start, 1.0), start


def captions(
    embedder: Embedder, audio: AudioCollection, pieces: np.ndarray
) -> tuple[Tensor, Tensor]:
    """Return embeddings of the pieces' captions (n, embed), and whether each has one (n,)."""
    texts = [audio.items[int(i)].caption for i in pieces]
    return embedder.embed_text(texts).cpu(), torch.tensor([bool(t.strip()) for t in texts])
