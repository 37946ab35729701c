"""Four bars of a song are hidden and regenerated in several ways, beside the true bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from workbench.benchmarks.song_data import SongBench, lines_of, tokens_a_bar, until_end
from workbench.errors import MissingDataError
from workbench.evaluation.fillings import (
    copy_rate,
    density_distance,
    join,
    most_at_once,
    pitch_class_distance,
    same_key,
)
from workbench.evaluation.intervals import bootstrap
from workbench.models.generation import Sampling, generate
from workbench.music.clip import Clip
from workbench.representations.grammar import HoleRule, SongRule
from workbench.representations.holes import (
    BAR,
    Hole,
    answer,
    bars_of,
    part,
    plain,
    question,
    window,
)
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import BOS, END, EOS
from workbench.systems.base import Region
from workbench.systems.midigpt.splice import notes_of

LENGTH = 4  # bars of a hole
AROUND = 4  # bars on each side that count as its context in the measures
SIDE = 2  # bars that a song needs on each side


@dataclass(frozen=True)
class Case:
    """A song, its clip, and the first bar of its hole."""

    song: RemiSong
    clip: Clip
    first: int
    seed: int

    @property
    def hole(self) -> Hole:
        return Hole(self.first, self.first + LENGTH)

    @property
    def open(self) -> RemiSong:
        """The song with the hole in it."""
        return replace(self.song, notes=self.song.notes[~self.hole.covers(self.song)])

    @property
    def truth(self) -> RemiSong:
        """The bars that were there."""
        return part(self.song, self.first, self.first + LENGTH)


def cases(bench: SongBench) -> list[Case]:
    """One hole per song, music on both sides of it and at least eight notes in it."""
    rng = np.random.default_rng(bench.seed)
    found = []
    for number in range(4 * bench.cases):
        clip, song = bench.held[number % len(bench.held)]
        if len(song.bars) < LENGTH + 2 * SIDE:
            continue
        case = Case(song, clip, int(rng.integers(SIDE, len(song.bars) - LENGTH - SIDE + 1)), number)
        sides = [
            part(song, case.first - SIDE, case.first),
            part(song, case.first + LENGTH, case.first + LENGTH + SIDE),
        ]
        fits = sum(tokens_a_bar(case.truth, bench.vocabulary)) < bench.system.config.gpt.context / 3
        if fits and all(len(p.notes) >= 8 for p in (*sides, case.truth)):
            found.append(case)
        if len(found) == bench.cases:
            break
    return found


# --- prompts: what is read before the hole is written -----------------------------------------


def _room(bench: SongBench, case: Case) -> int:
    """Tokens for the music around the hole, the true bars and a margin left out."""
    truth = sum(tokens_a_bar(case.truth, bench.vocabulary))
    return bench.system.config.gpt.context - 2 * truth - 64


def middle(bench: SongBench, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Fill-in-the-middle: (prompt, true bars). END is not part of the bars: in generation it is
    enforced, like the end of the fourth bar for the other prompts."""
    sizes = tokens_a_bar(case.open, bench.vocabulary)
    sizes[case.first : case.first + LENGTH] = [0] * LENGTH
    first, last = window(sizes, case.hole, _room(bench, case))
    shown = part(case.song, first, last)
    hole = Hole(case.first - first, case.first - first + LENGTH)
    return question(shown, hole, bench.vocabulary), answer(shown, hole, bench.vocabulary)[:-1]


