"""Whether a loop follows the prompt in other respects than style: tempo, kind, density, a voice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import LoopSet
from workbench.datasets.traits import traits_of
from workbench.evaluation.classifiers import Chosen, balanced_accuracy, choose
from workbench.evaluation.intervals import share_interval
from workbench.evaluation.rhythm import density
from workbench.music.clip import Clip

ASKED = {
    "busy": "a busy {} beat",
    "sparse": "a sparse {} beat",
    "ghost notes": "a {} beat with ghost notes",
    "ride": "a {} beat with ride cymbal",
    "toms": "a {} beat with toms",
    "open hats": "a {} beat with open hi-hats",
}
PLAIN = "a {} beat"


def traits(bench: Bench) -> None:
    """The share of loops with a trait when it is requested and when it is not."""
    styles = bench.data.styles
    takes = max(2, bench.takes // 2)
    without = _draw(bench, PLAIN, styles, takes)
    real = bench.data.test
    rows, figures = [], {}
    loops_of = {trait: _draw(bench, template, styles, takes) for trait, template in ASKED.items()}
    for trait, made in loops_of.items():
        requested, plain, played = (_share(loops, trait) for loops in (made, without, real))
        interval = share_interval(round(requested * len(made)), len(made))
        rows.append([trait, len(made), requested, interval, plain, played])
        figures[trait] = [requested, plain]
    spans = (loops_of["busy"], without, loops_of["sparse"])
    beats = [float(density(loops.rolls).mean()) for loops in spans]
    tempo = _tempo(bench)
    bench.report.table(
        "traits",
        f"Requested traits, over the styles {', '.join(styles)}",
        ["trait", "N", "requested", "95 %", "not requested", "real held-out loops"],
        rows,
        [
            f"Hits per beat: “busy” {beats[0]:.2f}, no density requested {beats[1]:.2f}, “sparse” "
            f"{beats[2]:.2f}.",
            f"The tempo in the MIDI file is the requested one for {tempo[0]} of {tempo[1]} "
            f"prompts; the mean tempo is {tempo[2]:.0f} BPM for “fast” and {tempo[3]:.0f} BPM for "
            "“slow”.",
        ],
        shares=figures,
        density=beats,
        tempo=tempo,
    )
    _kinds(bench, styles, takes)


def _draw(bench: Bench, template: str, styles: Sequence[str], takes: int) -> LoopSet:
    prompts = [template.format(style) for style in styles for _ in range(takes)]
    return bench.generate(prompts, seed=bench.seed + 4)


def _share(loops: LoopSet, trait: str) -> float:
    return float(np.mean([trait in traits_of(clip.notes, clip.beats) for clip in loops.clips]))


def _tempo(bench: Bench) -> tuple[int, int, float, float]:
    """(tempi kept, requested; mean for "fast", for "slow"), read back from MIDI bytes."""
    bpm = [60, 72, 84, 92, 104, 113, 128, 140, 165, 190]
    styles = bench.data.styles
    prompts = [f"a {styles[i % len(styles)]} beat, {b} bpm" for i, b in enumerate(bpm)]
    made = bench.generate(prompts, seed=bench.seed + 6)
    written = [Clip.read_midi(clip.midi_bytes()).tempo for clip in made.clips]
    kept = sum(abs(h - b) < 0.01 for h, b in zip(written, bpm, strict=True))
    fast, slow = (
        float(np.mean([bench.system.tempo_of(f"a {word} {style} beat") for style in styles]))
        for word in ("fast", "slow")
    )
    return kept, len(bpm), fast, slow


def _kinds(bench: Bench, styles: Sequence[str], takes: int) -> None:
    """Beat or fill, recognised by a classifier that was trained on training loops."""
    train, test = bench.data.train, bench.data.test
    judge: Chosen = choose(
        train.styled, train.labels("kind").tolist(), train.performances.tolist(), seed=bench.seed
    )
    real = test.labels("kind")
    rows = [["real held-out loops", len(real), *_kind_row(real, judge.predict(test.styled))]]
    requested = np.repeat(["beat", "fill"], takes * len(styles))
    beats, fills = (_draw(bench, f"a {{}} {kind}", styles, takes) for kind in ("beat", "fill"))
    predicted = judge.predict(np.concatenate([beats.styled, fills.styled]))
    rows.append([bench.name, len(requested), *_kind_row(requested, predicted)])
    mixed = np.random.default_rng(bench.seed).permutation(requested)
    rows.append([f"{bench.name}: shuffled prompts", len(requested), *_kind_row(mixed, predicted)])
    bench.report.table(
        "beat or fill",
        "Beat or fill, recognised by a classifier",
        ["", "N", "mean over both", "beats recognised", "fills recognised"],
        rows,
        [f"Chance 0.5. Classifier: {judge.name}, trained on training sessions."],
    )


def _kind_row(requested: np.ndarray, predicted: np.ndarray) -> list[float]:
    each = [float((predicted[requested == kind] == kind).mean()) for kind in ("beat", "fill")]
    return [balanced_accuracy(requested, predicted), *each]
