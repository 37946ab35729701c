"""Exercises of lesson 02, tokenisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.core import Task, exercise
from workbench.representations.byte_pairs import commonest_pair, merge


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


@exercise(
    "02.1",
    points=3,
    hints=(
        "Loop over the bars from 0 to bars − 1, including those without notes.",
        "Within a bar, remember the last Position token; at the start of a bar there is none.",
        "Each note gives a Pitch and a Duration; a Position precedes them only if it is new.",
    ),
)
def check_remi(random: np.random.Generator) -> Task:
    """Lesson 02: notes as REMI tokens."""
    cases: list[tuple[Any, ...]] = [([(0, 4, 60, 2), (1, 4, 60, 2)], 2)]  # one place, two bars
    for used in ((0, 1), (0, 2), (1,)):  # chords; an empty bar between; one before, one after
        low = int(random.integers(50, 70))
        cases.append(
            (
                [
                    (bar, place, low + up, steps)
                    for bar in used
                    for place, up, steps in ((0, 0, 4), (0, 4, 4), (8, 7, 2))
                ],
                max(used) + 1 + len(used) % 2,
            )
        )

    def always(notes: Any, bars: int) -> list[str]:
        words = []
        for bar in range(bars):
            words.append("Bar")
            for _, place, pitch, steps in (note for note in notes if note[0] == bar):
                words += [f"Position_{place}", f"Pitch_{pitch}", f"Duration_{steps}"]
        return words

    def played(notes: Any, bars: int) -> list[str]:
        known = sorted({note[0] for note in notes})
        return remi([(known.index(bar), *rest) for bar, *rest in notes], len(known))

    def carried(notes: Any, bars: int) -> list[str]:
        words, before = [], None
        for word in remi(notes, bars):
            if word.startswith("Position"):
                if word == before:
                    continue
                before = word
            words.append(word)
        return words

    return Task(
        remi,
        cases,
        [
            ("notes of a chord share one Position: write it only when it changes", always),
            (
                "an empty bar needs a Bar, too: without it, all following notes are too early",
                played,
            ),
            ("a new bar resets the position: write it again after each Bar", carried),
        ],
    )


@exercise(
    "02.2",
    points=1,
    hints=(
        "With 4 steps per beat, on which step is the middle of beat 1?",
        "Choose the nearer of two steps, not the earlier one.",
    ),
)
def check_grid(random: np.random.Generator) -> Task:
    """Lesson 02: onsets in beats as steps of a grid, rounded to the nearest."""
    cases = [(np.sort(random.uniform(0, 8, 12)), steps) for steps in (4, 12)]
    return Task(
        lambda beats, steps: np.round(np.asarray(beats) * steps),
        cases,
        [
            (
                "notes that are slightly early move back a whole step: round, do not truncate",
                lambda beats, steps: np.floor(np.asarray(beats) * steps),
            ),
            (
                "the grid is in steps per beat: multiply, do not divide",
                lambda beats, steps: np.round(np.asarray(beats) / steps),
            ),
            (
                "that converts back to beats; return numbers of steps",
                lambda beats, steps: np.round(np.asarray(beats) * steps) / steps,
            ),
        ],
    )


@exercise(
    "02.3",
    points=2,
    hints=(
        "Go through the ids with an index, and look at the current id and the next.",
        "If the two are the pair, write the new id. By how much does the index increase then?",
        "The last id has no successor, but must not be lost.",
    ),
)
def check_merge(random: np.random.Generator) -> Task:
    """Lesson 02: one merge of byte-pair encoding."""
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

    return Task(
        merge,
        cases,
        [
            (
                "a token may belong to only one pair: after a merge, move on by two tokens",
                overlapping,
            ),
            (
                "remove the second token of a pair, too",
                lambda ids, pair, new: [
                    new if (x, after) == tuple(pair) else x
                    for x, after in zip(ids, [*ids[1:], None], strict=True)
                ],
            ),
            (
                "the last token has no successor, and is lost",
                lambda ids, pair, new: [
                    x
                    for i, x in enumerate(merge(ids, pair, new))
                    if x == new or i + 1 < len(merge(ids, pair, new))
                ],
            ),
        ],
    )


@exercise(
    "02.4",
    points=1,
    hints=(
        "The cost of a song is the sum over its tokens.",
        "A nat is 1 / ln 2 bits.",
        "Divide the cost of the song by its notes, not by its tokens.",
    ),
)
def check_bits_a_note(random: np.random.Generator) -> Task:
    """Lesson 02: bits per note from nats per token."""
    cases = [(random.uniform(0.5, 4, 40), n) for n in (5, 11)]
    return Task(
        lambda nats, notes: float(np.sum(nats) / np.log(2) / notes),
        cases,
        [
            ("the result is in nats: divide by ln 2", lambda nats, notes: np.sum(nats) / notes),
            (
                "the mean is per token: sum first, then divide by the notes",
                lambda nats, notes: np.mean(nats) / np.log(2) / notes,
            ),
            (
                "that is bits per token: divide by the notes",
                lambda nats, notes: np.mean(nats) / np.log(2),
            ),
        ],
    )
