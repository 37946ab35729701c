"""Make the plans of a DrumLDM, which takes of a style follow, and store them in its checkpoint.

python -m workbench.systems.drum_ldm.planning CHECKPOINT_FOLDER --dataset groove
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from workbench.datasets import cut_loops, load
from workbench.errors import WorkbenchError
from workbench.music.clip import Clip
from workbench.representations.drum_chart import DrumChart
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm.forms import FIELDS, UNKNOWN
from workbench.systems.drum_ldm.plans import BARS, NAME, PLANS, PLANS_FILE, STYLES, StylePlans
from workbench.training.weights import save_weights

LEAST_LOOPS = 8  # of a style that has plans
SHIPPED = ("hip hop",)  # styles that are recognised more often with plans, see `plans.py`


def plans_of(clips: Sequence[Clip], styles: Sequence[str] = SHIPPED, seed: int = 0) -> StylePlans:
    """Return plans of styles.

    Args:
        clips: Loops of BARS bars in 4/4 with the labels of their data set. Fills are left out.
        styles: Names of up to STYLES styles.
        seed: Of the choice among loops. Each session of a style counts the same, however many loops
            are its own.

    Raises:
        WorkbenchError: If there are too many styles, or too few loops of one.
    """
    if len(styles) > STYLES:
        raise WorkbenchError(f"styles: must be {STYLES} at most, got {len(styles)}")
    plans, random = StylePlans(), np.random.default_rng(seed)
    for row, style in enumerate(styles):
        own = [c for c in clips if c.labels.get("style") == style and c.labels["kind"] == "beat"]
        name = style.encode()
        if len(own) < LEAST_LOOPS or len(name) > NAME:
            raise WorkbenchError(
                f"styles: {style!r} has {len(own)} loops, a style needs {LEAST_LOOPS}"
            )
        plans.names[row, : len(name)] = torch.tensor(list(name))
        sessions: dict[str, list[Clip]] = {}
        for clip in own:
            sessions.setdefault(str(clip.labels.get("session", "")), []).append(clip)
        players = [sessions[session] for session in sorted(sessions)]
        chosen = []
        for i in range(PLANS):
            loops = players[i % len(players)]
            chosen.append(loops[random.integers(len(loops))])
        for i, roll in enumerate(rolls_of(chosen)):
            chart = DrumChart.measure(roll)
            form = np.stack([getattr(chart, name) for name in FIELDS])
            plans.forms[row, i] = torch.from_numpy(np.nan_to_num(form, nan=UNKNOWN))
            amounts = np.array([*chart.drums.mean(0), chart.density.mean()])
            plans.amounts[row, i] = torch.from_numpy(amounts)
    return plans


def main(argv: Sequence[str]) -> int:
    """Make the plans of a folder's checkpoint."""
    parser = argparse.ArgumentParser(description="Make the plans of a DrumLDM.")
    parser.add_argument("folder", type=Path, help="the checkpoint")
    parser.add_argument("--dataset", default="groove", help="the data it was trained on")
    parser.add_argument("--styles", nargs="+", default=SHIPPED, help="styles that have plans")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args(argv)
    clips = cut_loops(load(args.dataset, split="train"), BARS, BARS)
    plans = plans_of(clips, args.styles, args.seed)
    save_weights(plans, args.folder / PLANS_FILE, half=True)
    print(f"{args.folder / PLANS_FILE}: {', '.join(plans.styles)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
