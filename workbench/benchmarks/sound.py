"""Benchmarks of LDMG on held-out pieces: prints tables and writes them as JSON.

workbench evaluate sound --checkpoint sound-ldmg --out sound.json
workbench evaluate sound --checkpoint my-sound --only coding frechet --quick
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np

from workbench.benchmarks import (
    audio_classes,
    audio_hearing,
    audio_judge,
    sound_coding,
    sound_drawing,
    sound_speed,
)
from workbench.benchmarks.audio_data import measure, options_of
from workbench.benchmarks.command import run_command
from workbench.benchmarks.sound_data import SoundBench
from workbench.systems.ldmg import LDMG

SECTIONS: dict[str, Callable[[SoundBench], None]] = {
    "coding": sound_coding.coding,
    "recordings": sound_coding.recordings,
    "players": sound_coding.players,
    "frechet": sound_drawing.frechet,
    "wasserstein": sound_drawing.wasserstein,
    "samplers": sound_drawing.samplers,
    "asked": sound_drawing.asked,
    "public": sound_drawing.public,
    "instruments": lambda bench: audio_judge.instruments(bench, _for_prompts(bench)),
    "classes": lambda bench: audio_classes.classes(bench, bench.takes),
    "realism": lambda bench: audio_classes.realism(bench, _of_windows(bench)),
    "beat": lambda bench: audio_hearing.beat(bench, bench.takes),
    "speed": sound_speed.speed,
}


def _of_windows(bench: SoundBench) -> dict[str, np.ndarray]:
    return {
        "diffusion, genre and caption of each window": bench.matched,
        "reconstructions": bench.reconstructions,
    }


def _for_prompts(bench: SoundBench) -> audio_hearing.Draw:
    return lambda prompts: bench.generate(list(prompts), n=len(prompts))


def parser() -> argparse.ArgumentParser:
    """The command's options."""
    return options_of("sound", __doc__, SECTIONS, "sound-ldmg", 200)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the sections, print their tables, write the JSON."""
    return run_command(
        parser(),
        lambda args: measure(args, "sound", LDMG, SoundBench, SECTIONS, pieces=20, steps=4),
        argv,
    )


if __name__ == "__main__":
    sys.exit(main())
