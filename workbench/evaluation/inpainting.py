"""Likelihood of four hidden bars of a song, given prompts of several kinds.

    chosen = cases(clips, vocabulary, context=1024, n=60)
    prompt, truth = PROMPTS["middle"](chosen[0])
    nats(system.nll, prompt, truth)  # the lower, the more the prompt tells about the hidden bars

Notebook: `notebooks/10_midigpt_inpainting.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from workbench.arguments import random_generator, whole
from workbench.music.clip import Clip, clips_of
from workbench.representations.holes import (
    Hole,
    answer,
    bars_of,
    part,
    question,
    song_ids,
    tokens_a_bar,
    window,
)
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import BOS, Vocabulary

LENGTH = 4  # bars of a hole
SIDE = 2  # bars that a song needs on each side


@dataclass(frozen=True)
class Case:
    """A song with a hole.

    Args:
        clip: The song.
        song: Its notes.
        first: The first of the hole's LENGTH bars.
        number: Number of the case, for its random numbers.
        vocabulary: The model's.
        context: Number of tokens that the model can read.
    """

    clip: Clip
    song: RemiSong
    first: int
    number: int
    vocabulary: Vocabulary
    context: int

    @property
    def hole(self) -> Hole:
        return Hole(self.first, self.first + LENGTH)

    @property
    def open(self) -> RemiSong:
        """The song without the notes of the hole."""
        return replace(self.song, notes=self.song.notes[~self.hole.covers(self.song)])

    @property
    def truth(self) -> RemiSong:
        """The true bars of the hole."""
        return part(self.song, self.first, self.first + LENGTH)

    @property
    def size(self) -> int:
        """Number of tokens of the true bars."""
        return sum(tokens_a_bar(self.truth, self.vocabulary))

    @property
    def room(self) -> int:
        """Number of tokens for the music around the hole: without the true bars and a margin."""
        return self.context - 2 * self.size - 64


def cases(
    clips: Sequence[Clip], vocabulary: Vocabulary, context: int, n: int, *, seed: int = 0
) -> list[Case]:
    """Holes in songs: one per song, then a second one from the first song on, and so on.

    A hole has music on both sides, at least eight notes, and at most a third of the context.

    Args:
        clips: The songs.
        vocabulary: The model's.
        context: Number of tokens that the model can read.
        n: Largest number of holes.
        seed: Of the positions.

    Returns:
        At most `n` cases.
    """
    clips, n, rng = clips_of(clips), whole(n, "n", 0), random_generator(seed)
    context = whole(context, "context", 1)
    songs = [(clip, song) for clip in clips if len((song := table_of(clip)).notes)]
    found: list[Case] = []
    for number in range(4 * n if songs else 0):
        clip, song = songs[number % len(songs)]
        if len(song.bars) < LENGTH + 2 * SIDE:
            continue
        first = int(rng.integers(SIDE, len(song.bars) - LENGTH - SIDE + 1))
        case = Case(clip, song, first, number, vocabulary, context)
        sides = [part(song, first - SIDE, first), part(song, first + LENGTH, first + LENGTH + SIDE)]
        fits = case.size < context / 3
        if fits and all(len(p.notes) >= 8 for p in (*sides, case.truth)):
            found.append(case)
        if len(found) == n:
            break
    return found


def middle(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Fill-in-the-middle: (prompt, true bars). END is not among the bars, because generation
    enforces it, as it enforces the end of the fourth bar for the other prompts."""
    sizes = tokens_a_bar(case.open, case.vocabulary)
    sizes[case.first : case.first + LENGTH] = [0] * LENGTH
    first, last = window(sizes, case.hole, case.room)
    shown = part(case.song, first, last)
    hole = Hole(case.first - first, case.first - first + LENGTH)
    return question(shown, hole, case.vocabulary), answer(shown, hole, case.vocabulary)[:-1]


def prefix(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Only the bars before the hole: (prompt, true bars)."""
    sizes = tokens_a_bar(case.song, case.vocabulary)
    before, _ = window(sizes[: case.first], Hole(case.first, case.first), case.room)
    prompt = song_ids(part(case.song, before, case.first), case.vocabulary, ends=False)
    return prompt, song_ids(case.truth, case.vocabulary, ends=False)[1:]


def hidden(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The original MidiGPT's prompt: the piece without the hole, then the prefix again."""
    return _twice(case, shown=False)


def shown(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The same, but the piece contains the hole: the answer can be copied."""
    return _twice(case, shown=True)


def _twice(case: Case, *, shown: bool) -> tuple[np.ndarray, np.ndarray]:
    sizes = np.array(tokens_a_bar(case.song, case.vocabulary))
    inside = int(sizes[case.first : case.first + LENGTH].sum()) if shown else 0
    counted = sizes.copy()
    counted[: case.first] *= 2  # the prefix occurs twice
    counted[case.first : case.first + LENGTH] = 0
    first, last = window(counted, case.hole, max(0, case.room - inside), share=2 / 3)
    before, after = part(case.song, first, case.first), part(case.song, case.first + LENGTH, last)
    piece = [bars_of(before, case.vocabulary), bars_of(after, case.vocabulary)]
    if shown:
        piece.insert(1, bars_of(case.truth, case.vocabulary))
    ids = [bar for bars in [*piece, piece[0]] for bar in bars]
    prompt = np.concatenate([[BOS], *ids]).astype(int)
    return prompt, song_ids(case.truth, case.vocabulary, ends=False)[1:]


Prompt = Callable[[Case], tuple[np.ndarray, np.ndarray]]
PROMPTS: dict[str, Prompt] = {"middle": middle, "hidden": hidden, "shown": shown, "prefix": prefix}


def nats(nll: Callable[[Tensor], Tensor], prompt: np.ndarray, truth: np.ndarray) -> float:
    """−ln p of the true bars after the prompt.

    Args:
        nll: A model's −ln p of each token except the first, (rows, time) → (rows, time − 1).
        prompt: Token ids, (k,).
        truth: Token ids, (m,).

    Returns:
        Nats, 0 or more.
    """
    ids = torch.from_numpy(np.concatenate([prompt, truth]))[None]
    return float(nll(ids)[0, len(prompt) - 1 :].sum())
