"""Which bars of a drum loop are fills."""

from __future__ import annotations

import numpy as np

from workbench.music.kit import DRUMS

SNARE = DRUMS.index("SD")
TOMS = [DRUMS.index(code) for code in ("LT", "MT", "HT")]


def fill_bars(struck: np.ndarray, kind: str = "beat") -> np.ndarray:
    """Return 1 for bars that are fills: unlike the other bars and with toms or a snare run.

    Args:
        struck: (bars, steps of a bar, 9) whether a drum is struck.
        kind: "fill" for a loop that is one fill from beginning to end.

    Returns:
        (bars,) float32.
    """
    bars = len(struck)
    if kind == "fill":
        return np.ones(bars, dtype=np.float32)
    usual = struck.mean(0)  # (steps, drums) share of the bars with this hit
    like = np.array(
        [np.minimum(bar, usual).sum() / np.maximum(bar, usual).sum().clip(1e-6) for bar in struck]
    )
    toms = struck[:, :, TOMS].sum((1, 2))
    late = struck[:, struck.shape[1] // 2 :]
    run = late[:, :, [SNARE, *TOMS]].any(-1).sum(1) / late.shape[1]
    usual_run = np.median(run)
    unlike = like < np.median(like) - 0.08
    busy = (toms >= max(2, np.median(toms) + 2)) | (run > usual_run + 0.25)
    return (unlike & busy).astype(np.float32)
