"""What the benchmarks of MusicLDM share: held-out windows, two judges, the measures of a set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from workbench.benchmarks.table import Report
from workbench.datasets.audio import AudioCollection, genre_of
from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance, sim_aa
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.intervals import bootstrap
from workbench.evaluation.tagger import Tagger, train_tagger
from workbench.files import cache_dir
from workbench.models.text_audio import TextAudio
from workbench.systems.musicldm import MusicLDM, OwnEmbedder
from workbench.systems.musicldm_training import PROFILES, Data, fit_joint

CHUNK = 16  # clips drawn at once
COLUMNS = ["", "IS", "KL", "Fréchet", "relevance", "95 %", "SIM_AA@90", "SIM_AA@95"]


@dataclass
class MusicBench:
    """One run. n: clips in each compared set; steps: of the sampler."""

    system: MusicLDM
    audio: AudioCollection
    report: Report
    n: int = 160
    steps: int = 25
    seed: int = 0
    quick: bool = False

    @property
    def length(self) -> int:
        return round(self.system.config.seconds * self.audio.rate)

    def windows(self, split: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """`n` windows (n, samples) of captioned pieces, and the piece of each."""
        rows = [i for i in self.audio.split(split) if self.audio.items[i].caption.strip()]
        crops, pieces = self.audio.crops(self.n, self.length, seed=self.seed + seed, rows=rows)
        return crops.mean(1), pieces

    @cached_property
    def real(self) -> tuple[np.ndarray, np.ndarray]:
        return self.windows("test")

    @property
    def captions(self) -> list[str]:
        """Of the held-out windows."""
        return [self.audio.items[int(i)].caption for i in self.real[1]]

    @cached_property
    def tagger(self) -> Tagger:
        """Names genres; its vectors are those of the Fréchet distance and of SIM_AA."""
        steps = 10 if self.quick else 600
        genres = sorted({genre_of(self.audio.items[i].labels) for i in self.audio.split("train")})
        return train_tagger(
            self.audio, [g for g in genres if g], self.length / self.audio.rate, steps=steps,
            folder=self._kept(f"tagger-{steps}"),
        )  # fmt: skip

    @cached_property
    def judge(self) -> OwnEmbedder:
        """Text and sound in one space, trained apart from the system's own: it neither conditions
        nor ranks, so its relevance was not optimised."""
        size = PROFILES["smoke" if self.quick else "laptop"]
        torch.manual_seed(self.seed + 1000)
        own = self.system.embedder
        assert isinstance(own, OwnEmbedder)
        other = OwnEmbedder(
            TextAudio(replace(own.joint.config, channels=16)), own.text, self.system.mel
        )
        data = Data(self.audio, self.audio.split("train"),
                    self.audio.split("validation") or self.audio.split("test"))  # fmt: skip
        fit_joint(self.system, data, size, size.joint,
                  self._kept("judge"), self.seed + 1000, joint=other.joint)  # fmt: skip
        return other

    def _kept(self, name: str) -> str:
        return str(cache_dir() / "judges" / f"{name}-{self.audio.folder.name}-{self.length}")

    def draw(
        self, system: MusicLDM, captions: list[str], *, guidance: float = 2.0, candidates: int = 1
    ) -> np.ndarray:
        """A clip (samples,) for each caption."""
        out = []
        for start in range(0, len(captions), CHUNK):
            texts = captions[start : start + CHUNK]
            vectors = system.embedder.embed_text(texts)
            each = vectors.repeat_interleave(candidates, 0)
            first = 50_000 * (self.seed + 1) + start * candidates
            sounds = system.draw_each(each, [first + i for i in range(len(each))],
                                      steps=self.steps, guidance=guidance)  # fmt: skip
            if candidates > 1:
                groups = sounds.view(len(texts), candidates, -1)
                sounds = torch.cat([
                    system.best(group, vector[None], 1)
                    for group, vector in zip(groups, vectors, strict=True)
                ])  # fmt: skip
            out.append(sounds.numpy())
        return np.concatenate(out)

    @cached_property
    def train_heard(self) -> np.ndarray:
        rows = self.audio.split("train")
        crops, _ = self.audio.crops(50 if self.quick else 2000, self.length, seed=9, rows=rows)
        return self.tagger.hear(crops.mean(1))[0]

    def row(self, name: str, sounds: np.ndarray) -> list[object]:
        """IS, KL, Fréchet, relevance with its interval, SIM_AA of sounds, row by row for the
        captions of the held-out windows."""
        vectors, chances = self.tagger.hear(sounds.astype(np.float32))
        real_vectors, real_chances = self.tagger.hear(self.real[0].astype(np.float32))
        text = self.judge.embed_text(self.captions).numpy()
        heard = self.judge.embed_sound(torch.from_numpy(sounds.astype(np.float32))).numpy()
        center = self.train_heard.mean(0)
        near = sim_aa(vectors - center, self.train_heard - center)
        sure = bootstrap(lambda rows: relevance(text[rows], heard[rows]), len(text))
        return [name, inception_score(chances), paired_kl(real_chances, chances),
                frechet_distance(vectors, real_vectors), relevance(text, heard), sure,
                near["SIM_AA@90"], near["SIM_AA@95"]]  # fmt: skip
