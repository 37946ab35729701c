"""Are controls realised? Bars are filled with the values of other bars of the song as controls."""

from __future__ import annotations

from collections import Counter

import numpy as np

from workbench.arguments import random_generator
from workbench.benchmarks.song_data import SongBench
from workbench.errors import PromptError
from workbench.evaluation.inpainting import LENGTH, SIDE, cases
from workbench.music.clip import Clip
from workbench.representations.controls import Control
from workbench.systems.region import Region

VALUES = ("density", "polyphony", "register", "length", "chord")


def control(bench: SongBench) -> None:
    """Share of tracks and bars with the requested class, beside that of a filling without controls.
    Each kind is requested alone."""
    if bench.system.controls is None:
        return
    chosen = cases(
        [clip for clip, _ in bench.held],
        bench.vocabulary,
        bench.system.config.gpt.context,
        bench.cases,
        seed=bench.seed,
    )
    random = random_generator(bench.seed)
    hits = {kind: Counter[str]() for kind in VALUES}
    for case in chosen:
        region = Region(bars=(case.first, case.first + LENGTH))
        other = int(random.integers(SIDE, len(case.song.bars) - LENGTH))
        shift = case.first - other
        found = bench.system.described(case.clip, (other, other + LENGTH))
        free = bench.system.inpaint(case.clip, region, seed=bench.seed + case.number)[0]
        for kind in VALUES:
            asked = [
                Control(
                    **{kind: getattr(wish, kind)},
                    tracks=wish.tracks,
                    bars=(wish.bars[0] + shift, wish.bars[1] + shift),
                )
                for wish in found
                if getattr(wish, kind) is not None and wish.bars is not None
            ]
            asked = [wish for wish in asked if _written(bench, case.clip, region, wish)]
            if not asked:
                continue
            made = bench.system.inpaint(
                case.clip, region, controls=asked, seed=bench.seed + case.number
            )[0]
            for name, clip in (("asked", made), ("free", free)):
                right, count = bench.system.realised(clip, region, asked)[kind]
                hits[kind][name] += right
                hits[kind]["of"] += count if name == "asked" else 0
    rows = [
        (kind, own["asked"] / own["of"], own["free"] / own["of"], own["of"])
        for kind, own in hits.items()
        if own["of"]
    ]
    bench.report.table(
        "control",
        f"Controls of {len(chosen)} fillings, asked with the values of other bars of the song",
        ["control", "realised", "the same without asking", "tracks and bars"],
        rows,
        [
            "Realised: the class of the new bar is the one asked for. Classes: "
            "`representations/controls.py`. Goal for density, polyphony and register: 0.8."
        ],
        realised={kind: float(np.round(right, 4)) for kind, right, _, _ in rows},
    )


def _written(bench: SongBench, clip: Clip, region: Region, wish: Control) -> bool:
    """Whether the track of a wish is among those that are written."""
    try:
        bench.system.realised(clip, region, [wish])
    except PromptError:
        return False
    return True
