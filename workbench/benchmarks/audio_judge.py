"""A public judge of generated sound: MusiCNN, which was trained elsewhere on other music.

The tagger of the other tables was trained on the training data of the systems, so nobody outside
can compare. Codecs stand in the same table as a scale: they show how far sound moves that a
listener still accepts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from workbench.benchmarks.audio_data import AudioBench, sets_of
from workbench.benchmarks.audio_hearing import OPUS, Draw, griffin_lim, opus
from workbench.errors import MissingDataError
from workbench.evaluation.distances import (
    frechet_distance,
    frechet_interval,
    kernel_distance,
    kernel_interval,
    mauve,
)
from workbench.evaluation.embedders import MusicnnEmbedder
from workbench.evaluation.intervals import share_interval

# Tags of MagnaTagATune that mean an instrument; the prompts of each are shared by all systems.
INSTRUMENTS = {
    "drums": ("drums", "beat", "beats"),
    "piano": ("piano",),
    "strings": ("strings", "violin", "cello"),
    "guitar": ("guitar",),
    "synth": ("synth", "techno", "electronic"),
}
PROMPTS = {
    "drum loop": "drums",
    "rock drums, 120 bpm": "drums",
    "solo piano, no drums": "piano",
    "slow piano ballad": "piano",
    "string quartet": "strings",
    "calm orchestral strings": "strings",
    "acoustic guitar": "guitar",
    "8-bit chiptune": "synth",
}


def public(bench: AudioBench, made: Mapping[str, np.ndarray], trivial: str | None = None) -> None:
    """Distances to held-out windows by MusiCNN's embedding.

    Args:
        bench: The run.
        made: Generated or reconstructed sounds (n, samples) by name; the first one is the system's
            own.
        trivial: Name of the one that is the trivial baseline.
    """
    title = f"Public judge: distance to {bench.n} held-out windows"
    columns = ["", "clips", "kernel × 1,000", "95 %", "Fréchet", "95 %", "MAUVE"]
    try:
        judge = MusicnnEmbedder("msd")
    except MissingDataError as error:
        bench.report.table("public", title, columns, [], [f"Not measured: {error}"])
        return
    windows, rate = bench.real[0], bench.audio.rate
    real = judge.predict(windows)[0]
    sets = dict(made)
    sets |= {f"codec: {name}": opus(windows, rate, level)[0] for name, level in OPUS.items()}
    sets["codec: mel of 64 bands, Griffin-Lim"] = griffin_lim(windows, rate)
    floor = "floor: training windows"
    sets[floor] = bench.windows("train", 1)[0]
    table, times = [], 10 if bench.quick else 50
    for name, sounds in sets.items():
        vectors = judge.predict(sounds)[0]
        table.append(
            [
                name,
                len(sounds),
                1000 * kernel_distance(vectors, real),
                tuple(
                    1000 * end
                    for end in kernel_interval(vectors, real, times=times, seed=bench.seed)
                ),
                frechet_distance(vectors, real),
                frechet_interval(vectors, real, times=times, seed=bench.seed),
                mauve(vectors, real, seed=bench.seed),
            ]
        )
    bench.report.table(
        "public",
        title,
        columns,
        table,
        [
            "Embedding: the 200 numbers before the last layer of MusiCNN, trained on the Million "
            f"Song Dataset (data_scripts/musicnn.py). {bench.steps} steps. Below 500 clips, "
            "compare the kernel distance, whose expectation does not depend on their number. "
            "Codecs encode the held-out windows themselves, so each clip has its twin among them; "
            "the training windows are other music. MAUVE: 1 for equal distributions."
        ],
        ids={"own": next(iter(made)), "real": floor, **({"trivial": trivial} if trivial else {})},
    )


def instruments(bench: AudioBench, draw: Draw) -> None:
    """Whether a public tagger recognises the requested instrument.

    Args:
        bench: The run.
        draw: Generates sounds (n, samples) for prompts.
    """
    title = "Public tagger: the instrument with the highest likelihood, share of clips"
    columns = ["", "clips", *INSTRUMENTS, "as requested", "95 %"]
    try:
        judge = MusicnnEmbedder("mtt")
    except MissingDataError as error:
        bench.report.table("instruments", title, columns, [], [f"Not measured: {error}"])
        return
    each, table, right, total = 1 if bench.quick else 12, [], 0, 0
    prompts = [prompt for prompt in PROMPTS for _ in range(each)]
    heard = recognised(judge, draw(prompts))
    for number, (prompt, instrument) in enumerate(PROMPTS.items()):
        own = heard[number * each : (number + 1) * each]
        hits = own.count(instrument)
        right, total = right + hits, total + each
        interval = share_interval(hits, each)
        table.append([f"“{prompt}”", each, *_shares(own), hits / each, interval])
    table.append(
        ["all prompts", total, *_shares(heard), right / total, share_interval(right, total)]
    )
    sets = sets_of(bench)
    for name in sorted(set(sets)):
        own = recognised(judge, bench.real[0][sets == name])
        table.append([f"held-out windows of {name}", len(own), *_shares(own), None, None])
    bench.report.table(
        "instruments",
        title,
        columns,
        table,
        [
            "MusiCNN, trained on MagnaTagATune (data_scripts/musicnn.py). An instrument has the "
            "likelihood of its likeliest tag: "
            + "; ".join(f"{name}: {', '.join(tags)}" for name, tags in INSTRUMENTS.items())
            + f". Windows of {bench.length / bench.audio.rate:.1f} s."
        ],
        ids={"own": "all prompts"},
    )


def recognised(judge: MusicnnEmbedder, sounds: np.ndarray) -> list[str]:
    """Return the instrument with the highest likelihood for each of sounds (n, samples)."""
    likelihoods = judge.predict(sounds)[1]
    scores = [
        likelihoods[:, [judge.names.index(tag) for tag in tags]].max(1)
        for tags in INSTRUMENTS.values()
    ]
    return [list(INSTRUMENTS)[i] for i in np.argmax(scores, axis=0)]


def _shares(heard: Sequence[str]) -> list[float]:
    return [list(heard).count(name) / max(1, len(heard)) for name in INSTRUMENTS]
