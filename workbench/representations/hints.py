"""What a network reads beside each token of a song: an echo, and the time in the song.

The *echo* of a token is the token that followed the last time the song went the same way: of the
longest tail of 16, 8, 4 or 2 tokens that occurred before, the successor of its last occurrence.
Songs repeat whole sections, so a long tail is nearly always continued as before. A transformer can
learn to look such places up (Olsson et al. 2022, arXiv 2209.11895), but needs far more training
than one song network gets here; and what is looked up may lie outside of its context. The echo
reaches the whole song at the cost of one embedding.

The *time* is counted in twelfths of a beat. In a question (`representations/holes.py`) the hole
begins at 0, bars before it have negative times and bars after it come after those of the hole. So
distances to the next bar after the hole, and to the same place of other bars, are plain.

    hints = Hints(vocabulary)
    hints.of(ids)                      # (tokens, 3): echo, its reach, time
    hints.of(ids, memory=music)        # echoes also reach the music outside of the ids
    follow = hints.follow(prompt, n, memory=music)   # the same, token by token
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from workbench.representations.tokens import BOS, FILL, Vocabulary

ORDERS = (2, 4, 8, 16)  # lengths of the tails that are looked up; each is twice the one before
ECHO, REACH, TIME = range(3)  # columns
LATEST = 2**15 - 1  # times beyond it, in a song of an hour, are clipped so that they fit int16


class Hints:
    """The hints of sequences over a vocabulary.

    A hint is (echo, reach, time): the id of the echo, or 0; the number of the tail it was found by,
    1 to len(ORDERS), or 0 without an echo; and the time after the token in twelfths of a beat.
    """

    def __init__(self, vocabulary: Vocabulary, more: int = 0) -> None:
        """more: number of ids beyond the vocabulary's, such as those of controls."""
        size = vocabulary.size + more
        self.bar = np.zeros(size, dtype=bool)  # begins a bar
        self.length = np.zeros(size, dtype=int)  # of the bar whose TimeSig it holds, or 0
        self.position = np.full(size, -1)  # its last Position
        self.listing = np.zeros(size, dtype=bool)  # ends with a Program
        for i, piece in enumerate(vocabulary.pieces):
            for name in (vocabulary.names[base] for base in piece):
                kind, _, value = name.partition("_")
                if kind == "Bar":
                    self.bar[i] = True
                elif kind == "TimeSig":
                    self.length[i] = 12 * int(value.split("/")[0])
                elif kind == "Position":
                    self.position[i] = int(value)
                self.listing[i] = kind == "Program"

    def of(self, ids: ArrayLike, memory: ArrayLike | None = None) -> np.ndarray:
        """Return the hint of each token.

        Args:
            ids: A song or an excerpt, or a question with or without its answer: (tokens,). At least
                one.
            memory: Ids of music outside of them that echoes reach, oldest first: for an excerpt the
                song before it; for a question all that the answer may repeat, ending where the hole
                begins. None: for a question the bars after the hole and before it, else nothing.

        Returns:
            (tokens, 3) int64.
        """
        ids = np.asarray(ids, dtype=np.int64)
        known, new = self._parts(ids, memory)
        asked = ids[: len(ids) - len(new) - 1]  # without FILL
        first = [_echoes_after(asked[:1], asked[1:])] if len(asked) else []
        echoes = np.concatenate([*first, _echoes_after(known, new)])
        return np.column_stack([echoes, self.times(ids)])

    def times(self, ids: np.ndarray) -> np.ndarray:
        """Return the time after each token in twelfths of a beat: (tokens,). Without a hole, the
        first bar begins at 0."""
        ids = np.asarray(ids, dtype=np.int64)
        bar = self.bar[ids]
        number = np.cumsum(bar)  # of the bar, from 1; 0 before the first one
        lengths = np.zeros(int(number[-1]) + 1, dtype=np.int64)
        signed = (self.length[ids] > 0) & (number > 0)
        lengths[number[signed]] = self.length[ids[signed]]
        starts = np.cumsum(lengths) - lengths
        at = np.flatnonzero(ids == FILL)
        if len(at):
            fill = int(at[0])
            asked = int(number[fill])
            listed = self._listed(ids, fill)
            first = int(number[listed[-1]]) if len(listed) else asked
            zero = starts[asked + 1] if asked + 1 < len(starts) else starts[asked] + lengths[asked]
            starts[first + 1 :] -= zero  # before the hole, and the answer
        position = self.position[ids]
        marked = np.where(bar | (position >= 0), np.arange(len(ids)), 0)
        place = np.maximum(position[np.maximum.accumulate(marked)], 0)
        times = starts[number] + np.where(number > 0, place, 0)
        if len(at):
            times[at[0]] = 0
            times[at[0] + 1 :][number[at[0] + 1 :] == asked] = 0
        return np.clip(times, -LATEST, LATEST)

    def follow(
        self, prompt: ArrayLike, n: int, memory: ArrayLike | None = None
    ) -> Callable[[Tensor | None], Tensor]:
        """Return a function of the last tokens (n,), or None at the start, that gives the hints of
        the prompt (n, tokens, 3), then those of each token (n, 1, 3)."""
        ids = np.asarray(prompt, dtype=np.int64)
        first = torch.from_numpy(self.of(ids, memory))
        known, new = self._parts(ids, memory)
        trail = _Trail([*known, *new])
        trails = [trail.copy() for _ in range(n)]
        clocks = [_Clock(self, ids, int(first[-1, TIME])) for _ in range(n)]

        def hints(last: Tensor | None) -> Tensor:
            if last is None:
                return first.expand(n, -1, -1)
            rows = [
                [*trail.add(token), clock.add(token)]
                for trail, clock, token in zip(trails, clocks, last.tolist(), strict=True)
            ]
            return torch.tensor(rows)[:, None]

        return hints

    def recall(
        self, prompt: ArrayLike, n: int, memory: ArrayLike, tail: ArrayLike | None = None
    ) -> Callable[[Tensor | None], tuple[Tensor, Tensor]]:
        """Return a function of the last tokens (n,), or None at the start, that gives the echoes
        (n,) that the memory contains, and their reach, 0 to 1, (n,). Unlike those of `follow`, they
        are not found in what is being written, which would soon repeat itself. tail: what stands
        before the answer, if that is not the end of the memory."""
        known, new = self._parts(np.asarray(prompt, dtype=np.int64), memory)
        before = known if tail is None else np.asarray(tail, dtype=np.int64)
        music = known.tolist()
        trail = _Trail(music[:-1])
        trail.ids += music[-1:]  # its tail has no successor
        tails = [[*before.tolist(), *new.tolist()][-ORDERS[-1] :] for _ in range(n)]

        def echoes(last: Tensor | None) -> tuple[Tensor, Tensor]:
            for own, token in zip(tails, [] if last is None else last.tolist(), strict=False):
                own.append(token)
            found = torch.tensor([trail.after(own) for own in tails])
            return found[:, ECHO], found[:, REACH] / len(ORDERS)

        return echoes

    def _parts(self, ids: np.ndarray, memory: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
        """Return what echoes of an answer, or of a song, reach at its beginning; and its ids."""
        at = np.flatnonzero(ids == FILL)
        first = int(at[0]) if len(at) else 0
        if memory is not None:
            return np.asarray(memory, dtype=np.int64), ids[first + 1 :]
        return self._around(ids[:first]) if len(at) else ids[:1], ids[first + 1 :]

    def _listed(self, ids: np.ndarray, fill: int) -> np.ndarray:
        """Return where the list of tracks in a question ends, [] if it has none: a Program that no
        note follows."""
        after = ids[1 : fill + 1]
        return np.flatnonzero(self.listing[ids[:fill]] & (self.bar[after] | (after == FILL)))

    def _around(self, asked: np.ndarray) -> np.ndarray:
        """Return the music of a question without its FILL as memory: what comes after the hole,
        then what comes before."""
        listed = self._listed(np.append(asked, FILL), len(asked))
        cut = int(listed[-1]) + 1 if len(listed) else len(asked)
        return np.concatenate([asked[1:cut], [BOS], asked[cut:]])


class _Clock:
    """The time of a growing sequence."""

    def __init__(self, hints: Hints, ids: np.ndarray, now: int) -> None:
        self.hints, self.now = hints, now
        position = hints.position[ids]
        self.start, self.length, self.begun = now, 0, False
        bars = np.flatnonzero(hints.bar[ids])
        fill = np.flatnonzero(ids == FILL)
        if len(bars) and not (len(fill) and bars[-1] < fill[0]):  # in the middle of a bar
            inside = np.arange(len(ids)) >= bars[-1]
            places = position[inside & (position >= 0)]
            self.start = now - (int(places[-1]) if len(places) else 0)
            self.length = int(hints.length[ids[inside]].max())
            self.begun = True

    def add(self, token: int) -> int:
        """Return the time after a new token."""
        hints = self.hints
        if hints.bar[token]:
            self.start += self.length if self.begun else 0
            self.now, self.length, self.begun = self.start, 0, True
        self.length = max(self.length, int(hints.length[token]))
        if hints.position[token] >= 0:
            self.now = self.start + int(hints.position[token])
        return max(-LATEST, min(LATEST, self.now))


class _Trail:
    """A growing sequence with the last place of each tail in it."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = list(ids)
        self.older: list[dict[tuple[int, ...], int]] = [
            dict(zip(self._tails(order), count(order - 1), strict=False)) for order in ORDERS
        ]
        self.places: list[dict[tuple[int, ...], int]] = [{} for _ in ORDERS]  # since the copy

    def _tails(self, order: int) -> Iterator[tuple[int, ...]]:
        return zip(*(self.ids[i:] for i in range(order)), strict=False)

    def copy(self) -> _Trail:
        """Return a sequence that grows on its own."""
        other = _Trail([])
        other.ids, other.older = self.ids.copy(), self.older
        other.places = [places.copy() for places in self.places]
        return other

    def add(self, token: int) -> tuple[int, int]:
        """Add a token; return its echo and the echo's reach."""
        self.ids.append(token)
        found = self.after(self.ids)
        for order, places in zip(ORDERS, self.places, strict=True):
            if len(self.ids) < order:
                break
            places[tuple(self.ids[-order:])] = len(self.ids) - 1
        return found

    def after(self, ids: Sequence[int]) -> tuple[int, int]:
        """Return the echo of the last of some ids, and its reach, without adding them."""
        found = (0, 0)
        recent = ids[-ORDERS[-1] :]
        for level, order in enumerate(ORDERS):
            if len(recent) < order:
                break
            tail = tuple(recent[-order:])
            place = self.places[level].get(tail)
            place = self.older[level].get(tail) if place is None else place
            if place is None:
                break  # where a longer tail occurred, the shorter one did
            found = (self.ids[place + 1], level + 1)
        return found


def _echoes_after(memory: ArrayLike, new: np.ndarray) -> np.ndarray:
    """Return (echo, reach) of the last token of `memory` and of each new token: (1 + new, 2). All
    tails are looked up together, by hashes that are joined to those of twice the length."""
    known = np.asarray(memory, dtype=np.int64)
    ids = np.concatenate([known, np.asarray(new, dtype=np.int64)])
    found = np.zeros((len(ids), 2), dtype=np.int64)
    code = ids.astype(np.uint64)
    length, level = 1, 0
    with np.errstate(over="ignore"):
        while length < ORDERS[-1] and len(ids) > 2 * length:
            code = (code[length:] ^ (code[length:] >> np.uint64(29))) * np.uint64(
                0x9E3779B97F4A7C15
            ) + code[:-length] * np.uint64(0xBF58476D1CE4E5B9)  # of tails twice as long
            length, level = 2 * length, level + 1
            order = np.argsort(code, kind="stable")
            again = code[order[1:]] == code[order[:-1]]
            here, before = order[1:][again], order[:-1][again]
            found[here + length - 1, ECHO] = ids[before + length]
            found[here + length - 1, REACH] = level
    return found[len(known) - 1 :]
