"""Whether a loop has the requested style; the classifier is trained on real training loops only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet, beats_of
from workbench.datasets.captions import facts_of
from workbench.datasets.phrases import phrases
from workbench.evaluation.classifiers import balanced_accuracy
from workbench.evaluation.intervals import mean_interval, share_interval

NO_CELLS = np.zeros((0, 1), bool)
Ask = Callable[[str, int], str]  # (style, take) → prompt


def plain_prompt(style: str, take: int) -> str:
    """Three phrasings that people use."""
    return ("a {} beat", "{} groove", "play some {} drums")[take % 3].format(style)


def sentence(style: str, take: int) -> str:
    """A style among words without a style, in phrasings that training does not contain."""
    return ("a {} groove, 100 bpm", "gimme something {}-ish", "could do with some {}, you know")[
        take % 3
    ].format(style)


def keywords(style: str, take: int) -> str:
    """The wording of loop packs."""
    return f"{style} {(90, 110, 130)[take % 3]} bpm beat 4-4"


def empty(style: str, take: int) -> str:
    """An empty prompt."""
    return ""


def styles(bench: Bench) -> None:
    """Style accuracy of generated loops by kind of prompt, and its controls."""
    names, judge = bench.data.styles, bench.style_judge
    held_out = beats_of(bench.data.test, names)
    true, predicted = held_out.labels("style"), judge.predict(held_out.styled)
    right = true == predicted
    ceiling, balanced = float(right.mean()), balanced_accuracy(true, predicted)
    interval = mean_interval(right, groups=held_out.performances)
    rows = [["real held-out loops", len(right), ceiling, interval, balanced]]
    figures: dict[str, float] = {"real": ceiling, "real balanced": balanced}
    by_style = [["real held-out loops", *_by_style(true, predicted, names)]]
    for system_name in bench.systems:
        for form, ask in {
            "plain words": plain_prompt,
            "sentences": sentence,
            "loop-pack words": keywords,
            "held-out captions' phrasings": _augmented(bench),
            "empty": empty,
        }.items():
            requested, recognised = _ask(bench, system_name, names, ask)
            row = f"{system_name}: {form}"
            rows.append([row, len(requested), *_row(requested, recognised)])
            by_style.append([row, *_by_style(requested, recognised, names)])
            figures[row] = float((requested == recognised).mean())
            if form == "plain words":
                shuffled = np.random.default_rng(bench.seed).permutation(requested)
                rows.append(
                    [
                        f"{system_name}: shuffled prompts",
                        len(requested),
                        *_row(shuffled, recognised),
                    ]
                )
                figures[f"{system_name}: shuffled"] = float((shuffled == recognised).mean())
    plain_accuracy = figures[f"{bench.name}: plain words"]
    bench.report.table(
        "following",
        f"Style of loops, recognised by a classifier ({', '.join(names)})",
        ["prompts", "N", "accuracy", "95 %", "mean over styles"],
        rows,
        [
            f"Chance {1 / len(names):.3f}. Target: 0.9 × {ceiling:.3f} = {0.9 * ceiling:.3f} "
            f"({0.9 * balanced:.3f} for the mean over styles); plain words reach "
            f"{plain_accuracy:.3f}.",
            f"Classifier: {judge.name}, chosen among {_listed(judge.scores)} by cross-validation "
            "over training performances. Shuffled prompts: the loops of plain words, each "
            "compared with the style of another, randomly chosen prompt.",
        ],
        ids={
            "own": f"{bench.name}: plain words",
            "real": "real held-out loops",
            "trivial": f"{bench.name}: shuffled prompts",
        },
        accuracy=figures,
        target=0.9 * ceiling,
    )
    bench.report.table(
        "following by style",
        "The same, by requested style",
        ["prompts", *names],
        by_style,
        [
            f"Held-out loops: {_counts(true, names)}; performances: "
            f"{_counts(true, names, held_out.performances)}."
        ],
    )


def _ask(
    bench: Bench, system: str, names: Sequence[str], ask: Ask
) -> tuple[np.ndarray, np.ndarray]:
    """(requested style, recognised style) of `takes` loops per style."""
    requested = np.array([name for name in names for _ in range(bench.takes)])
    prompts = [ask(name, take) for name in names for take in range(bench.takes)]
    made = bench.generate(prompts, system=bench.systems[system], seed=bench.seed + 1)
    return requested, bench.style_judge.predict(made.styled)


def _augmented(bench: Bench) -> Ask:
    """Phrasings of held-out loops of the style, as `phrases` writes them; not all name it."""
    test = beats_of(bench.data.test, bench.data.styles)
    of = {name: np.flatnonzero(test.labels("style") == name) for name in bench.data.styles}

    def ask(style: str, take: int) -> str:
        rows = of[style]
        if len(rows) == 0:
            return plain_prompt(style, take)
        facts = facts_of(test.clips[int(rows[take * len(rows) // bench.takes % len(rows)])])
        return phrases(facts, 1, seed=take)[0]

    return ask


def _row(requested: np.ndarray, recognised: np.ndarray) -> list[object]:
    right = requested == recognised
    return [
        float(right.mean()),
        share_interval(int(right.sum()), len(right)),
        balanced_accuracy(requested, recognised),
    ]


def _by_style(requested: np.ndarray, recognised: np.ndarray, names: Sequence[str]) -> list[float]:
    return [
        float((recognised[requested == n] == n).mean()) if (requested == n).any() else float("nan")
        for n in names
    ]


def _counts(true: np.ndarray, names: Sequence[str], groups: np.ndarray | None = None) -> str:
    return ", ".join(
        str(len(set(groups[true == n])) if groups is not None else int((true == n).sum()))
        for n in names
    )


def _listed(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {score:.2f}" for name, score in scores.items())


def spread(bench: Bench) -> None:
    """Whether takes of one prompt are as different as two drummers who play one style."""
    styles, takes = bench.data.styles, max(4, bench.takes)
    rows, figures = [], {}
    played = {
        "training": beats_of(bench.data.train, styles),
        "held-out": beats_of(bench.data.unheard, styles),
    }
    for style in styles:
        human = [
            _likeness(loops.take(np.flatnonzero(loops.labels("style") == style)), group, bench.seed)
            for loops, group in ((played["training"], "session"), (played["held-out"], "session"))
        ]
        for name, system in bench.systems.items():
            made = bench.generate([f"{style} drums"] * takes, system=system, seed=bench.seed + 8)
            predicted = bench.style_judge.predict(made.styled)
            rows.append(
                [
                    f"{name}: {style} drums",
                    takes,
                    float((predicted == style).mean()),
                    _likeness(made, None, bench.seed),
                    *human,
                ]
            )
            figures[f"{name}: {style}"] = [rows[-1][3], *human]
    bench.report.table(
        "spread",
        "Style recognition and variety: similarity of takes of one prompt, and of two drummers",
        [
            "prompt",
            "takes",
            "style recognised",
            "similarity of takes",
            "training drummers",
            "held-out drummers",
        ],
        rows,
        [
            "Similarity: hits in common over hits in either (Jaccard, nine drums on "
            "sixteenths, eight "
            "bars), mean over pairs. Drummers: pairs of different sessions that play the style, at "
            "most 2,000. Takes that are more alike than drummers lack variety."
        ],
        likeness=figures,
    )


def _likeness(loops: LoopSet, label: str | None, seed: int, most: int = 2000) -> float:
    """Mean Jaccard similarity over pairs of loops, without pairs of the same label."""
    cells = loops.rolls[..., :9].reshape(len(loops), -1) > 0.5 if len(loops) else NO_CELLS
    a, b = np.triu_indices(len(cells), 1)
    if label is not None:
        other = loops.labels(label)
        kept = other[a] != other[b]
        a, b = a[kept], b[kept]
    if len(a) == 0:
        return float("nan")
    pick = np.random.default_rng(seed).permutation(len(a))[:most]
    both = (cells[a[pick]] & cells[b[pick]]).sum(1)
    either = (cells[a[pick]] | cells[b[pick]]).sum(1)
    return float((both / np.maximum(1, either)).mean())
