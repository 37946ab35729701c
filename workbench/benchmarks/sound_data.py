"""What the benchmarks of LDMG share: held-out windows of sound, a judge, drawn clips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from workbench.benchmarks.table import Report
from workbench.datasets.audio import AudioCollection, genre_of
from workbench.evaluation.distances import frechet_distance, frechet_interval, kernel_distance
from workbench.evaluation.tagger import Tagger, train_tagger
from workbench.files import cache_dir
from workbench.systems.ldmg import LDMG

CHUNK = 16  # clips drawn at once


@dataclass
class SoundBench:
    """One run. n: clips in each compared set; steps: of the sampler."""

    system: LDMG
    audio: AudioCollection
    report: Report
    n: int = 200
    steps: int = 25
    seed: int = 0
    quick: bool = False

    @property
    def length(self) -> int:
        """Samples of a window as the system was trained on."""
        return round(self.system.config.seconds * self.audio.rate)

    def windows(self, split: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`n` windows of a split, mono (n, samples), and the piece of each. Genres have the shares
        that they have in the training split, else a distance between splits would tell of their
        mixture; within a genre pieces count alike."""
        random = np.random.default_rng([self.seed, seed])
        share: dict[str, float] = {}
        for i in self.audio.split("train"):
            name = genre_of(self.audio.items[i].labels)
            share[name] = share.get(name, 0.0) + self.audio.lengths[i]
        pieces: dict[str, list[int]] = {}
        for i in random.permutation(self.audio.split(split)):
            name = genre_of(self.audio.items[int(i)].labels)
            if name in share:
                pieces.setdefault(name, []).append(int(i))
        names = sorted(pieces)
        odds = np.array([share[name] for name in names])
        chosen = random.choice(len(names), self.n, p=odds / odds.sum())
        rows = []
        for number in chosen:
            queue = pieces[names[number]]
            rows.append(queue[0])
            queue.append(queue.pop(0))
        crops = [self.audio.crops(1, self.length, seed=int(random.integers(1 << 30)),
                                  rows=[row])[0][0].mean(0) for row in rows]  # fmt: skip
        return np.stack(crops), np.array(rows)

    @cached_property
    def real(self) -> tuple[np.ndarray, np.ndarray]:
        """Windows of held-out pieces."""
        return self.windows("test")

    @cached_property
    def tagger(self) -> Tagger:
        """The judge, trained once on the training split and kept in the cache folder."""
        steps = 20 if self.quick else 600
        name = f"tagger-{self.audio.folder.name}-{self.length}-{steps}"
        genres = sorted({genre_of(self.audio.items[i].labels) for i in self.audio.split("train")})
        return train_tagger(
            self.audio, [g for g in genres if g], self.length / self.audio.rate, steps=steps,
            folder=str(cache_dir() / "judges" / name),
        )  # fmt: skip

    def hear(self, sounds: np.ndarray) -> np.ndarray:
        """The judge's embeddings."""
        return self.tagger.hear(sounds.astype(np.float32))[0]

    @cached_property
    def real_heard(self) -> np.ndarray:
        return self.hear(self.real[0])

    def apart(self, sounds: np.ndarray) -> list[object]:
        """Fréchet distance to the held-out windows, its interval, and the kernel distance."""
        heard, times = self.hear(sounds), 10 if self.quick else 50
        return [
            frechet_distance(heard, self.real_heard),
            frechet_interval(heard, self.real_heard, times=times, seed=self.seed),
            1000 * kernel_distance(heard, self.real_heard),
        ]  # fmt: skip

    def asked(self, pieces: np.ndarray) -> tuple[list[str], list[str | None]]:
        """Captions and genres of pieces, as the system can be asked for them."""
        items = [self.audio.items[i] for i in pieces]
        known = self.system.config.genres
        genres = [genre_of(item.labels) for item in items]
        return [i.caption for i in items], [g if g in known else None for g in genres]

    def draw(
        self, prompts: list[str] | None = None, genres: list[str | None] | None = None, *,
        n: int | None = None, steps: int | None = None, sampler: str = "dpm++",
        guidance: float = 2.0,
    ) -> np.ndarray:  # fmt: skip
        """Clips (n, samples), each from its own noise; without prompts nothing is asked."""
        n = n or self.n
        if prompts is None:
            guidance = 1.0
        prompts, genres = prompts or [""] * n, genres or [None] * n
        out = []
        for start in range(0, n, CHUNK):
            rows = slice(start, min(n, start + CHUNK))
            clips = self.system.draw_each(
                prompts[rows], genres[rows], [70_000 * (self.seed + 1) + i for i in range(n)[rows]],
                steps=steps or self.steps, guidance=guidance, sampler=sampler,
            )  # fmt: skip
            out += [clip.audio.mean(0) for clip in clips]
        return np.stack(out)

    @cached_property
    def free(self) -> np.ndarray:
        """Clips drawn with nothing asked."""
        return self.draw()

    @cached_property
    def matched(self) -> np.ndarray:
        """A clip for genre and caption of each held-out window."""
        return self.draw(*self.asked(self.real[1]))

    def decode(self, latents: torch.Tensor) -> np.ndarray:
        """Standardised latents (n, latent, frames) → sounds (n, samples)."""
        return np.stack([self.system.decode(z).mean(0)[: self.length] for z in latents])

    def latents(self, sounds: np.ndarray) -> torch.Tensor:
        """(n, latent, frames), standardised."""
        channels = self.system.config.vae.channels
        return torch.stack([self.system.encode(np.repeat(s[None], channels, 0)) for s in sounds])
