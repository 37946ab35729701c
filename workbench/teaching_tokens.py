"""Checks of the exercises on tokens: lessons 02, 08 and 09. See `teaching.py`."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from workbench.teaching import Function, Result, judge


def _coded(text: str | None) -> Any:
    """Words as numbers, which `judge` can compare."""
    return text if text is None else np.frombuffer(text.ljust(400).encode(), dtype=np.uint8)


def remi(notes: list[tuple[int, int, int, int]], bars: int) -> list[str]:
    """Notes (bar, position, pitch, steps long), sorted, of a piece of `bars` bars, as REMI."""
    words = []
    for bar in range(bars):
        words.append("Bar")
        before = None
        for _, place, pitch, steps in (note for note in notes if note[0] == bar):
            words += [f"Position_{place}"] if place != before else []
            words += [f"Pitch_{pitch}", f"Duration_{steps}"]
            before = place
    return words


def check_remi(attempt: Function) -> Result:
    """Lesson 02: notes as REMI tokens."""
    random = np.random.default_rng()
    cases: list[tuple[Any, ...]] = [([(0, 4, 60, 2), (1, 4, 60, 2)], 2)]  # one place, two bars
    for used in ((0, 1), (0, 2), (1,)):  # chords; an empty bar between; one before, one after
        low = int(random.integers(50, 70))
        cases.append(([
            (bar, place, low + up, steps)
            for bar in used for place, up, steps in ((0, 0, 4), (0, 4, 4), (8, 7, 2))
        ], max(used) + 1 + len(used) % 2))  # fmt: skip

    def always(notes: Any, bars: int) -> str:
        by_bar = [[n for n in notes if n[0] == bar] for bar in range(bars)]
        return " ".join(
            w for bar in by_bar
            for w in ["Bar", *(w for _, at, pitch, long in bar
                               for w in (f"Position_{at}", f"Pitch_{pitch}", f"Duration_{long}"))]
        )  # fmt: skip

    def played(notes: Any, bars: int) -> str:
        known = sorted({note[0] for note in notes})
        return " ".join(remi([(known.index(b), *rest) for b, *rest in notes], len(known)))

    def carried(notes: Any, bars: int) -> str:
        words, before = [], None
        for word in remi(notes, bars):
            if word.startswith("Position"):
                if word == before:
                    continue
                before = word
            words.append(word)
        return " ".join(words)

    def said(*case: Any) -> Any:
        found = attempt(*case)
        return found if found is None else _coded(" ".join(str(word) for word in found))

    return judge(
        said, lambda *case: _coded(" ".join(remi(*case))), cases,
        [
            ("notes of a chord share one Position: say it only when it changes",
             lambda *case: _coded(always(*case))),
            ("an empty bar is a Bar, too: without it all that follows comes too early",
             lambda *case: _coded(played(*case))),
            ("a new bar forgets the position: say it again after each Bar",
             lambda *case: _coded(carried(*case))),
        ],
    )  # fmt: skip


def check_grid(attempt: Function) -> Result:
    """Lesson 02: onsets in beats to steps of a grid, rounded to the nearest."""
    random = np.random.default_rng()
    cases = [(np.sort(random.uniform(0, 8, 12)), steps) for steps in (4, 12)]
    return judge(
        attempt, lambda beats, steps: np.round(np.asarray(beats) * steps), cases,
        [
            ("notes played a little early fall a whole step back: round, do not cut off",
             lambda beats, steps: np.floor(np.asarray(beats) * steps)),
            ("steps a beat: multiply, do not divide",
             lambda beats, steps: np.round(np.asarray(beats) / steps)),
            ("those are beats again; the answer is a number of steps",
             lambda beats, steps: np.round(np.asarray(beats) * steps) / steps),
        ],
    )  # fmt: skip


def commonest_pair(ids: list[int]) -> tuple[int, int]:
    """The pair of neighbours that occurs most often; of equals the smallest."""
    counts = Counter(pairwise(ids))
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """All occurrences of a pair, from left to right, replaced by a new id."""
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == tuple(pair):
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def check_merge(attempt: Function) -> Result:
    """Lesson 02: one merge of byte-pair encoding."""
    random = np.random.default_rng()
    cases: list[tuple[Any, ...]] = [([1, 1, 1, 2], (1, 1), 9), ([3, 4], (4, 3), 9)]
    for _ in range(4):
        ids = random.integers(0, 3, 20).tolist()
        cases.append((ids, commonest_pair(ids), 9))

    def overlapping(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
        out = []
        for i, x in enumerate(ids):
            if i + 1 < len(ids) and (x, ids[i + 1]) == tuple(pair):
                out.append(new)
            elif not (i and (ids[i - 1], x) == tuple(pair)):
                out.append(x)
        return out

    def answered(*case: Any) -> Any:
        found = attempt(*case)
        return found if found is None else np.array(found)

    return judge(
        answered, lambda *case: np.array(merge(*case)), cases,
        [
            ("a token may be in one pair only: after a merge go on two tokens further",
             lambda *case: np.array(overlapping(*case))),
            ("the second token of a pair must go, too",
             lambda ids, pair, new: np.array([
                 new if i + 1 < len(ids) and (x, ids[i + 1]) == tuple(pair) else x
                 for i, x in enumerate(ids)])),
        ],
    )  # fmt: skip


def check_bits_a_note(attempt: Function) -> Result:
    """Lessons 02 and 09: bits a note from nats a token."""
    random = np.random.default_rng()
    cases = [(random.uniform(0.5, 4, 40), n) for n in (5, 11)]
    return judge(
        attempt, lambda nats, notes: float(np.sum(nats) / np.log(2) / notes), cases,
        [
            ("those are nats: divide by ln 2", lambda nats, notes: np.sum(nats) / notes),
            ("the mean is per token: sum first, then divide by the notes",
             lambda nats, notes: np.mean(nats) / np.log(2) / notes),
            ("that is a token's share: divide by the notes",
             lambda nats, notes: np.mean(nats) / np.log(2)),
        ],
    )  # fmt: skip


def nucleus(p: np.ndarray, top: float) -> np.ndarray:
    """Probabilities with all but the smallest set that reaches `top` set to zero, summing to 1."""
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros_like(p)
    chosen = order[before < top]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def check_nucleus(attempt: Function) -> Result:
    """Lesson 09: nucleus sampling (Holtzman et al. 2020)."""
    random = np.random.default_rng()
    cases = [(random.dirichlet(np.ones(8)), top) for top in (0.3, 0.7, 0.95, 1.0)]

    def short(p: np.ndarray, top: float) -> np.ndarray:
        order = np.argsort(-p)
        kept = np.where(np.isin(np.arange(len(p)), order[np.cumsum(p[order]) <= top]), p, 0)
        return kept / kept.sum() if kept.sum() else kept

    def unscaled(p: np.ndarray, top: float) -> np.ndarray:
        return np.where(nucleus(p, top) > 0, p, 0)

    return judge(
        attempt, nucleus, cases,
        [
            ("the token that crosses the threshold belongs to the set: with one likely token you "
             "would keep none", short),
            ("what is left must sum to 1 again", unscaled),
            ("keep the likeliest, not those above a threshold",
             lambda p, top: np.where(p >= 1 - top, p, 0) / max(1e-9, p[p >= 1 - top].sum())),
        ],
        tolerance=1e-6,
    )  # fmt: skip


def check_question(attempt: Function) -> Result:
    """Lesson 09: bars with a hole as one sequence, the filling last."""
    random = np.random.default_rng()
    cases = []
    for first, last in ((1, 2), (0, 2), (2, 5)):
        bars = [[f"b{i}"] * int(random.integers(1, 4)) for i in range(5)]
        cases.append((bars, first, last))

    def flat(parts: list[list[str]]) -> str:
        return " ".join(x for part in parts for x in part)

    def right(bars: list[list[str]], first: int, last: int) -> str:
        around = [["HOLE"]] * (last - first) + bars[last:] + bars[:first]
        return flat([*around, ["FILL"], *bars[first:last], ["END"]])

    def said(bars: list[list[str]], first: int, last: int) -> str:
        found = attempt(bars, first, last)
        return found if found is None else " ".join(str(x) for x in found)

    return judge(
        lambda *case: _coded(said(*case)), lambda *case: _coded(right(*case)), cases,
        [
            ("the original's mistake: the hole's own bars stand in the prompt, so the model may "
             "copy them",
             lambda bars, a, b: _coded(flat([*bars, ["FILL"], *bars[a:b], ["END"]]))),
            ("one HOLE for each bar, so that the number of bars is known",
             lambda bars, a, b: _coded(flat([["HOLE"], *bars[b:], *bars[:a], ["FILL"],
                                            *bars[a:b], ["END"]]))),
            ("what comes after the hole is missing: then it is a continuation only",
             lambda bars, a, b: _coded(flat([*[["HOLE"]] * (b - a), *bars[:a], ["FILL"],
                                            *bars[a:b], ["END"]]))),
            ("what is before comes last, so that the answer can go on from it",
             lambda bars, a, b: _coded(flat([*bars[:a], *[["HOLE"]] * (b - a), *bars[b:],
                                            ["FILL"], *bars[a:b], ["END"]]))),
            ("without END the model never learns when it is done",
             lambda bars, a, b: _coded(right(bars, a, b).removesuffix(" END"))),
        ],
    )  # fmt: skip


def check_rounding(attempt: Function) -> Result:
    """Lesson 08: the nearest embedding of each vector."""
    random = np.random.default_rng()
    cases = []
    for _ in range(4):
        table = random.normal(size=(9, 3)) * random.uniform(0.3, 3, size=(9, 1))
        cases.append((random.normal(size=(5, 3)), table))

    def nearest(x: np.ndarray, table: np.ndarray) -> np.ndarray:
        return np.square(x[:, None] - table[None]).sum(-1).argmin(1)

    return judge(
        attempt, nearest, cases,
        [
            ("the largest dot product favours long embeddings: take the smallest distance",
             lambda x, table: (x @ table.T).argmax(1)),
            ("the smallest distance, not the largest",
             lambda x, table: np.square(x[:, None] - table[None]).sum(-1).argmax(1)),
        ],
    )  # fmt: skip


def check_kl(attempt: Function) -> Result:
    """Lesson 08: one denoising term of the bound, ½(SNR_s − SNR_t)·‖x₀ − x̂₀‖², in bits."""
    random = np.random.default_rng()
    cases = []
    for _ in range(4):
        now, before = np.sort(random.uniform(0.05, 0.95, 2))
        cases.append((random.normal(size=6), random.normal(size=6), now, before))

    def nats(x: np.ndarray, guess: np.ndarray, now: float, before: float) -> float:
        snr = before / (1 - before) - now / (1 - now)
        return float(0.5 * snr * np.square(x - guess).sum())

    return judge(
        attempt, lambda *case: nats(*case) / np.log(2), cases,
        [
            ("those are nats: divide by ln 2", nats),
            ("the signal-to-noise ratio is ᾱ/(1 − ᾱ), not ᾱ",
             lambda x, g, now, before: 0.5 * (before - now) * np.square(x - g).sum() / np.log(2)),
            ("the step before is the cleaner one: its ratio is the larger",
             lambda *case: -nats(*case) / np.log(2)),
            ("sum over all numbers: every one of them costs bits",
             lambda x, g, now, before: nats(x, g, now, before) / np.log(2) / len(x)),
        ],
    )  # fmt: skip


def check_sqrt_schedule(attempt: Function) -> Result:
    """Lesson 08: ᾱ of Diffusion-LM's schedule, 1 − √(t/T + s), for an array of steps t."""
    cases = [(np.arange(1, 9.0), 10.0, 1e-4), (np.arange(1, 99, 7.0), 100.0, 1e-2)]
    return judge(
        attempt, lambda t, steps, s: 1 - np.sqrt(t / steps + s), cases,
        [
            ("that keeps the amplitude high at first: the root is of the noise, take it from 1",
             lambda t, steps, s: np.sqrt(1 - t / steps - s)),
            ("s goes under the root: it is the noise that is there from the first step on",
             lambda t, steps, s: 1 - np.sqrt(t / steps) - s),
            ("t counts from 1 to T: divide by T", lambda t, steps, s: 1 - np.sqrt(t + s)),
        ],
        tolerance=1e-6,
    )  # fmt: skip
