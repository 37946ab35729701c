"""Benchmarks of MusicLDM on held-out pieces: prints tables and writes them as JSON.

    workbench evaluate music --checkpoint music-ldm --out music.json
    workbench evaluate music --checkpoint my-music --only ablation --folder runs/ablation

The ablation trains a denoiser for each mixup and each way of conditioning on the checkpoint's other
networks; if it is stopped, the same command continues.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from workbench.benchmarks import audio_classes, audio_hearing, audio_judge, music_coding
from workbench.benchmarks.audio_data import measure, options_of
from workbench.benchmarks.command import run_command
from workbench.benchmarks.music_data import COLUMNS, MusicBench
from workbench.models.music_ldm import film_denoiser
from workbench.systems.musicldm import MusicLDM
from workbench.systems.musicldm.config import PROFILES
from workbench.systems.musicldm.mixing import KINDS, Windows, mixes_of, windows_of
from workbench.systems.musicldm.training import fit_denoiser

TITLES = {"none": "no mixup", "plain": "plain mixup", "bam": "BAM", "blm": "BLM"}


def quality(bench: MusicBench) -> None:
    """Clips for the captions of held-out windows, beside their references."""
    system, real = bench.system, bench.real[0]
    order = np.random.default_rng(bench.seed).permutation(len(real))
    made = {
        "generated, guidance 1": bench.generate(
            system, bench.captions, guidance=1.0, beats=bench.real_beats
        ),
        "generated, guidance 2": bench.guided,
        "generated, guidance 4": bench.guided_strongly,
        "best of 5, ranked by the system's encoder": bench.generate(
            system, bench.captions, candidates=2 if bench.quick else 5, beats=bench.real_beats
        ),
        "the held-out windows": real,
        "their reconstructions": bench.reconstructions,
        "held-out windows of other captions": real[order],
        "training windows": bench.windows("train", 1)[0],
    }
    bench.report.table(
        "quality",
        f"Generated for {bench.n} held-out captions, {bench.steps} steps",
        COLUMNS,
        [bench.row(name, sounds) for name, sounds in made.items()],
        [_NOTE],
        ids={
            "own": "generated, guidance 2",
            "real": "the held-out windows",
            "trivial": "held-out windows of other captions",
            "training": "training windows",
        },
    )


def public(bench: MusicBench) -> None:
    """Distances by a judge that was trained elsewhere, with codecs as a scale."""
    audio_judge.public(bench, _of_windows(bench))


_NOTE = (
    "IS, KL, Fréchet and SIM_AA by our tagger (genre, tempo, key; 128 numbers), relevance by a "
    "text–audio encoder that takes no part in conditioning or ranking. KL: to the window whose "
    "caption was the prompt. SIM_AA: share whose nearest of 2,000 training windows has a cosine "
    "above 0.90 / 0.95, vectors centred; the held-out windows are its floor."
)


def ablation(bench: MusicBench) -> None:
    """The paper's table: mixup × conditioning, at equal steps. Windows, and steps on captions where
    both are used, keep their proportion to the profile's."""
    size = PROFILES["smoke" if bench.quick else "laptop"]
    system, rows = bench.system, bench.audio.split("train")
    whole = size.audio.steps + size.text.steps
    share = (bench.training_steps or whole) / whole
    by_text = replace(size.text, steps=round(share * size.text.steps))
    by_sound = replace(size.audio, steps=round(share * size.audio.steps))
    longer = replace(size.audio, steps=by_sound.steps + by_text.steps)
    n_real, n_mixes = (round(share * n * size.windows) for n in (1, size.mixes))
    coder = (system.networks, system.embedder)
    real = windows_of(*coder, bench.audio, rows, n_real, bench.seed)
    validation = windows_of(*coder, bench.audio, bench.audio.split("validation"), 64, bench.seed)
    table, before = [], system.networks.denoiser
    for kind in KINDS:
        windows = real
        if kind != "none":
            mixes = mixes_of(*coder, bench.audio, rows, n_mixes, kind, bench.seed)
            windows = Windows.joined([real, mixes])
        for name, stages in (
            ("audio", [("audio", longer)]),
            ("text", [("text", longer)]),
            ("both", [("audio", by_sound), ("text", by_text)]),
        ):
            torch.manual_seed(bench.seed)
            system.networks.denoiser = film_denoiser(system.config.sizes).eval()
            for by, plan in stages:
                out = bench.folder / kind / f"{name}-{by}"
                fit_denoiser(*coder, windows, validation, by, plan, out, bench.seed)
            table.append(
                bench.row(f"{TITLES[kind]}, {name}", bench.generate(system, bench.captions))
            )
    system.networks.denoiser = before
    table += [bench.row("the held-out windows", bench.real[0])]
    bench.report.table(
        "ablation",
        f"Mixup × conditioning: denoisers of {longer.steps} steps each, {bench.n} captions",
        COLUMNS,
        table,
        [
            f"{n_real} windows, and {n_mixes} mixes of two. Conditioned on vectors of sound, of "
            "captions, or of sound first and then of captions. " + _NOTE
        ],
    )


SECTIONS: dict[str, Callable[[MusicBench], None]] = {
    "coding": music_coding.coding,
    "recordings": music_coding.recordings,
    "quality": quality,
    "public": public,
    "instruments": lambda bench: audio_judge.instruments(bench, _for_prompts(bench)),
    "classes": lambda bench: audio_classes.classes(bench, bench.takes),
    "realism": lambda bench: audio_classes.realism(bench, _of_windows(bench)),
    "beat": lambda bench: audio_hearing.beat(bench, bench.takes),
    "speed": music_coding.speed,
    "ablation": ablation,
}


def _of_windows(bench: MusicBench) -> dict[str, np.ndarray]:
    return {
        "generated, guidance 2": bench.guided,
        "generated, guidance 4": bench.guided_strongly,
        "reconstructions": bench.reconstructions[:, : bench.length],
    }


def _for_prompts(bench: MusicBench) -> audio_hearing.Draw:
    return lambda prompts: bench.generate(bench.system, list(prompts))


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    return options_of("music", __doc__, SECTIONS, "music-ldm", 160)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(
        parser(),
        lambda args: measure(args, "music", MusicLDM, MusicBench, SECTIONS, pieces=8, steps=3),
        argv,
    )


if __name__ == "__main__":
    sys.exit(main())
