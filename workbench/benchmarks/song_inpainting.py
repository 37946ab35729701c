"""Four bars of a song are hidden and regenerated in several ways, beside the true bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from workbench.benchmarks.song_data import SongBench, until_end
from workbench.errors import MissingDataError
from workbench.evaluation.fillings import (
    copy_rate,
    density_distance,
    melodic_step,
    most_at_once,
    pitch_class_distance,
    same_key,
)
from workbench.evaluation.inpainting import (
    LENGTH,
    PROMPTS,
    Case,
    Prompt,
    cases,
    hidden,
    middle,
    nats,
    prefix,
)
from workbench.evaluation.intervals import bootstrap
from workbench.models.generation import Sampling, generate
from workbench.representations.grammar import HoleRule, SongRule
from workbench.representations.holes import (
    BAR,
    Hole,
    answer,
    memory,
    part,
    question,
    tokens_a_bar,
    window,
)
from workbench.representations.remi import RemiSong, table_of
from workbench.representations.tokens import END, EOS
from workbench.systems.midigpt.echoing import ECHO
from workbench.systems.midigpt.filling import CANDIDATES
from workbench.systems.midigpt.ranking import flat, lines_of
from workbench.systems.midigpt.sequences import with_hints
from workbench.systems.region import Region

AROUND = 4  # bars on each side that count as its context in the measures

LABELS = {  # of the ways to fill a hole
    "users": "MidiGPT.inpaint, as users call it",
    "single": "the same, one candidate",
    "middle": "fill-in-the-middle",
    "hidden": "the original's prompt, hole hidden",
    "prefix": "prefix only",
    "repeat": "repetition",
    "nearest": "the most similar place's bars",
    "chain": "Markov chain",
    "truth": "the true bars",
}


def cost_of(bench: SongBench, case: Case, prompt: Prompt) -> float:
    """Nats of the true bars after a prompt, with the hints of a system that reads them."""
    asked, truth = prompt(case)
    if bench.system.hints is None:
        return nats(bench.system.nll, asked, truth)
    ids = np.concatenate([asked, truth])
    table = with_hints(ids, bench.system.hints, known_to(prompt, case))
    return float(bench.system.nll(torch.from_numpy(table)[None])[0, len(asked) - 1 :].sum())


def known_to(prompt: Prompt, case: Case) -> np.ndarray | None:
    """The music of the song that echoes may reach with this prompt; None for the prompt alone."""
    if prompt is middle:
        return memory(case.song, case.hole, case.vocabulary)
    if prompt in (prefix, no_suffix):
        return memory(part(case.song, 0, case.first + LENGTH), case.hole, case.vocabulary)
    return None


def no_suffix(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """The prompt of fill-in-the-middle without the bars after the hole; those before are the
    same."""
    sizes = tokens_a_bar(case.open, case.vocabulary)
    sizes[case.first : case.first + LENGTH] = [0] * LENGTH
    first, _ = window(sizes, case.hole, case.room)
    shown = part(case.song, first, case.first + LENGTH)
    hole = Hole(case.first - first, case.first - first + LENGTH)
    return question(shown, hole, case.vocabulary), answer(shown, hole, case.vocabulary)[:-1]


def chain_nats(bench: SongBench, case: Case) -> float:
    """The same for the best Markov chain, which is conditioned on the bars before."""
    prompt, truth = prefix(case)
    return float(bench.best.nll(np.concatenate([prompt, truth]))[len(prompt) :].sum())


# --- fillings ---------------------------------------------------------------------------------


def fill_middle(bench: SongBench, case: Case) -> RemiSong:
    prompt, _ = middle(case)
    hole = case.hole
    rule = HoleRule(
        bench.system.grammar,
        1,
        case.song.bars[hole.first : hole.last].tolist(),
        hole.tracks(case.song).tolist(),
    )
    return _written(bench, prompt, rule, case, end=END, known=known_to(middle, case))


def call_fill(bench: SongBench, case: Case, candidates: int = CANDIDATES) -> RemiSong:
    """`MidiGPT.inpaint` on the clip, as users call it, with everything known about the tracks."""
    hole = case.hole
    region = Region(bars=(hole.first, hole.last))
    filled = bench.system.inpaint(
        case.clip, region, candidates=candidates, seed=bench.seed + case.number
    )[0]
    return replace(part(table_of(filled), hole.first, hole.last), bars=case.truth.bars)


def nearest(bench: SongBench, case: Case) -> RemiSong:
    """The four bars, elsewhere in the song, whose neighbours are most like those of the hole: the
    bar before and the bar after, by the notes that they share."""
    bars = [
        set(map(tuple, case.song.notes[case.song.notes[:, BAR] == bar][:, 1:4].tolist()))
        for bar in range(len(case.song.bars))
    ]

    def alike(a: int, b: int) -> float:
        if not 0 <= b < len(bars):
            return 0.0
        return len(bars[a] & bars[b]) / max(1, len(bars[a] | bars[b]))

    starts = [first for first in range(len(bars) - LENGTH + 1) if abs(first - case.first) >= LENGTH]
    if not starts:
        return repeat(bench, case)
    best = max(
        starts,
        key=lambda first: (
            alike(case.first - 1, first - 1) + alike(case.first + LENGTH, first + LENGTH)
        ),
    )
    return replace(part(case.song, best, best + LENGTH), bars=case.truth.bars)


def go_on(prompt: Prompt) -> Callable[[SongBench, Case], RemiSong]:
    """Continuation of a prompt for as many bars as the hole has."""

    def filler(bench: SongBench, case: Case) -> RemiSong:
        ids, _ = prompt(case)
        rule = SongRule(bench.system.grammar, 1, LENGTH, ids[-1:].tolist())
        return _written(bench, ids, rule, case, end=EOS, known=known_to(prompt, case))

    return filler


def _written(
    bench: SongBench,
    prompt: np.ndarray,
    rule: object,
    case: Case,
    end: int,
    known: np.ndarray | None,
) -> RemiSong:
    hints = bench.system.hints
    room = bench.system.config.gpt.context - len(prompt)
    drawn = generate(
        bench.system.networks,
        torch.from_numpy(prompt),
        1,
        room,
        seed=bench.seed + case.number,
        sampling=Sampling(top_p=0.95),
        allowed=rule,
        hints=hints.follow(prompt, 1, known) if hints else None,
        end=end,
    )[0]
    return _table(bench, until_end(drawn.numpy(), end), case)


def _table(bench: SongBench, ids: np.ndarray, case: Case) -> RemiSong:
    bars = bench.vocabulary.bars(bench.vocabulary.decode(ids))[:LENGTH]
    found = RemiSong.from_ids(np.concatenate(bars) if bars else np.empty(0, dtype=int))
    return replace(found, bars=case.truth.bars)


def repeat(bench: SongBench, case: Case) -> RemiSong:
    """The bars before the hole, repeated; if there are fewer than four, they start again."""
    count = min(LENGTH, case.first)
    before = part(case.song, case.first - count, case.first)
    rounds = []
    for again in range(0, LENGTH, count):
        notes = before.notes[before.notes[:, BAR] < LENGTH - again].copy()
        notes[:, BAR] += again
        rounds.append(notes)
    return replace(before, notes=np.concatenate(rounds), bars=case.truth.bars)


def _per_note(cost: np.ndarray, notes: np.ndarray, rows: np.ndarray) -> float:
    return float(cost[rows].sum() / notes[rows].sum())


def chain(bench: SongBench, case: Case) -> RemiSong:
    """A sample of the best Markov chain, conditioned on the bars before."""
    prompt, _ = prefix(case)
    ids = bench.best.sample(prompt, 700, bench.seed + case.number)
    return _table(bench, until_end(np.asarray(ids)), case)


FILLERS: dict[str, Callable[[SongBench, Case], RemiSong]] = {
    "users": call_fill,
    "single": partial(call_fill, candidates=1),
    "middle": fill_middle,
    "hidden": go_on(hidden),
    "prefix": go_on(prefix),
    "repeat": repeat,
    "nearest": nearest,
    "chain": chain,
    "truth": lambda bench, case: case.truth,
}


MEASURES = ("harmony", "same key", "density", "walls", "join before", "join after", "copied")
WALL = 10  # notes at one position that two hands can play


def measure(bench: SongBench, case: Case, filling: RemiSong) -> list[float]:
    """The metrics of one inpainting, in the order of MEASURES."""
    before = min(AROUND, case.first)
    near = part(case.open, case.first - before, case.first + LENGTH + AROUND)
    lines = lines_of(near, bench.vocabulary)
    begin, end = lines[before], lines[before + LENGTH]
    inside = flat(replace(filling, bars=case.truth.bars), bench.vocabulary)
    inside[:, 0] += begin
    around = flat(near, bench.vocabulary)
    elsewhere = flat(case.open, bench.vocabulary)
    return [
        pitch_class_distance(inside, around),
        same_key(inside, around),
        density_distance(inside, around, LENGTH, len(near.bars) - LENGTH),
        float(most_at_once(inside) > WALL),
        melodic_step(around, inside, begin),
        melodic_step(inside, around, end),
        copy_rate(inside, elsewhere),
    ]


def inpainting(bench: SongBench) -> None:
    """Nats per note of the true bars, and the metrics of each way to fill the hole."""
    context = bench.system.config.gpt.context
    clips = [clip for clip, _ in bench.held]
    chosen = cases(clips, bench.vocabulary, context, bench.cases, seed=bench.seed)
    if not chosen:
        raise MissingDataError(f"{bench.dataset}: no song has {LENGTH} bars with music around them")
    notes = np.array([len(case.truth.notes) for case in chosen])
    cost = {
        name: np.array([cost_of(bench, case, prompt) for case in chosen])
        for name, prompt in (*PROMPTS.items(), ("alone", no_suffix))
    }
    leak = cost.pop("shown")
    cost["chain"] = np.array([chain_nats(bench, case) for case in chosen])
    rows = []
    for name, filler in FILLERS.items():
        table = np.array([measure(bench, case, filler(bench, case)) for case in chosen])
        nll = cost.get(name)
        own = float(nll.sum() / notes.sum()) if nll is not None else None
        rows.append([LABELS[name], own, *np.nanmean(table, 0).tolist()])
    better = {
        LABELS.get(name, "the same without the bars after"): bootstrap(
            partial(_per_note, value - cost["middle"], notes), len(chosen), seed=bench.seed
        )
        for name, value in cost.items()
        if name != "middle"
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
            f"better. MidiGPT.inpaint keeps one of {CANDIDATES} candidates, by harmony, key, "
            "copied figures, repeats of its own, joins, density and likelihood. It samples with "
            f"an echo of {ECHO:g}, also for one candidate; the ways below it with none.",
            f"The original's prompt with the hole left in it: {leak.sum() / notes.sum():.3f} nats "
            "per note, because it can copy the answer.",
            *(
                f"{name} − {LABELS['middle']}: {low:.3f} to {high:.3f} nats per note (95 %)"
                for name, (low, high) in better.items()
            ),
        ],
        ids={
            "own": LABELS["middle"],
            "rebuilt": LABELS["hidden"],
            "trivial": LABELS["chain"],
            "real": LABELS["truth"],
        },
        advantage=better,
        notes_in_holes=int(notes.sum()),
    )
