"""What the benchmarks of MusicLDM share: captions, a text–audio judge, measures of a set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
import torch

from workbench.benchmarks.audio_data import CHUNK, AudioBench
from workbench.benchmarks.audio_hearing import BEAT_SECONDS
from workbench.evaluation.audio_sets import inception_score, nearest, paired_kl, relevance
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import bootstrap, mean_interval
from workbench.models.text_audio import TextAudio
from workbench.representations.mixup import Beats
from workbench.systems.musicldm import MusicLDM
from workbench.systems.musicldm.config import PROFILES
from workbench.systems.musicldm.networks import OwnEmbedder
from workbench.systems.musicldm.training import fit_clap
from workbench.systems.sampling import SamplingSettings
from workbench.systems.sound_training import Data

COLUMNS = ["", "IS", "KL", "Fréchet", "relevance", "95 %", "SIM_AA@90", "95 %", "SIM_AA@95"]


@dataclass
class MusicBench(AudioBench):
    """One run of MusicLDM's benchmarks."""

    system: MusicLDM

    def pieces(self, split: str) -> list[int]:
        """The pieces of a split that have captions."""
        return [i for i in super().pieces(split) if self.audio.items[i].caption.strip()]

    @property
    def captions(self) -> list[str]:
        """The captions of the held-out windows."""
        return [self.audio.items[int(i)].caption for i in self.real[1]]

    @cached_property
    def judge(self) -> OwnEmbedder:
        """A text–audio encoder, trained separately from the system's own: it takes no part in
        conditioning or ranking, so the system does not optimise its relevance."""
        size = PROFILES["smoke" if self.quick else "laptop"]
        torch.manual_seed(self.seed + 1000)
        own = self.system.embedder
        assert isinstance(own, OwnEmbedder)
        other = OwnEmbedder(
            TextAudio(replace(own.clap.config, channels=16)), own.text, self.system.mel
        )
        fit_clap(
            other,
            Data.of(self.audio, self.audio.rate),
            size.clap,
            f"{self.cache_folder('judge')}-{size.clap.steps}-{self.seed}",
            crop=size.crop,
            seed=self.seed + 1000,
        )
        return other

    def generate(
        self,
        system: MusicLDM,
        captions: list[str],
        *,
        guidance: float = 2.0,
        candidates: int = 1,
        beats: list[Beats] | None = None,
    ) -> np.ndarray:
        """A clip (samples,) for each caption. beats: those of each clip."""
        out = []
        for start in range(0, len(captions), CHUNK):
            texts = captions[start : start + CHUNK]
            vectors = system.embedder.embed_text(texts)
            each = vectors.repeat_interleave(candidates, 0)
            first = 50_000 * (self.seed + 1) + start * candidates
            own = None if beats is None else beats[start : start + CHUNK]
            sounds = system.generate_batch(
                each,
                [first + i for i in range(len(each))],
                beats=own and [b for b in own for _ in range(candidates)],
                steps=self.steps,
                guidance=guidance,
            )
            if candidates > 1:
                groups = sounds.view(len(texts), candidates, -1)
                sounds = torch.cat(
                    [
                        system.best(group, vector[None], 1)
                        for group, vector in zip(groups, vectors, strict=True)
                    ]
                )
            out.append(sounds.numpy())
        return np.concatenate(out)

    def takes(self, prompt: str, n: int, beat: bool) -> np.ndarray:
        """Takes (n, samples) of BEAT_SECONDS for a prompt that names a tempo, with its beat or
        with the text alone."""
        system = self.system
        if not beat:
            vectors = system.embed_prompts([prompt]).expand(n, -1)
            seeds = SamplingSettings(seed=self.seed).seeds(n)
            return system.generate_batch(
                vectors, seeds, seconds=BEAT_SECONDS, steps=self.steps
            ).numpy()
        clips = system.generate(prompt, n, seconds=BEAT_SECONDS, steps=self.steps, seed=self.seed)
        return np.stack([cast(np.ndarray, clip.audio).mean(0) for clip in clips])

    @cached_property
    def guided(self) -> np.ndarray:
        """Clips for captions and beats of the held-out windows, guidance 2."""
        return self.generate(self.system, self.captions, beats=self.real_beats)

    @cached_property
    def guided_strongly(self) -> np.ndarray:
        """The same, guidance 4."""
        return self.generate(self.system, self.captions, guidance=4.0, beats=self.real_beats)

    def rebuilt(self, sounds: np.ndarray) -> np.ndarray:
        system, parts = self.system, torch.from_numpy(sounds).float().split(CHUNK)
        return torch.cat([system.decode_sound(system.encode_sound(p)) for p in parts]).numpy()

    @cached_property
    def caption_vectors(self) -> np.ndarray:
        """The judge's embeddings of the held-out windows' captions: (n, dim)."""
        return self.judge.embed_text(self.captions).numpy()

    @cached_property
    def train_embeddings(self) -> np.ndarray:
        """The tagger's embeddings of training windows, among which copies are searched."""
        rows = self.audio.split("train")
        crops, _ = self.audio.crops(50 if self.quick else 2000, self.length, seed=9, rows=rows)
        return self.predict(crops.mean(1))[0]

    def row(self, name: str, sounds: np.ndarray) -> list[object]:
        """Return a table row (see COLUMNS) of sounds (n, samples), which were generated for the
        captions of the held-out windows, in their order."""
        vectors, chances = self.predict(sounds)
        real_vectors, real_chances = self.real_predictions
        text = self.caption_vectors
        heard = self.judge.embed_sound(torch.from_numpy(sounds.astype(np.float32))).numpy()
        center = self.train_embeddings.mean(0)
        near = nearest(vectors - center, self.train_embeddings - center)[0]
        return [
            name,
            inception_score(chances),
            paired_kl(real_chances, chances),
            frechet_distance(vectors, real_vectors),
            relevance(text, heard),
            bootstrap(lambda rows: relevance(text[rows], heard[rows]), len(text)),
            float((near > 0.90).mean()),
            mean_interval(near > 0.90),
            float((near > 0.95).mean()),
        ]
