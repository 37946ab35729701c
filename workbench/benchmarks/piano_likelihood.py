"""Likelihood of piano windows under DiffusionLM, and the quality of its samples."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from workbench.benchmarks.piano_data import PianoBench, copied, grams, of_music
from workbench.evaluation.classifiers import separability
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.symbolic import measures
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.representations.pvd import WORDS

ROUNDING = (
    "The original's table calls the rounding term alone bits per word (0.00003 to 0.0003). It "
    "measures how far apart the embeddings are and says nothing about music."
)


def bits(bench: PianoBench) -> None:
    """The bound in bits per word and per note, by term, beside autoregressive models."""
    ids = bench.test
    notes = bench.notes_a_word(ids)
    found = bench.system.bits(ids, draws=2 if bench.quick else 16, seed=bench.seed)
    rows: list[list[Any]] = [["DiffusionLM: bound", found["total"], found["total"] / notes]]
    terms = [name for name in found if name not in ("total", "error")]
    rows += [[f"    {name}", found[name], found[name] / notes] for name in terms]
    judge = float(bench.judged(ids).mean() / np.log(2))
    rows.append(["GPT of the same windows (exact)", judge, judge / notes])
    for k, chain in bench.chains.items():
        nats = np.concatenate([chain.nll(row)[of_music(row)] for row in ids])
        cost = float(nats.mean()) / np.log(2)
        rows.append([f"Markov chain of order {k}" if k else "unigram", cost, cost / notes])
    best = str(min(rows[-len(bench.chains) :], key=lambda row: row[1])[0])
    costs = {str(row[0]): float(row[1]) for row in rows}
    bench.report.table(
        "bits",
        f"{len(ids)} held-out windows, {of_music(ids).sum():,} words",
        ["", "bits per word", "bits per note"],
        rows,
        [
            f"Standard error of the bound: {found['error']:.3f} bits per word. Only words of music "
            "are counted, in every row. [CLS] and [SEP] are not: DiffusionLM is given the length "
            "of a window, by its padding.",
            verdict(costs["DiffusionLM: bound"], best, costs[best]),
            *([ROUNDING] if "rounding" in terms else []),
            "Markov chains: all training songs in six keys. A note is four words, so from order 4 "
            "on a chain sees the last word of the same kind.",
        ],
        ids={"own": "DiffusionLM: bound", "trivial": best}
        | ({"rounding": "    rounding"} if "rounding" in terms else {}),
        bound=found,
        judge=judge,
    )


def verdict(bound: float, chain: str, cost: float) -> str:
    """Return a sentence that says which predicts better, the bound or the best chain; both in bits
    per word."""
    won = f"{chain} predicts held-out windows better than DiffusionLM"
    if bound < cost:
        won = f"DiffusionLM predicts held-out windows better than the best chain, {chain}"
    return f"{won}: {min(bound, cost):.2f} against {max(bound, cost):.2f} bits per word."


def samples(bench: PianoBench) -> None:
    """Validity, likelihood under the judge, copying; of samples and of real windows."""
    code = bench.system.code
    known = grams(bench.train.ids.numpy())
    random = np.random.default_rng(bench.seed)
    shuffled = bench.test.copy()
    for row in shuffled:
        row[1:-1] = random.permutation(row[1:-1])
    sets = {
        f"DiffusionLM, {bench.steps} steps": bench.samples,
        "the same, rounded without grammar": bench.nearest,
        "held-out windows": bench.test,
        "held-out windows, words shuffled": shuffled,
    }
    rows = []
    for name, ids in sets.items():
        words, whole = code.validity(ids)
        nats = bench.judged(ids) / np.log(2)
        low, high = mean_interval(nats, seed=bench.seed)
        rows.append([name, words, whole, float(nats.mean()), (low, high), copied(ids, known)])
    bench.report.table(
        "samples",
        f"{bench.n} samples",
        [
            "",
            "permitted words",
            "windows without error",
            "judge: bits per word",
            "95 %",
            "8-grams copied",
        ],
        rows,
        [
            "The judge is a GPT trained on the training windows. Copied: share of runs of eight "
            "words that also occur in training windows; the share of real windows is the floor."
        ],
        ids={
            "own": f"DiffusionLM, {bench.steps} steps",
            "real": "held-out windows",
            "trivial": "held-out windows, words shuffled",
        },
        validity=code.validity(bench.samples),
        copied=copied(bench.samples, known),
        floor=copied(bench.test, known),
    )


SHOWN = (
    "clash rate",
    "velocity spread",
    "mean length",
    "polyphony",
    "leap",
    "pitch class entropy",
    "scale consistency",
    "onset density",
)


def music(bench: PianoBench) -> None:
    """Samples beside held-out windows in measures of notes, and a judge that tells them apart.

    A judge by likelihood rewards dull music: what is likelier than real music has a better score.
    """
    code = bench.system.code
    held, songs = bench.full(bench.held)
    other, others = bench.full(bench.train)
    sets = {"held-out windows": (held, songs), "training windows": (other, -1 - others)}
    own = bench.system.config.temperature
    for temperature in sorted({0.0, own, 1.0}):
        ids = bench.system.sample_words(
            bench.n, steps=bench.steps, temperature=temperature, seed=bench.seed
        )
        name = f"DiffusionLM, temperature {temperature:g}"
        sets[name] = (ids, np.arange(10**6, 10**6 + len(ids)))
    found = {name: measures([code.decode(row) for row in ids]) for name, (ids, _) in sets.items()}
    features = {name: bench.features(ids) for name, (ids, _) in sets.items()}
    rows, told = [], {}
    for name, (_, groups) in sets.items():
        middle = [float(np.nanmean(found[name][measure])) for measure in SHOWN]
        verdict: list[object] = [None, None]
        if name != "held-out windows":
            judged = separability(
                features[name], features["held-out windows"], groups, songs, seed=bench.seed
            )
            verdict = [judged.accuracy, judged.interval]
            told[name] = judged.accuracy
        rows.append([name, *middle, *verdict])
    bench.report.table(
        "music",
        f"{len(held)} windows of each kind in measures of notes",
        ["", *SHOWN, "accuracy of a judge", "95 %"],
        rows,
        [
            "Means over windows. Accuracy of a judge (linear, extra trees, boosting): balanced, "
            f"against held-out windows, on {features['held-out windows'].shape[1]} measures, a "
            f"song in one fold; 0.5 is chance, training windows are its floor. Default: {own:g}."
        ],
        told=told,
    )


def few_steps(bench: PianoBench) -> None:
    """Samplers and numbers of steps against the judge."""
    code, rows = bench.system.code, []
    n = min(bench.n, 8 if bench.quick else 24)
    network = bench.system.config.network
    most = network.steps if isinstance(network, DiffusionLMConfig) else WORDS
    own = bench.system.config.temperature
    counts = (200 if bench.quick else most, 200, 100, 50, 20)
    ways = [("ddpm", steps, own) for steps in sorted(set(counts), reverse=True)]
    ways += [("ddpm", 100, 1.0), ("ddpm", 100, 0.0)]
    if isinstance(network, DiffusionLMConfig):
        ways += [("ddim", 100, 1.0), ("ddim", 100, own), ("ddim", 20, own)]
    for sampler, steps, temperature in ways:
        if steps > most:
            continue
        began = time.perf_counter()
        ids = bench.system.sample_words(
            n, steps=steps, sampler=sampler, temperature=temperature, grammar=False, seed=bench.seed
        )
        spent = time.perf_counter() - began
        nats = bench.judged(ids) / np.log(2)
        low, high = mean_interval(nats, seed=bench.seed)
        rows.append(
            [
                f"{sampler}, {steps} steps",
                temperature or "0: the likeliest words",
                spent / n,
                code.validity(ids)[0],
                float(nats.mean()),
                (low, high),
            ]
        )
    bench.report.table(
        "steps",
        f"{n} samples for each sampler",
        ["", "temperature", "seconds each", "permitted words", "judge: bits per word", "95 %"],
        rows,
        ["Each word is rounded alone, without the grammar."],
    )
