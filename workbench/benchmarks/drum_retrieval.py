"""Retrieval among held-out performances: a loop by its text, and a text by its loop."""

from __future__ import annotations

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.datasets.captions import facts_of
from workbench.datasets.phrases import phrases
from workbench.evaluation.retrieval import WordModel, chance, retrieval

KS = (1, 5, 10)


def retrieval_table(bench: Bench) -> None:
    """Recall and median rank, one loop per held-out performance, by caption and by phrase."""
    train, test = bench.data.train, bench.data.test
    loops = _one_each(test)
    texts = {
        "captions": loops.captions,
        "phrases": [phrases(facts_of(c), 1, seed=i)[0] for i, c in enumerate(loops.clips)],
    }
    words = WordModel(
        train.captions + [phrases(facts_of(c), 1, seed=i)[0] for i, c in enumerate(train.clips)],
        np.concatenate([train.styled, train.styled]),
    )
    rows, figures = [], {}
    for kind, descriptions in texts.items():
        pairs = {
            name: (
                system.search_text(descriptions).numpy(),
                system.search_clips(loops.clips).numpy(),
            )
            for name, system in bench.systems.items()
        }
        if bench.system.words is not None:
            pairs[f"{bench.name}, towers alone"] = (
                bench.system.embed_text(descriptions).numpy(),
                bench.system.embed_clips(loops.clips).numpy(),
            )
        pairs["bag of words, ridge regression"] = (
            words.embed_text(descriptions),
            words.embed_loops(loops.styled),
        )
        mixed = np.random.default_rng(bench.seed).permutation(len(descriptions))
        text, midi = pairs[bench.name]
        pairs[f"{bench.name}, texts shuffled"] = (text[mixed], midi)
        for name, (a, b) in pairs.items():
            there, back = retrieval(a, b, KS), retrieval(b, a, KS)
            rows.append([f"{kind}: {name}", *there.values(), *back.values()])
            figures[f"{kind}: {name}"] = [there["R@10"], back["R@10"]]
    guess = list(chance(len(loops), KS).values())
    rows.append(["chance", *guess, *guess])
    bench.report.table(
        "retrieval",
        f"Retrieval among {len(loops)} held-out loops, one per performance",
        [
            "",
            *(f"text→MIDI R@{k}" for k in KS),
            "median rank",
            *(f"MIDI→text R@{k}" for k in KS),
            "median rank",
        ],
        rows,
        [
            "Systems: mean cosine of the contrastive towers and of a reduced-rank regression from "
            "word counts to features of a loop, which stands beside them; the towers alone steer "
            "the denoiser.",
            "Bag of words: ridge regression from word counts to the hand-made features of a "
            "loop, of "
            "which the traits that captions name are thresholds: a strong baseline.",
            "Captions name style, tempo and all measured traits; phrases a few of them. Loops with "
            f"the same text share their rank; {len(loops) - len(set(loops.captions))} captions are "
            "repeated.",
        ],
        recall_at_10=figures,
    )


def _one_each(loops: LoopSet) -> LoopSet:
    """The first loop of each performance."""
    _, rows = np.unique(loops.performances, return_index=True)
    return loops.take(np.sort(rows))
