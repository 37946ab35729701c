"""Whether generated sound is of the class that a prompt names, and whether it passes for real.

Two judges learn the six classes of `sound-classes` from training windows, before anything is
generated: one from simple features, one from the embedding of a public network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.benchmarks.audio_data import AudioBench
from workbench.benchmarks.audio_hearing import Embed, Take, public_embedding
from workbench.datasets.audio import genre_of
from workbench.evaluation.classifiers import candidates, separability
from workbench.evaluation.intervals import share_interval
from workbench.evaluation.sound_features import sound_features

# Prompts as people write them; none is a caption of the training data.
PROMPTS = {
    "drums": (
        "hip hop beat with a lazy snare",
        "bossa nova percussion",
        "a long drum solo",
        "breakbeat at 160 bpm",
    ),
    "piano": (
        "ragtime piano",
        "a sad ballad on the piano, 70 bpm",
        "somebody practising Chopin on a grand piano",
        "jazz piano",
    ),
    "strings": (
        "violin and cello duet",
        "chamber strings playing a waltz",
        "string quartet, fast",
        "fiddle tune, 110 bpm",
    ),
    "orchestra": (
        "symphony finale",
        "orchestral music with woodwinds",
        "majestic brass fanfare",
        "symphonic march, 120 bpm",
    ),
    "band": (
        "indie rock with singing",
        "a funk band with saxophone",
        "acoustic guitar, bass and drums",
        "country band, 100 bpm",
    ),
    "chip": (
        "retro console soundtrack",
        "chiptune arpeggios",
        "pixel adventure level music",
        "NES boss fight, 150 bpm",
    ),
}
EACH = 8  # clips of a prompt


def inputs_of(bench: AudioBench) -> tuple[dict[str, Embed], list[str]]:
    """Return what each judge reads of sounds, by the judge's name, and notes on what is missing."""
    inputs: dict[str, Embed] = {
        "features": lambda sounds: sound_features(sounds, bench.audio.rate)[0]
    }
    embed, note = public_embedding()
    return (inputs, [note]) if embed is None else ({**inputs, "MusiCNN": embed}, [])


def classes(bench: AudioBench, take: Take) -> None:
    """The share of clips in which each judge recognises the requested class.

    Args:
        bench: The run.
        take: Generates sounds for a prompt, as a user does.
    """
    title, columns = "Requested class recognised", ["", "clips"]
    (train, of_train), (held, of_held) = (_labelled(bench, split) for split in ("train", "test"))
    if len(set(of_train)) < 2:
        note = "Not measured: the data hold no classes; use --dataset sound-classes"
        bench.report.table("classes", title, columns, [], [note])
        return
    each = 1 if bench.quick else EACH
    prompts = {kind: own[:1] if bench.quick else own for kind, own in PROMPTS.items()}
    made = [take(prompt, each, True) for own in prompts.values() for prompt in own]
    length = min(sounds.shape[1] for sounds in made)
    sounds = np.concatenate([part[:, :length] for part in made])
    wanted = np.repeat(list(prompts), [each * len(own) for own in prompts.values()])
    predictions = {}
    inputs, missing = inputs_of(bench)
    rebuilt = bench.rebuilt(held)
    for name, embed in inputs.items():
        judge = candidates(bench.seed)["logistic"].fit(embed(train), of_train)
        predictions[name] = [judge.predict(embed(part)) for part in (sounds, held, rebuilt)]
    table = []
    for kind in (*prompts, "all"):
        own, real = (
            np.isin(labels, kind if kind != "all" else list(prompts))
            for labels in (wanted, of_held)
        )
        row: list[object] = [kind, int(own.sum())]
        for predicted, *of_real in predictions.values():
            hits = int((predicted == wanted)[own].sum())
            row += [hits / own.sum(), share_interval(hits, int(own.sum()))]
            row += [float((p == of_held)[real].mean()) if real.any() else None for p in of_real]
        table.append(row)
    heard = ("held-out music", "reconstructed")
    columns += [c for name in inputs for c in (name, "95 %", *(f"{name}, {h}" for h in heard))]
    bench.report.table(
        "classes",
        f"{title}; {each} clips a prompt",
        columns,
        table,
        [
            "Judges: logistic regression on simple features, and on MusiCNN's embedding, of "
            f"{len(of_train)} training windows. Reconstructed: the held-out music after the "
            "system's encoder and decoder; what is not recognised there is lost by them. Prompts: "
            + "; ".join(f"{kind}: {', '.join(own)}" for kind, own in prompts.items())
            + f". {bench.steps} steps.",
            *missing,
        ],
        ids={"own": "all"},
    )


def realism(bench: AudioBench, made: Mapping[str, np.ndarray]) -> None:
    """How well judges tell generated sound from held-out music of the same captions.

    Args:
        bench: The run.
        made: Sounds (n, samples) by name, row by row for the windows of `bench.real`.
    """
    windows, pieces = bench.real
    other, other_pieces = bench.windows("validation", 1)
    sets = {name: (sounds, pieces) for name, sounds in made.items()}
    sets["other held-out music"] = (other, other_pieces)
    inputs, missing = inputs_of(bench)
    judges = _linear if bench.quick else candidates
    real = {name: embed(windows) for name, embed in inputs.items()}
    table = []
    for name, (sounds, groups) in sets.items():
        row: list[object] = [name, len(sounds)]
        for judge, embed in inputs.items():
            verdict = separability(
                real[judge], embed(sounds), pieces, groups, seed=bench.seed, judges=judges
            )
            row += [verdict.accuracy, verdict.interval]
        table.append(row)
    bench.report.table(
        "realism",
        f"How often judges tell sound from {len(windows)} held-out windows",
        ["", "clips", *(c for judge in inputs for c in (judge, "95 %"))],
        table,
        [
            "Mean of a linear model, extra trees and boosted trees, cross-validated by piece, on "
            "simple features and on MusiCNN's embedding; 0.5 is chance. Other held-out music: "
            "windows of the validation split.",
            *missing,
        ],
        ids={"own": next(iter(made)), "real": "other held-out music"},
    )


def _linear(seed: int) -> dict[str, Any]:
    return {"logistic": candidates(seed)["logistic"]}


def _labelled(bench: AudioBench, split: str) -> tuple[np.ndarray, Any]:
    """Return windows of a split that belong to a class, and their classes."""
    sounds, pieces = bench.windows(split, 2)
    names: Any = np.array([genre_of(bench.audio.items[int(i)].labels) for i in pieces])
    known = np.isin(names, list(PROMPTS))
    return sounds[known], names[known]
