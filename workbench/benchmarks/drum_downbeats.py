"""Position of the downbeat: bass drum on one, snare on two and four, beside real loops.

A classifier of styles ignores the downbeat: it accepts loops that are shifted by one beat as the
requested style. So downbeats are counted, for each chip of the prompt box and for "rock" in
several wordings, beside the real loops to which a chip applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.datasets.captions import Facts, facts_of, tempo_word
from workbench.evaluation.intervals import mean_interval
from workbench.evaluation.rhythm import backbeats, downbeats
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.prompts import chip_words

PLAIN = (  # as people type them; the first chip that is in them selects the real loops
    "rock",
    "a rock beat",
    "rock drums",
    "rock beat",
    "rock, 120 bpm",
    "rock, 180 bpm",
    "hard rock, 120 bpm",
    "pop, 120 bpm",
    "pop, 60 bpm",
    "funk, 160 bpm",
    "a latin groove",
)
SEEDS = (5, 11, 23)
LOOPS, BARS = 24, 4  # loops per seed, bars per loop


def beats_by_prompt(bench: Bench) -> None:
    """Bass drum on one, on two or four, and the backbeat, for chips and plain requests."""
    real = LoopSet([*bench.data.train.clips, *bench.data.test.clips])
    facts = [facts_of(clip) for clip in real.clips]
    rows = []
    figures: dict[str, dict[str, list[Any]]] = {}
    seeds = SEEDS[:1] if bench.quick else SEEDS
    for name, system in bench.systems.items():
        chips = list(dict.fromkeys(word for words in chip_words(system).values() for word in words))
        for prompt in dict.fromkeys([*PLAIN, *chips]):
            word = next(
                (w for w in ("rock", "latin", "pop", "funk") if w in prompt.split(",")[0].split()),
                prompt,
            )
            played = real.take([i for i, f in enumerate(facts) if _speaks_of(word, f)])
            half = word == "half-time"
            made = _made(system, prompt, seeds, bench, half)
            each = _of_performances(played, half) if len(played) else np.full((1, 3), np.nan)
            label = f"{name}: {prompt}" + (", snare on 3" if half else "")
            rows.append([label, len(set(played.performances)), *_mean(made), *_mean(each)])
            figures[f"{name}: {prompt}"] = {
                "made": _mean(made),
                "real": _mean(each),
                "real 95 %": [mean_interval(v, times=1000, seed=bench.seed) for v in each.T],
            }
    low = [
        prompt
        for prompt, figure in figures.items()
        if _low(figure, (h / 2 for h in figure["real"]))
    ]
    own = f"{bench.name}: "
    within = [p for p in low if not _low(figures[p], (span[0] for span in figures[p]["real 95 %"]))]
    bench.report.table(
        "downbeats",
        "Where the beat falls: share of bars, generated and real",
        [
            "prompt",
            "real performances",
            "kick on 1",
            "kick on 2 or 4",
            "snare on 2 and 4",
            "real: kick on 1",
            "real: 2 or 4",
            "real: snare on 2 and 4",
        ],
        rows,
        [
            f"{LOOPS} loops of {BARS} bars for each of the seeds {', '.join(map(str, seeds))}. "
            "Real: training and test loops to which the word applies, each performance with the "
            "same weight. In half-time the backbeat is a snare on 3.",
            f"Below half of the real figure, kick on 1 or backbeat: {', '.join(low) or 'none'}.",
            "Of these, not below the 95 % interval of the real figure over performances, which are "
            f"few or differ: {', '.join(within) or 'none'}.",
        ],
        shares=figures,
        low=[p.removeprefix(own) for p in low if p.startswith(own) and p not in within],
    )


def _speaks_of(word: str, facts: Facts) -> bool:
    """Whether the word of a chip applies to a loop: its style, its tempo, its kind or a trait.
    A word that does not request fills applies to beats only."""
    if word == "fill" or facts.kind == "fill":
        return word == facts.kind
    style = facts.style.lower()
    if word == "afro":
        return style.startswith("afro")
    if word in ("slow", "fast"):
        return bool(facts.tempo and tempo_word(facts.tempo) == word)
    # samba reggae is neither samba nor reggae
    substyle = facts.substyle.lower().replace("samba reggae", "samba-reggae")
    return word == style or word in substyle.split() or word in facts.traits


def _made(
    system: DrumLDM, prompt: str, seeds: Sequence[int], bench: Bench, half_time: bool
) -> np.ndarray:
    """(loops, 3) shares of generated loops."""
    parts = []
    for seed in seeds:
        clips = system.generate(
            prompt, n=LOOPS, bars=BARS, seed=seed, guidance=bench.guidance, steps=bench.steps
        )
        parts.append(shares(rolls_of(clips), half_time))
    return np.concatenate(parts)


def shares(rolls: np.ndarray, half_time: bool = False) -> np.ndarray:
    """Share of bars with a bass drum on one, on two or four, and with a backbeat: (n, 3)."""
    return np.stack([*downbeats(rolls), backbeats(rolls, half_time=half_time)], axis=1)


def _mean(values: np.ndarray) -> list[float]:
    return [float(v) for v in values.mean(0)]


def _of_performances(loops: LoopSet, half_time: bool) -> np.ndarray:
    """(performances, 3): means over the loops of each."""
    values, names = shares(loops.rolls, half_time), loops.performances
    return np.stack([values[names == name].mean(0) for name in np.unique(names)])


def _low(figure: dict[str, list[Any]], bounds: Iterable[float]) -> bool:
    """Whether the generated share of kicks on one, or of backbeats, is below its bound."""
    return any(made < bound for made, bound in list(zip(figure["made"], bounds, strict=True))[::2])
