"""Clips for a test: by people, by systems and a control for the same prompts; or a folder of clips.

Generated music is compared with people's music of the same kind: drum loops with drummers, sound
with recordings, piano windows with composed ones, inpainted bars of songs with the original bars.
The control is always a clip of the first system without a prompt.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import later_seed, random_generator, seed_of, whole
from workbench.datasets import cut_loops, load
from workbench.datasets.audio import genre_of
from workbench.datasets.load import names_of
from workbench.datasets.sounds import collect
from workbench.errors import MissingDataError, WorkbenchError
from workbench.files import AUDIO_SUFFIXES, MIDI_SUFFIXES
from workbench.music.clip import Clip
from workbench.music.keys import TONICS
from workbench.representations.pvd import PAD
from workbench.systems.diffusion_lm.controls import DENSITIES, REGISTERS, level, measures
from workbench.systems.diffusion_lm.training import sets_of, windows_of
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.midigpt.training import songs_of
from workbench.systems.region import Region
from workbench.systems.registry import checkpoint_of, entry_of, resolve
from workbench.systems.storage import trained_on
from workbench.systems.system import System
from workbench.tools.listening.design import Material

if TYPE_CHECKING:
    from workbench.systems.diffusion_lm import DiffusionLM

HUMAN, CONTROL = "human", "empty prompt"
BARS = 8
SLOWEST = 80  # BPM of a song with inpainted bars, so that they come within a few seconds
ATTEMPTS = 3  # seeds of a song until its fillings differ


def drum_materials(
    systems: Mapping[str, Any], dataset: str = "groove", *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Held-out loops by people, the loops that each system generates for their captions, and the
    control without a prompt, as in the drum paper's listening test.

    Args:
        systems: Systems that generate loops from text, by their names in the key.
        dataset: Its test split has people's loops.
        prompts: Number of captions.
        seed: Of the captions and of the generated loops.

    Returns:
        `prompts` materials of people, of each system and of the control.

    Raises:
        WorkbenchError: if too few held-out loops have captions.

    Source: arXiv 2408.02711, the listening test.
    """
    prompts, seed = _asked(systems, prompts, seed)
    held = cut_loops(load(dataset, split="test"), bars=BARS, hop_bars=BARS)
    by_caption: dict[str, list[Clip]] = {}
    for clip in held:
        if not clip.labels.get("tiled"):
            by_caption.setdefault(clip.caption, []).append(clip)
    captions = _shuffled(by_caption, prompts, f"{dataset}: held-out loops", seed)
    chosen = _varied(captions, prompts)
    made = [Material(HUMAN, words, by_caption[words][0]) for words in chosen]
    for name, system in systems.items():
        seeds = [later_seed(seed, i) for i in range(prompts)]
        if isinstance(system, DrumLDM):  # all in one batch
            clips = system.generate_batch(chosen, [None] * prompts, seeds, bars=BARS)
        else:
            pairs = zip(chosen, seeds, strict=True)
            clips = [system.generate(words, bars=BARS, seed=own)[0] for words, own in pairs]
        made += [Material(name, words, clip) for words, clip in zip(chosen, clips, strict=True)]
    first = next(iter(systems.values()))
    clips = first.generate("", n=prompts, bars=BARS, seed=later_seed(seed, prompts))
    made += [Material(CONTROL, words, clip) for words, clip in zip(chosen, clips, strict=True)]
    return made