def prefix(bench: SongBench, case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The bars before the hole only."""
    sizes = tokens_a_bar(case.song, bench.vocabulary)
    before, _ = window(sizes[: case.first], Hole(case.first, case.first), _room(bench, case))
    prompt = plain(part(case.song, before, case.first), bench.vocabulary, ends=False)
    return prompt, plain(case.truth, bench.vocabulary, ends=False)[1:]


def seed_prompt(bench: SongBench, case: Case, *, shown: bool) -> tuple[np.ndarray, np.ndarray]:
    """The original's: the piece, then the prefix again. `shown` leaves the hole in the piece."""
    room = _room(bench, case)
    sizes = np.array(tokens_a_bar(case.song, bench.vocabulary))
    inside = int(sizes[case.first : case.first + LENGTH].sum()) if shown else 0
    counted = sizes.copy()
    counted[: case.first] *= 2  # the prefix stands there twice
    counted[case.first : case.first + LENGTH] = 0
    first, last = window(counted, case.hole, max(0, room - inside), share=2 / 3)
    before, after = part(case.song, first, case.first), part(case.song, case.first + LENGTH, last)
    piece = [bars_of(before, bench.vocabulary), bars_of(after, bench.vocabulary)]
    if shown:
        piece.insert(1, bars_of(case.truth, bench.vocabulary))
    ids = [bar for bars in [*piece, piece[0]] for bar in bars]
    prompt = np.concatenate([[BOS], *ids]).astype(int)
    return prompt, plain(case.truth, bench.vocabulary, ends=False)[1:]


Prompt = Callable[[SongBench, Case], tuple[np.ndarray, np.ndarray]]
PROMPTS: dict[str, Prompt] = {
    "fill-in-the-middle": middle,
    "the original's prompt, hole hidden": lambda b, c: seed_prompt(b, c, shown=False),
    "prefix only": prefix,
}


def nats(bench: SongBench, prompt: np.ndarray, truth: np.ndarray) -> float:
    """−log p of the true bars after the prompt."""
    ids = torch.from_numpy(np.concatenate([prompt, truth]))[None]
    return float(bench.system.nll(ids)[0, len(prompt) - 1 :].sum())


def chain_nats(bench: SongBench, case: Case) -> float:
    """The same under the best Markov chain, which sees what is before."""
    prompt, truth = prefix(bench, case)
    return float(bench.best.nll(np.concatenate([prompt, truth]))[len(prompt) :].sum())


# --- fillings ---------------------------------------------------------------------------------


def fill_middle(bench: SongBench, case: Case) -> RemiSong:
    prompt, _ = middle(bench, case)
    hole = case.hole
    rule = HoleRule(
        bench.system.grammar,
        1,
        case.song.bars[hole.first : hole.last].tolist(),
        hole.asked(case.song).tolist(),
    )
    return _written(bench, prompt, rule, case, end=END)


def call_fill(bench: SongBench, case: Case) -> RemiSong:
    """`MidiGPT.inpaint` on the clip, as users call it, with everything known about the tracks."""
    hole = case.hole
    region = Region(bars=(hole.first, hole.last))
    filled = bench.system.inpaint(case.clip, region, seed=bench.seed + case.seed)[0]
    return replace(part(table_of(filled), hole.first, hole.last), bars=case.truth.bars)


def go_on(prompt: Prompt) -> Callable[[SongBench, Case], RemiSong]:
    """Plain continuation of a prompt for as many bars as the hole has."""

    def filler(bench: SongBench, case: Case) -> RemiSong:
        ids, _ = prompt(bench, case)
        rule = SongRule(bench.system.grammar, 1, LENGTH, ids[-1:].tolist())
        return _written(bench, ids, rule, case, end=EOS)

    return filler


def _written(bench: SongBench, prompt: np.ndarray, rule: object, case: Case, end: int) -> RemiSong:
    room = bench.system.config.gpt.context - len(prompt)
    drawn = generate(
        bench.system.networks,
        torch.from_numpy(prompt),
        1,
        room,
        seed=bench.seed + case.seed,
        sampling=Sampling(top_p=0.95),
        allowed=rule,
        end=end,
    )[0]
    return _table(bench, until_end(drawn.numpy(), end), case)


def _table(bench: SongBench, ids: np.ndarray, case: Case) -> RemiSong:
    bars = bench.vocabulary.bars(bench.vocabulary.decode(ids))[:LENGTH]
    found = RemiSong.from_ids(np.concatenate(bars) if bars else np.empty(0, dtype=int))
    return replace(found, bars=case.truth.bars)


def repeat(bench: SongBench, case: Case) -> RemiSong:
    """The bars before the hole once more, from its beginning on where there are fewer than four."""
    count = min(LENGTH, case.first)
    before = part(case.song, case.first - count, case.first)
    rounds = []
    for again in range(0, LENGTH, count):
        notes = before.notes[before.notes[:, BAR] < LENGTH - again].copy()
        notes[:, BAR] += again
        rounds.append(notes)
    return replace(before, notes=np.concatenate(rounds), bars=case.truth.bars)


def _per_note(nats: np.ndarray, notes: np.ndarray, rows: np.ndarray) -> float:
    return float(nats[rows].sum() / notes[rows].sum())


def chain(bench: SongBench, case: Case) -> RemiSong:
    """A walk of the best Markov chain from what is before."""
    prompt, _ = prefix(bench, case)
    ids = bench.best.sample(prompt, 700, bench.seed + case.seed)
    return _table(bench, until_end(np.asarray(ids)), case)


FILLERS: dict[str, Callable[[SongBench, Case], RemiSong]] = {
    "MidiGPT.inpaint, as users call it": call_fill,
    "fill-in-the-middle": fill_middle,
    "the original's prompt, hole hidden": go_on(PROMPTS["the original's prompt, hole hidden"]),
    "prefix only": go_on(prefix),
    "repetition": repeat,
    "Markov chain": chain,
    "the true bars": lambda bench, case: case.truth,
}


def flat(song: RemiSong, bench: SongBench) -> np.ndarray:
    """(onset, pitch, program) rows, sorted by onset."""
    parts = notes_of(song, lines_of(song, bench.vocabulary), bench.vocabulary)
    rows = [np.column_stack([n[:, 0], n[:, 2], np.full(len(n), p)]) for p, n in parts.items()]
    both = np.concatenate(rows) if rows else np.empty((0, 3))
    return both[np.argsort(both[:, 0], kind="stable")]


MEASURES = ("harmony", "same key", "density", "walls", "join before", "join after", "copied")
WALL = 10  # notes at one place that two hands can play


def measure(bench: SongBench, case: Case, filling: RemiSong) -> list[float]:
    """The measures of one filling, in the order of MEASURES."""
    before = min(AROUND, case.first)
    near = part(case.open, case.first - before, case.first + LENGTH + AROUND)
    lines = lines_of(near, bench.vocabulary)
    begin, end = lines[before], lines[before + LENGTH]
    inside = flat(replace(filling, bars=case.truth.bars), bench)
    inside[:, 0] += begin
    around = flat(near, bench)
    elsewhere = flat(case.open, bench)
    return [
        pitch_class_distance(inside, around),
        same_key(inside, around),
        density_distance(inside, around, LENGTH, len(near.bars) - LENGTH),
        float(most_at_once(inside) > WALL),
        join(around, inside, begin),
        join(inside, around, end),
        copy_rate(inside, elsewhere),
    ]


def inpainting(bench: SongBench) -> None:
    """The table: nats per note of the true hole, then the measures of each filling."""
    chosen = cases(bench)
    if not chosen:
        raise MissingDataError(f"{bench.dataset}: no song has {LENGTH} bars with music around them")
    notes = np.array([len(case.truth.notes) for case in chosen])
    cost = {
        name: np.array([nats(bench, *prompt(bench, case)) for case in chosen])
        for name, prompt in PROMPTS.items()
    }
    cost["Markov chain"] = np.array([chain_nats(bench, case) for case in chosen])
    leak = np.array([nats(bench, *seed_prompt(bench, case, shown=True)) for case in chosen])
    rows = []
    for name, filler in FILLERS.items():
        table = np.array([measure(bench, case, filler(bench, case)) for case in chosen])
        nll = cost.get(name)
        own = float(nll.sum() / notes.sum()) if nll is not None else None
        rows.append([name, own, *np.nanmean(table, 0).tolist()])
    better = {
        name: bootstrap(
            partial(_per_note, value - cost["fill-in-the-middle"], notes),
            len(chosen),
            seed=bench.seed,
        )
        for name, value in cost.items()
        if name != "fill-in-the-middle"
    }
    bench.report.table(
        "inpainting",
        f"{LENGTH} bars of {len(chosen)} held-out songs hidden and regenerated",
        ["", "nats per note of the true bars", *MEASURES],
        rows,
        [
            "harmony: Jensen–Shannon divergence of pitch classes from the four bars on each side "
            "(bits); same key: share whose best key (Krumhansl and Kessler) is that of these bars, "
            "relative minor included; density: |ln| ratio of onsets per bar (notes at "
            "one place count once); "
            f"walls: share with more than {WALL} notes at one place; joins: semitones to the "
            "nearest note of the same part across the line; copied: share of four-note figures "
            "that also occur in the rest of the song. Values nearer to those of the true bars are "
            "better.",
            f"The original's prompt with the hole left in it: {leak.sum() / notes.sum():.3f} nats "
            "per note, because it can copy the answer.",
            *(
                f"{name} − fill-in-the-middle: {low:.3f} to {high:.3f} nats per note (95 %)"
                for name, (low, high) in better.items()
            ),
        ],
        ids={
            "own": "fill-in-the-middle",
            "rebuilt": "the original's prompt, hole hidden",
            "trivial": "Markov chain",
            "real": "the true bars",
        },
        advantage=better,
        notes_in_holes=int(notes.sum()),
    )
