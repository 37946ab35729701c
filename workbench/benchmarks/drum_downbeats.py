"""Where does the beat fall? Bass drum on one and snare on two and four, beside real loops.

A classifier of styles does not hear the downbeat: loops that are turned round by a beat pass for
the style that was asked for. So this is counted, for each chip of the prompt box and for "rock" as
people write it, beside the real loops that a chip speaks of.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.datasets.captions import Facts, facts_of, tempo_word
from workbench.evaluation.rhythm import backbeats, downbeats
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.prompts import chip_words

ROCK = ("rock", "a rock beat", "rock drums", "rock beat", "rock, 120 bpm", "a latin groove")
SEEDS = (5, 11, 23)
LOOPS, BARS = 24, 4  # loops a seed, bars a loop


def beats_by_prompt(bench: Bench) -> None:
    """Bass drum on one, on two or four, and the backbeat, for chips and for plain requests."""
    real = LoopSet([*bench.data.train.clips, *bench.data.test.clips])
    facts = [facts_of(clip) for clip in real.clips]
    rows, figures = [], {}
    seeds = SEEDS[:1] if bench.quick else SEEDS
    for name, system in bench.systems.items():
        chips = list(dict.fromkeys(word for words in chip_words(system).values() for word in words))
        for prompt in dict.fromkeys([*ROCK, *chips]):
            word = "rock" if "rock" in prompt else "latin" if "latin" in prompt else prompt
            played = real.take([i for i, f in enumerate(facts) if _speaks_of(word, f)])
            made = _made(system, prompt, seeds, bench)
            human = _of_performances(played) if len(played) else [float("nan")] * 3
            rows.append([f"{name}: {prompt}", len(set(played.performances)), *_mean(made), *human])
            figures[f"{name}: {prompt}"] = {"made": _mean(made), "real": human}
    low = [
        prompt
        for prompt, both in figures.items()
        if any(m < h / 2 for m, h in list(zip(both["made"], both["real"], strict=True))[::2])
    ]
    bench.report.table(
        "downbeats", "Where the beat falls: share of bars, generated and real",
        ["prompt", "real performances", "kick on 1", "kick on 2 or 4", "snare on 2 and 4",
         "real: kick on 1", "real: 2 or 4", "real: snare on 2 and 4"],
        rows,
        [
            f"{LOOPS} loops of {BARS} bars for each of the seeds {', '.join(map(str, seeds))}. "
            "Real: training and test loops that the word speaks of, each performance with the "
            "same weight.",
            "Below half of the real figure, kick on 1 or backbeat: "
            f"{', '.join(low) if low else 'none'}.",
        ],
        shares=figures,
    )  # fmt: skip


def _speaks_of(word: str, facts: Facts) -> bool:
    """Whether the word of a chip is true of a loop: its style, its tempo, its kind or a trait."""
    style, substyle = facts.style.lower(), facts.substyle.lower()
    if word == "afro":
        return style.startswith("afro")
    if word in ("slow", "fast"):
        return bool(facts.tempo and tempo_word(facts.tempo) == word)
    if word == "fill":
        return facts.kind == "fill"
    if facts.kind == "fill":
        return False
    return word == style or word in substyle.split() or word in facts.traits


def _made(system: DrumLDM, prompt: str, seeds: Sequence[int], bench: Bench) -> np.ndarray:
    """(loops, 3) shares of generated loops."""
    parts = []
    for seed in seeds:
        clips = system.generate(
            prompt, n=LOOPS, bars=BARS, seed=seed, guidance=bench.guidance, steps=bench.steps
        )
        parts.append(shares(rolls_of(clips)))
    return np.concatenate(parts)


def shares(rolls: np.ndarray) -> np.ndarray:
    """Of each roll the share of bars with a bass drum on one, one on two or four, and a backbeat:
    (n, 3)."""
    return np.stack([*downbeats(rolls), backbeats(rolls)], axis=1)


def _mean(values: np.ndarray) -> list[float]:
    return [float(v) for v in values.mean(0)]


def _of_performances(loops: LoopSet) -> list[float]:
    """Mean over performances of the mean over their loops."""
    values, names = shares(loops.rolls), loops.performances
    return _mean(np.stack([values[names == name].mean(0) for name in np.unique(names)]))
