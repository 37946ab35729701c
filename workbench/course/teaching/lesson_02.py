"""Exercises of lesson 02, tokenisation."""

from __future__ import annotations

from typing import Any

import numpy as np

from workbench.course.teaching.asking import Function
from workbench.course.teaching.core import Task, exercise
from workbench.representations.byte_pairs import commonest_pair, encode, merge


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
            ("notes of a chord share one Position: write it only when it changes", always, 3),
            (
                "an empty bar needs a Bar, too: without it, all following notes are too early",
                played,
                1,
            ),
            ("a new bar resets the position: write it again after each Bar", carried, 2),
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
                2,
            ),
            (
                "the grid is in steps per beat: multiply, do not divide",
                lambda beats, steps: np.round(np.asarray(beats) / steps),
                1,
            ),
            (
                "that converts back to beats; return numbers of steps",
                lambda beats, steps: np.round(np.asarray(beats) * steps) / steps,
                1,
            ),
        ],
    )


Merges = list[tuple[tuple[int, int], int]]


def learned(ids: list[int], new: list[int]) -> Merges:
    """The merges that byte-pair encoding learns from ids, with these new ids."""
    merges: Merges = []
    for fresh in new:
        merges.append((commonest_pair(encode(ids, merges)), fresh))
    return merges


@exercise(
    "02.3",
    points=3,
    hints=(
        "Begin with one merge: with an index, look at the current id and the one after it.",
        "If the two are the pair, write the new id. By how much does the index increase then?",
        "The last id has no successor, but must not be lost.",
        "Then loop over the merges in their order: each starts from the result of the one before.",
    ),
)
def check_encode(random: np.random.Generator) -> Task:
    """Lesson 02: encoding by byte pairs, all merges in the order of their learning."""
    cases: list[tuple[Any, ...]] = [
        ([1, 11, 1, 1, 111, 1], [((1, 1), 200)]),  # digits of several ids are not an id
        ([17] * 9, [((17, 17), 60), ((60, 60), 61)]),
        ([8, 12, 13, 8, 12, 12, 13, 14], [((12, 13), 40), ((8, 12), 41), ((13, 14), 42)]),
    ]
    for _ in range(3):
        ids = random.choice([1, 11, 12, 121], 24).tolist()
        cases.append((ids, learned(ids, [130, 131, 132])))

    def each(one: Function) -> Function:
        """Encoding by another way to do one merge."""

        def encoding(ids: list[int], merges: Merges) -> list[int]:
            for pair, new in merges:
                ids = one(ids, tuple(pair), new)
            return ids

        return encoding

    def overlapping(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
        out = []
        for i, x in enumerate(ids):
            if i + 1 < len(ids) and (x, ids[i + 1]) == pair:
                out.append(new)
            elif not (i and (ids[i - 1], x) == pair):
                out.append(x)
        return out

    def replaced(around: str) -> Function:
        def one(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
            text = around + " ".join(map(str, ids)) + around
            old = f"{around}{pair[0]} {pair[1]}{around}"
            return [int(x) for x in text.replace(old, f"{around}{new}{around}").split()]

        return each(one)

    def at_once(ids: list[int], merges: Merges) -> list[int]:
        new, out, i = {tuple(pair): x for pair, x in merges}, [], 0
        while i < len(ids):
            found = new.get(tuple(ids[i : i + 2]))
            out.append(ids[i] if found is None else found)
            i += 1 if found is None else 2
        return out

    def once(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
        for i in range(len(ids) - 1):
            if tuple(ids[i : i + 2]) == pair:
                return [*ids[:i], new, *ids[i + 2 :]]
        return ids

    return Task(
        encode,
        cases,
        [
            (
                "a token may belong to only one pair: after a merge, move on by two tokens",
                each(overlapping),
                2,
            ),
            (
                "remove the second token of a pair, too",
                each(
                    lambda ids, pair, new: [
                        new if (x, after) == pair else x
                        for x, after in zip(ids, [*ids[1:], None], strict=True)
                    ]
                ),
                2,
            ),
            (
                "the last token has no successor, and is lost",
                each(
                    lambda ids, pair, new: [
                        x
                        for i, x in enumerate(merge(ids, pair, new))
                        if x == new or i + 1 < len(merge(ids, pair, new))
                    ]
                ),
                3,
            ),
            ("replace every occurrence of the pair, not only the first", each(once), 1),
            ("that applies only the first merge", lambda ids, merges: encode(ids, merges[:1]), 4),
            ("that applies only the last merge", lambda ids, merges: encode(ids, merges[-1:]), 4),
            (
                "apply the merges in the order of their learning, not in reverse",
                lambda ids, merges: encode(ids, merges[::-1]),
                4,
            ),
            (
                "one pass is not enough: a later merge needs the ids that an earlier one wrote",
                at_once,
                4,
            ),
            (
                "replacing text mixes digits: “1 11” contains “1 1”; compare ids, not their text",
                replaced(""),
                1,
            ),
            (
                "replacing text with spaces misses the second of two neighbouring pairs, because "
                "they share a space; go through the ids",
                replaced(" "),
                1,
            ),
        ],
    )


@exercise(
    "02.4",
    points=1,
    hints=(
        "The cost of a song is the sum over its tokens.",
        "A nat is 1 / ln 2 bits.",
        "Divide by the number of notes, not of tokens or of songs.",
        "First add up the costs of all songs and the notes of all songs, then divide.",
    ),
)
def check_bits_per_note(random: np.random.Generator) -> Task:
    """Lesson 02: bits per note of a collection from nats per token."""
    cases: list[tuple[list[np.ndarray], list[int]]] = []
    for sizes in ((40, 9, 21), (30, 12), (16, 5, 50, 8)):
        songs = [random.uniform(0.5, 4, size) for size in sizes]
        notes = [int(random.integers(2, size // 2 + 2)) for size in sizes]
        cases.append((songs, [*notes[:-1], notes[-1] if len(cases) else 0]))

    def nats(songs: list[np.ndarray]) -> float:
        return float(sum(song.sum() for song in songs))

    def of_songs(songs: list[np.ndarray], notes: list[int], mean: Any = np.mean) -> float:
        return float(mean([x.sum() / np.log(2) / n for x, n in zip(songs, notes, strict=True)]))

    def of_those_with_notes(songs: list[np.ndarray], notes: list[int]) -> float:
        kept = [x for x, n in zip(songs, notes, strict=True) if n]
        return nats(kept) / float(np.log(2)) / sum(notes)

    return Task(
        lambda songs, notes: nats(songs) / np.log(2) / sum(notes),
        cases,
        [
            ("the result is in nats: divide by ln 2", lambda x, n: nats(x) / sum(n), 2),
            (
                "a nat is more than a bit: divide by ln 2 instead of multiplying",
                lambda x, n: nats(x) * np.log(2) / sum(n),
                2,
            ),
            (
                "the mean is per token: sum first, then divide by the notes",
                lambda x, n: np.concatenate(x).mean() / np.log(2) / sum(n),
                1,
            ),
            (
                "that is bits per token: divide by the notes",
                lambda x, n: np.concatenate(x).mean() / np.log(2),
                3,
            ),
            (
                "that is the mean over songs, in which a note of a short song counts more: add up "
                "costs and notes first",
                of_songs,
                4,
            ),
            (
                "that adds the songs' bits per note: add up costs and notes first",
                lambda x, n: of_songs(x, n, np.sum),
                4,
            ),
            ("a song without notes costs bits, too: do not leave it out", of_those_with_notes, 4),
            ("that is bits per song", lambda x, n: nats(x) / np.log(2) / len(x), 3),
        ],
    )
