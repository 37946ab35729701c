"""What all sections of the drum benchmarks share: systems, loops, and generation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from workbench.benchmarks.drum_data import BARS, DrumData, LoopSet, beats_of
from workbench.evaluation.classifiers import choose
from workbench.evaluation.table import Report
from workbench.systems.drum_ldm.sampler import GUIDANCE, STEPS

if TYPE_CHECKING:
    from workbench.evaluation.classifiers import Chosen
    from workbench.systems.drum_ldm import DrumLDM

CHUNK = 50  # loops generated at once


@dataclass
class Bench:
    """One run of the drum benchmarks.

    Args:
        systems: Systems by name. The first is measured; the others are compared with it.
        data: Real loops.
        report: Receives the tables.
        n: Loops in each compared set.
        takes: Loops per prompt in prompt following.
        guidance: Scale of classifier-free guidance.
        steps: Sampling steps.
        seed: Seed of all samples.
        quick: Whether to make everything smaller.
    """

    systems: dict[str, DrumLDM]
    data: DrumData
    report: Report
    n: int = 300
    takes: int = 16
    guidance: float = GUIDANCE
    steps: int = STEPS
    seed: int = 0
    quick: bool = False

    @property
    def system(self) -> DrumLDM:
        return next(iter(self.systems.values()))

    @property
    def name(self) -> str:
        return next(iter(self.systems))

    def generate(
        self,
        prompts: Sequence[str],
        *,
        system: DrumLDM | None = None,
        seed: int | None = None,
        guidance: float | None = None,
        steps: int | None = None,
        sampler: str = "dpm++",
        tempos: Sequence[float | None] | None = None,
        like: LoopSet | None = None,
    ) -> LoopSet:
        """Generate one loop of eight bars per prompt, each from its own noise.

        Args:
            prompts: Texts.
            system: Default: the first.
            seed: Default: the run's.
            guidance: Default: the run's.
            steps: Default: the run's.
            sampler: Name of the sampler.
            tempos: BPM per prompt, such as those of the loops with these captions; default: as in
                the system's `generate`.
            like: Real loops, one per prompt. A generated loop receives the performance and session
                of its real loop, so that cross-validation keeps both in one fold.
        """
        system = system or self.system
        first = 100_003 * (self.seed if seed is None else seed)
        tempos = [None] * len(prompts) if tempos is None else list(tempos)
        clips = []
        for start in range(0, len(prompts), CHUNK):
            rows = slice(start, start + CHUNK)
            clips += system.generate_batch(
                list(prompts[rows]),
                tempos[rows],
                [first + i for i in range(start, start + len(prompts[rows]))],
                bars=BARS,
                steps=steps or self.steps,
                guidance=self.guidance if guidance is None else guidance,
                sampler=sampler,
            )
        if like is not None:
            for clip, model in zip(clips, like.clips, strict=True):
                clip.labels |= {k: model.labels.get(k) for k in ("performance", "session")}
        return LoopSet(clips)

    @cached_property
    def real(self) -> LoopSet:
        """Held-out loops, spread over the held-out sessions."""
        return self.data.test.spread(self.n)

    @cached_property
    def generated(self) -> LoopSet:
        """One generated loop for the caption of each of `real`, at its tempo."""
        return self.like(self.real)

    @cached_property
    def unheard(self) -> LoopSet:
        """Loops spread over test and validation sessions, for judges that need many sessions."""
        return self.data.unheard.spread(self.n)

    def like(self, real: LoopSet) -> LoopSet:
        """One generated loop for the caption of each real one, at its tempo, with its labels."""
        return self.generate(real.captions, tempos=[c.tempo for c in real.clips], like=real)

    @cached_property
    def style_judge(self) -> Chosen:
        """The style classifier, trained on training sessions only."""
        train = beats_of(self.data.train, self.data.styles)
        return choose(train.styled, train.labels("style").tolist(), train.performances.tolist())
