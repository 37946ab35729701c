"""Clips for a test: people, systems and a control for the same words; or any folder of clips."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import MissingDataError, WorkbenchError
from workbench.listening.design import Material
from workbench.music.clip import AUDIO_SUFFIXES, MIDI_SUFFIXES, Clip

if TYPE_CHECKING:
    from workbench.systems.drum_ldm import DrumLDM

HUMAN, CONTROL = "human", "empty prompt"
BARS = 8


def drum_materials(
    systems: Mapping[str, DrumLDM], dataset: str = "groove", *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Loops of people that no system was trained on, what each system draws for their captions, and
    the control: the first system asked for nothing, as in the drum paper's listening test.

    systems: names for the key. Raises WorkbenchError where too few held-out loops have captions.
    """
    import numpy as np

    from workbench.datasets import cut_loops, load

    if not systems:
        raise WorkbenchError("systems: name one or more to compare with people")
    held = cut_loops(load(dataset, split="test"), bars=BARS, hop_bars=BARS)
    by_caption: dict[str, list[Clip]] = {}
    for clip in held:
        if not clip.labels.get("tiled"):
            by_caption.setdefault(clip.caption, []).append(clip)
    if len(by_caption) < prompts:
        raise WorkbenchError(
            f"prompts: {dataset} has {len(by_caption)} held-out loops with captions of their own; "
            f"ask for no more, here {prompts}"
        )
    random = np.random.default_rng(seed)
    order = [list(by_caption)[i] for i in random.permutation(len(by_caption))]
    chosen = _unlike(order, prompts)
    made = [Material(HUMAN, words, by_caption[words][0]) for words in chosen]
    for name, system in systems.items():
        tempos = [system.tempo_of(words) for words in chosen]
        clips = system.draw_each(chosen, tempos, range(seed, seed + prompts), bars=BARS)
        made += [Material(name, words, clip) for words, clip in zip(chosen, clips, strict=True)]
    first = next(iter(systems.values()))
    clips = first.generate("", n=prompts, bars=BARS, seed=seed + prompts)
    made += [Material(CONTROL, words, clip) for words, clip in zip(chosen, clips, strict=True)]
    return made


def _unlike(captions: Sequence[str], count: int) -> list[str]:
    """So many captions, each with a first word (the style) of its own as far as there are."""
    first = {caption.split()[0]: caption for caption in reversed(captions) if caption.split()}
    fresh = [caption for caption in captions if caption in first.values()]
    return [*fresh, *(caption for caption in captions if caption not in fresh)][:count]


def folder_materials(folder: str | os.PathLike[str]) -> list[Material]:
    """Clips from folder/SOURCE/slow_funk.wav and so on: a folder a source, the file's name (with
    spaces for underscores) is the words. MIDI files are rendered.

    Raises MissingDataError where there are no such folders, BrokenFileError naming a file.
    """
    root = Path(folder)
    if not root.is_dir():
        raise MissingDataError(f"{root} is no folder; give one with a folder for each source")
    made = []
    for source in sorted(path for path in root.iterdir() if path.is_dir()):
        for path in sorted(source.iterdir()):
            if path.suffix.lower() in (*AUDIO_SUFFIXES, *MIDI_SUFFIXES):
                made.append(Material(source.name, path.stem.replace("_", " "), Clip.read(path)))
    if not made:
        raise MissingDataError(f"{root} holds no folders with clips; put them in {root}/SOURCE/")
    return made


def practice_clip() -> Clip:
    """The clip of the practice trial, which belongs to none of the sources."""
    from workbench.datasets import cut_loops, load

    clip = cut_loops(load("builtin", limit=4), bars=BARS)[0]
    return clip.with_(caption="a drum loop, for practice")
