"""Every public call that takes a seed takes NumPy's, and names what is none."""

import numpy as np
import pytest

from workbench.datasets import builtin, builtin_songs
from workbench.errors import PromptError
from workbench.evaluation.baselines import independent_cells, shuffled_bars
from workbench.evaluation.paired import sign_flip_test
from workbench.representations.mixup import draw_lambda

ROLLS = np.random.default_rng(0).random((6, 32, 27)).astype(np.float32)
CALLS = {
    "independent_cells": lambda seed: independent_cells(ROLLS, 3, seed=seed),
    "shuffled_bars": lambda seed: shuffled_bars(ROLLS, seed=seed),
    "sign_flip_test": lambda seed: sign_flip_test(ROLLS[0, :, 0] - 0.4, draws=50, seed=seed),
    "draw_lambda": lambda seed: draw_lambda(4, seed),
    "builtin": lambda seed: [clip.notes.tobytes() for clip in builtin.sample(2, seed)],
    "builtin_songs": lambda seed: [clip.notes.tobytes() for clip in builtin_songs.sample(1, seed)],
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_seeds_are_pythons(name):
    plain = CALLS[name](3)
    for three in (np.int64(3), np.uint8(3), np.array(3), 3.0):
        assert np.all(np.asarray(CALLS[name](three)) == np.asarray(plain))
    CALLS[name](2**64 - 1)
    for odd in (-1, 2**64, 1.5, "3", True):
        with pytest.raises(PromptError, match=r"^seed="):
            CALLS[name](odd)
