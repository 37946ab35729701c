"""Fit the word regression of a DrumLDM, which helps to find loops by texts, and store it in its
checkpoint.

    python -m workbench.systems.drum_ldm.search CHECKPOINT_FOLDER --dataset groove

The contrastive encoders steer the denoiser, so they cannot be trained further without it. The
regression stands beside them: `DrumLDM.search_text` and `search_clips` join both embeddings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from workbench.datasets import cut_loops, load
from workbench.datasets.captions import facts_of
from workbench.datasets.keywords import tokens
from workbench.datasets.phrases import phrases
from workbench.models.word_regression import WordRegression, fit_words
from workbench.music.clip import Clip
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm.latents import BARS, WORDS, DrumLatents, loop_features, word_counts
from workbench.systems.drum_ldm.system import DrumLDM
from workbench.training.weights import save_weights


def fit_search(system: DrumLatents, clips: Sequence[Clip]) -> WordRegression:
    """Fit the word regression of a system to the captions of loops of one length in 4/4, and to a
    phrase about each. The system's `words` is set."""
    texts = [clip.caption for clip in clips]
    texts += [phrases(facts_of(clip), 1, seed=i)[0] for i, clip in enumerate(clips)]
    counts = word_counts([tokens(text) for text in texts], system.config.vocabulary)
    features = loop_features(rolls_of(clips))
    system.words = fit_words(counts, torch.cat([features, features]))
    return system.words


def main(argv: Sequence[str]) -> int:
    """Fit the word regression of a folder's checkpoint."""
    parser = argparse.ArgumentParser(description="Fit the word regression of a DrumLDM.")
    parser.add_argument("folder", type=Path, help="the checkpoint")
    parser.add_argument("--dataset", default="groove", help="the data it was trained on")
    args = parser.parse_args(argv)
    system = DrumLDM.from_pretrained(args.folder)
    words = fit_search(system, cut_loops(load(args.dataset, split="train"), BARS, BARS))
    save_weights(words, args.folder / WORDS, half=True)
    print(args.folder / WORDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