def sound_materials(
    systems: Mapping[str, System], dataset: str, *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Windows of held-out recordings and rendered scores with their captions, the clips that each
    system generates for caption and genre, and the control. Their length is that of the systems'
    clips. Arguments as in `drum_materials`."""
    prompts, seed = _asked(systems, prompts, seed)
    first = next(iter(systems.values()))
    audio = collect(dataset, first.config.rate)
    held = [i for i in audio.split("test") if audio.items[i].caption]
    played = [i for i in held if not audio.items[i].labels.get("set", "").startswith("builtin")]
    pieces = {audio.items[i].caption: i for i in played or held}  # by people, if there are any
    chosen = _shuffled(pieces, prompts, f"{dataset}: held-out pieces", seed)[:prompts]
    length = round(first.config.seconds * audio.rate)
    windows, _ = audio.crops(prompts, length, seed=seed, rows=[pieces[words] for words in chosen])
    human = {
        words: Clip(audio=window, sample_rate=audio.rate)
        for words, window in zip(chosen, windows, strict=True)
    }

    def generate(system: Any, words: str, seed: int) -> Clip:
        genre, more = genre_of(audio.items[pieces[words]].labels), {}
        if "genre" in system.settings() and genre in system.config.genres:
            more = {"genre": genre}
        return system.generate(words, seconds=first.config.seconds, seed=seed, **more)[0]

    return _compared(systems, human, generate, seed)


def piano_materials(
    systems: Mapping[str, DiffusionLM], dataset: str, *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Windows of held-out piano music in the tokens of the first system (which keep pitches,
    velocities and durations), the clips that each system generates for their key, density and
    register, and the control. Arguments as in `drum_materials`."""
    prompts, seed = _asked(systems, prompts, seed)
    first = next(iter(systems.values()))
    held = windows_of(sets_of(dataset, "test", None), first.code, 4, names_of(dataset))
    full = held.ids[(held.ids != PAD).all(1)].numpy()
    key, density, pitch = measures(full, first.code)
    levels = zip(
        key, level(density, first.config.density), level(pitch, first.config.register), strict=True
    )
    controls, rows = {}, {}
    for row, (tonic, notes, height) in zip(full, levels, strict=True):
        traits = {
            "key": f"{TONICS[tonic]} major",
            "density": DENSITIES[notes],
            "register": REGISTERS[height],
        }
        words = "piano with the notes of {key}, {density}, {register}".format(**traits)
        controls[words], rows[words] = traits, row
    chosen = _shuffled(controls, prompts, f"{dataset}: held-out windows", seed)[:prompts]
    human = {words: first.code.decode(rows[words], 90.0) for words in chosen}

    def generate(system: DiffusionLM, words: str, seed: int) -> Clip:
        return system.generate(controls[words], seed=seed)[0]

    return _compared(systems, human, generate, seed)


def _compared(
    systems: Mapping[str, Any],
    human: Mapping[str, Clip],
    generate: Callable[[Any, str, int], Clip],
    seed: int,
) -> list[Material]:
    """For each prompt of `human`: its clip, a clip by each system (`generate(system, words, seed)`,
    each with its own seed), and a clip that the first system generates without a prompt."""
    made = []
    for words, clip in human.items():
        made.append(Material(HUMAN, words, clip))
        for name, system in systems.items():
            made.append(Material(name, words, generate(system, words, later_seed(seed, len(made)))))
    first = next(iter(systems.values()))
    control = first.generate(n=len(human), seed=later_seed(seed, len(made)))
    return made + [Material(CONTROL, words, c) for words, c in zip(human, control, strict=True)]


def song_materials(
    systems: Mapping[str, System], dataset: str, *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Six bars of held-out songs. Their third and fourth bars are the original ones, or regenerated
    by each system, by the first one with one candidate, or, as the control, by the first one
    without the bars before and after. Arguments as in `drum_materials`.

    Songs in which two of these are the same notes with each of three seeds have nothing to compare
    and are left out: where bars repeat, the chosen filling is often what one candidate is.

    Raises:
        WorkbenchError: if fewer songs than `prompts` are left.
    """
    prompts, seed = _asked(systems, prompts, seed)
    held = [clip for clip in songs_of(dataset, "test") if clip.bars >= 8 and clip.tempo >= SLOWEST]
    what = f"{dataset}: held-out songs of 8 bars"
    made: list[Material] = []
    asked = 0
    for number in _shuffled(range(len(held)), prompts, what, seed):
        words = f"song {asked + 1} of {prompts}: do the third and the fourth bar fit the others?"
        for attempt in range(ATTEMPTS):
            own = later_seed(seed, ATTEMPTS * number + attempt)
            ways = _song_ways(systems, held[number], own)
            if len({clip.notes.tobytes() for clip in ways.values()}) == len(ways):
                made += [Material(source, words, clip) for source, clip in ways.items()]
                asked += 1
                break
        if asked == prompts:
            return made
    raise WorkbenchError(
        f"prompts must be at most {asked}, the number of {what} whose fillings differ"
    )


def _song_ways(systems: Mapping[str, System], song: Clip, seed: int) -> dict[str, Clip]:
    """Return six bars from the middle of a song by source, see `song_materials`."""
    hole = song.bars // 2 - 1
    region = Region(bars=(hole, hole + 2))
    name, first = next(iter(systems.items()))

    def six_bars(clip: Clip) -> Clip:
        return _bars(clip, hole - 2, hole + 4)

    ways = {HUMAN: six_bars(song)}
    for other, system in systems.items():
        ways[other] = six_bars(system.inpaint(song, region, seed=seed)[0])
    one: dict[str, Any] = {"candidates": 1}  # of a MidiGPT; `System` does not name it
    single = first.inpaint(song, region, seed=later_seed(seed, 1), **one)[0]
    ways[f"{name}, one candidate"] = six_bars(single)
    alone = first.inpaint(_bars(song, hole, hole + 2), Region(bars=(0, 2)), seed=seed)[0]
    ways[CONTROL] = _replaced(six_bars(song), alone, 2)
    return ways


def _bars(clip: Clip, first: int, last: int) -> Clip:
    """Bars `first` to `last` (exclusive, from 0)."""
    begin, end = clip.bar_lines[[first, last]]
    return clip.excerpt(float(begin), float(end - begin))


def _replaced(clip: Clip, other: Clip, bar: int) -> Clip:
    """The clip with its notes from `bar` on replaced by `other`, over the length of `other`."""
    begin = float(clip.bar_lines[bar])
    notes, new = clip.notes, other.notes.copy()
    new["time"] += begin
    outside = (notes["time"] < begin) | (notes["time"] >= begin + other.beats)
    both = np.concatenate([notes[outside], new])
    return Clip.from_notes(both, tempo=clip.tempo, meter=clip.meter, beats=clip.beats)


def system_materials(
    checkpoints: Sequence[str], dataset: str | None = None, *, prompts: int = 5, seed: int = 0
) -> list[Material]:
    """Materials of several systems of one kind.

    Args:
        checkpoints: Keys of systems, names of shipped checkpoints, or folders.
        dataset: Its test split has people's music; default: what the first checkpoint was trained
            on, or the built-in corpus if that is not on this machine.
        prompts: Number of prompts.
        seed: Of the prompts and of the generated clips.

    Returns:
        The materials of people, systems and control.

    Raises:
        WorkbenchError: if kinds are mixed or two checkpoints have the same name.
    """
    if dataset is not None:
        names_of(dataset)
    checkpoints = [checkpoint_of(name) for name in checkpoints]
    entries = {name: entry_of(name) for name in checkpoints}
    if len({entry.listening for entry in entries.values()}) > 1:
        listed = ", ".join(f"{name} is a {entry.name}" for name, entry in entries.items())
        raise WorkbenchError(f"systems: {listed}; a test compares one kind: make one for each")
    systems = {Path(name).name: entry.from_pretrained(name) for name, entry in entries.items()}
    if len(systems) < len(checkpoints):
        raise WorkbenchError("systems: two of them have the same name; rename a folder")
    _some(systems)
    first = next(iter(entries.values()))
    make = resolve(first.listening)
    if dataset is None:
        dataset = trained_on(checkpoints[0])
        try:
            return make(systems, dataset, prompts=prompts, seed=seed)
        except MissingDataError as error:
            print(f"{error}; the built-in corpus replaces people's music", file=sys.stderr)
            dataset = first.built_in
    return make(systems, dataset, prompts=prompts, seed=seed)


def _asked(systems: Mapping[str, object], prompts: int, seed: int) -> tuple[int, int]:
    """The checked number of prompts and seed; there must be at least one system."""
    _some(systems)
    return whole(prompts, "prompts", 1), seed_of(seed)


def _some(systems: Mapping[str, object]) -> None:
    if not systems:
        raise WorkbenchError("systems: must name at least one to compare with people")


def _shuffled(found: Any, prompts: int, what: str, seed: int) -> list[Any]:
    """All of `found` in random order; WorkbenchError if there are fewer than `prompts`."""
    names = list(found)
    if len(names) < prompts:
        raise WorkbenchError(
            f"prompts must be at most {len(names)}, the number of {what} with different prompts, "
            f"got {prompts}"
        )
    return [names[i] for i in random_generator(seed).permutation(len(names))]


def _varied(captions: Sequence[str], count: int) -> list[str]:
    """`count` captions, which differ in their first word (the style) as far as possible."""
    first = {caption.split()[0]: caption for caption in reversed(captions) if caption.split()}
    fresh = [caption for caption in captions if caption in first.values()]
    return [*fresh, *(caption for caption in captions if caption not in fresh)][:count]


def folder_materials(folder: str | os.PathLike[str]) -> list[Material]:
    """Clips from files such as folder/SOURCE/slow_funk.wav: one folder per source; the file's name,
    with spaces for underscores, is the prompt. MIDI files are rendered.

    Raises:
        MissingDataError: if there are no such folders.
        BrokenFileError: for a file that cannot be read.
    """
    root = Path(folder)
    if not root.is_dir():
        raise MissingDataError(f"{root} is not a folder; give one with a folder for each source")
    made = []
    for source in sorted(path for path in root.iterdir() if path.is_dir()):
        for path in sorted(source.iterdir()):
            if path.suffix.lower() in (*AUDIO_SUFFIXES, *MIDI_SUFFIXES):
                made.append(Material(source.name, path.stem.replace("_", " "), Clip.read(path)))
    if not made:
        raise MissingDataError(f"{root} contains no folders with clips; put them in {root}/SOURCE/")
    return made


def practice_clip() -> Clip:
    """The clip of the practice trial, which belongs to none of the sources."""
    clip = cut_loops(load("builtin", limit=4), bars=BARS)[0]
    return clip.with_(caption="a drum loop, for practice")
