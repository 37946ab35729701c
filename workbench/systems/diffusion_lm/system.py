"""DiffusionLM: piano music by diffusion of all its words at once, with controls.

    continuous: noise → x̂₀ = BERT(x_t, t) ⇄ sampler, nudged by classifiers → rounding → words → Clip
    masked:     [MASK] … → p(words) = network(words so far, controls) ⇄ sampler → words → Clip

It adapts Diffusion-LM (arXiv 2205.14217) to p/v/d words and adds the control that the original
music version omitted. The network is in `models/diffusion_lm.py`, the variational bound in
`models/diffusion_bound.py`, control in `models/control.py` and `controls.py`, training in
`training.py`. The masked process is in `models/masked_lm.py`. The class is written in two steps,
each a file:

    sampler.py   PianoSampler   read prompts, sample words for them
    system.py    DiffusionLM    generate, inpaint, film, measure the likelihood, train

Notebook: `notebooks/11_diffusion_lm.ipynb`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import renamed, seed_of, shown, whole
from workbench.errors import PromptError
from workbench.models import masked_lm
from workbench.models.diffusion_bound import bound
from workbench.models.masked_lm import MaskedLM
from workbench.music.clip import clip_of, clips_of
from workbench.music.timeline import check_tempo
from workbench.representations.pvd import ENDS, LENGTH, PAD
from workbench.systems.diffusion_lm.card import card
from workbench.systems.diffusion_lm.config import PianoConfig
from workbench.systems.diffusion_lm.networks import Networks
from workbench.systems.diffusion_lm.sampler import PianoSampler
from workbench.systems.diffusion_lm.splice import read
from workbench.systems.diffusion_lm.training import piano_of, recipe
from workbench.systems.latent_diffusion import film_of
from workbench.systems.progress import Progress, reporter
from workbench.systems.provenance import signed_takes
from workbench.systems.region import Region, region_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.music.clip import Clip

__all__ = ["DiffusionLM", "Networks", "PianoConfig"]


class DiffusionLM(PianoSampler):
    """Generates piano windows of 128 words, all words at once.

    `from_pretrained("piano-masked")` loads the shipped masked system, "piano-diffusion" the shipped
    continuous one; `train` trains one.
    """

    reads: ClassVar = ("text", "controls")
    makes: ClassVar = "piano music"
    replaces: ClassVar = ("bars", "seconds", "tracks")
    recipe: ClassVar = staticmethod(recipe)
    card: ClassVar = staticmethod(card)

    @classmethod
    def train(
        cls,
        dataset: str = "pop909",
        profile: str = "laptop",
        *,
        backbone: str = "bert",
        process: str = "masked",
        out: str | Path = "runs/piano",
        seed: int = 0,
        budget_minutes: float | None = None,
        watch: Callable[[dict[str, Any]], None] | None = None,
    ) -> Self:
        """Train and save the system. An interrupted run continues where it stopped.

        Args:
            dataset: Names from the catalogue or folders of MIDI files, joined by "+".
            profile: "smoke", "laptop", "gpu" or "paper".
            backbone: Network of a continuous process, "bert" or "electra".
            process: "masked", diffusion of words, or "continuous", of word embeddings.
            out: Folder of the run and of the checkpoint.
            seed: Seed of all random numbers.
            budget_minutes: Time limit in minutes for all stages; None runs all steps.
            watch: Called with each record of the log.

        Returns:
            The trained system.

        Raises:
            PromptError: If the profile, backbone or process is unknown.
            MissingDataError: If the data set is missing or has no piano part that is long enough.
        """
        return cls._train(
            dataset,
            profile,
            out=out,
            seed=seed,
            budget_minutes=budget_minutes,
            watch=watch,
            backbone=backbone,
            process=process,
        )

    # --- generation and editing ---------------------------------------------------------------

    @renamed(control="prompt", strength="guidance")
    def generate(
        self,
        prompt: str | Mapping[str, str] | None = None,
        n: int = 1,
        *,
        steps: int = 100,
        guidance: float | None = None,
        sampler: str = "ddpm",
        temperature: float | None = None,
        tempo: float = 90.0,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Generate piano clips.

        Args:
            prompt: A text such as "busy, G major, high", or controls by name: {"key": "G major",
                "density": "busy", "register": "high", "style": …}, any of them or none.
            n: Number of clips, 1 to 1024.
            steps: Number of sampling steps. A masked model takes at most one per word.
            guidance: Strength of the classifier guidance, 0 to 1000 (as in `nudge`, for 100
                steps), or guidance scale of a masked model; None: the checkpoint's own.
            sampler: A name from `SAMPLERS`; a masked model has only "ddpm".
            temperature: Below 1 favours likelier words at every step; 0 takes the likeliest word.
                None: the checkpoint's own.
            tempo: Tempo in BPM.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` clips.

        Raises:
            PromptError: If a control is unknown or a number is out of range.
        """
        tempo, seed, control = check_tempo(tempo), seed_of(seed), self.control_of(prompt)
        words = self.sample_words(
            n,
            control,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            temperature=temperature,
            seed=seed,
            progress=progress,
            tempo=tempo,
        )
        caption = ", ".join(f"{k} {v}" for k, v in control.items()) or "uncontrolled"
        own = self.config
        guidance = own.guidance if guidance is None else guidance
        temperature = own.temperature if temperature is None else temperature
        request = {
            "control": control,
            "strength": guidance if control else None,
            "tempo": tempo,
            "steps": steps,
            "sampler": sampler,
            "temperature": temperature,
        }
        clips = (self.code.decode(w, tempo).with_(caption=f"piano, {caption}") for w in words)
        return signed_takes(clips, self, request=request, seed=seed)

    def fill(
        self,
        clip: Clip,
        bars: tuple[int, int],
        n: int = 1,
        *,
        steps: int = 100,
        control: dict[str, str] | None = None,
        seed: int = 0,
    ) -> list[Clip]:
        """Deprecated: the old name of `inpaint`."""
        warnings.warn(
            "fill: has been renamed to inpaint, with Region(bars=…)",
            DeprecationWarning,
            stacklevel=2,
        )
        return self.inpaint(clip, Region(bars=bars), n, prompt=control, steps=steps, seed=seed)

    def inpaint(
        self,
        clip: Clip,
        region: Region,
        n: int = 1,
        *,
        prompt: str | Mapping[str, str] | None = None,
        steps: int = 100,
        guidance: float | None = None,
        sampler: str = "ddpm",
        temperature: float | None = None,
        seed: int = 0,
        progress: Callable[[Progress], None] | None = None,
    ) -> list[Clip]:
        """Regenerate bars of a piano part (section 5.2).

        Only notes that begin in these bars, on the tracks of the region, are replaced, in the
        clip's own score and in its file if it has one; all other events stay. The network reads a
        window of 32 notes around the bars. A bar keeps its number of notes and the onset of its
        first note; a silent bar gets as many notes as other bars usually have.

        Args:
            clip: A clip with a score.
            region: The part to replace, in bars or seconds, of up to 32 notes. Its tracks are
                names, numbers such as "#2" or MIDI programs; None: all but drums. Each new note is
                written to that of the tracks that plays nearest to its pitch.
            n: Number of versions, 1 to 1024.
            prompt: A text or controls by name, see `generate`.
            steps: Number of sampling steps.
            guidance: Strength of the guidance, see `generate`.
            sampler: A name from `SAMPLERS`; a masked model has only "ddpm".
            temperature: Below 1 favours likelier words at every step; None: the checkpoint's own.
            seed: Seed of all random numbers.
            progress: Called with a `Progress` after each step.

        Returns:
            `n` versions of the clip.

        Raises:
            PromptError: If the clip is a waveform or too short, or the region is not in the clip,
                has other notes only, or more than a window holds.

        Warns:
            UserWarning: If the window has bars that are not in 4/4.
        """
        clip, region, seed = clip_of(clip), region_of(region), seed_of(seed)
        control, code = self.control_of(prompt), self.code
        reading = read(clip, region, code)
        kinds, meters = code.kinds[reading.ids], reading.meters
        if others := sorted({f"{top}/{bottom}" for top, bottom in meters} - {"4/4"}):
            warnings.warn(
                f"clip: has bars of {', '.join(others)} there, which are rare in the training data",
                UserWarning,
                stacklevel=2,
            )
        report = reporter(progress)

        def show(now: Progress) -> None:
            report(
                now.step,
                now.steps,
                now.state,
                lambda: [reading.put(row, code) for row in now.state()],
            )

        words = self.sample_words(
            n,
            control,
            known=reading.known,
            kinds=kinds,  # so that bar lines do not move
            positions=reading.positions,
            starts=reading.starts,
            steps=steps,
            guidance=guidance,
            sampler=sampler,
            temperature=temperature,
            seed=seed,
            progress=show,
        )
        first, last = region.bar_range(clip)
        request = {"bars": f"{first + 1} to {last}", "tracks": region.tracks, "control": control}
        return signed_takes(
            (reading.put(row, code) for row in words),
            self,
            "filling",
            request=request | {"steps": steps},
            seed=seed,
            original=clip,
        )

    def film(
        self, prompt: Any = None, *, seed: int = 0, steps: int = 20, **settings: Any
    ) -> list[tuple[float, Clip]]:
        """Return the steps of one sampling: pairs of the noise level √(1−ᾱ), or the share of masked
        words, from 1 down, and the clip so far."""
        network = self.networks.diffusion
        schedule = network if isinstance(network, MaskedLM) else network.diffusion
        levels = schedule.noise_levels
        return film_of(self.generate, levels, prompt, seed=seed, steps=steps, **settings)

    # --- likelihood ---------------------------------------------------------------------------

    def bits(self, ids: np.ndarray | Tensor, *, draws: int = 8, seed: int = 0) -> dict[str, float]:
        """Return the variational bound of windows (n, 130) in bits, see `diffusion_bound.bound`;
        for a masked model see `masked_lm.bound`. It is per word of music: [CLS] and [SEP] cost
        nothing and are not counted, because the padding says how long a window is."""
        windows = ids if isinstance(ids, Tensor) else np.asarray(ids)
        if tuple(windows.shape[1:]) != (LENGTH,) or not len(windows):
            raise PromptError(f"ids={shown(ids)}: give windows (n, {LENGTH})")
        draws, seed = whole(draws, "draws", 1, 10_000), seed_of(seed)
        rows = torch.as_tensor(windows)
        self.code.check(rows.numpy())
        network = self.networks.diffusion
        if isinstance(network, MaskedLM):
            return masked_lm.bound(network, rows, PAD, draws=draws, seed=seed, free=ENDS)
        return bound(network, rows, PAD, draws=draws, seed=seed, free=ENDS)

    def windows(self, clips: Sequence[Clip], hop: int = 4) -> np.ndarray:
        """Return windows (n, 130) of the clips' piano parts. hop: hop between windows in bars."""
        clips, hop = clips_of(clips, least=1), whole(hop, "hop", 1)
        return np.concatenate([self.code.windows(piano_of(clip), hop) for clip in clips])
