"""Gallery entries: clips of the systems, each with the call that generated it.

This module contains the systems that generate notes, `sound` those that generate sound.

Clips are not selected: each is the first one for the same seed. For comparison, the gallery shows
performances by people if the data set is on this machine and its licence permits it, otherwise
clips of the built-in corpus, labelled as such.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.datasets import cut_loops, load
from workbench.errors import MissingDataError
from workbench.music.clip import Clip
from workbench.music.display import pitch_name
from workbench.music.kit import DRUMS, read_lookup
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.midigpt import MidiGPT
from workbench.systems.region import Region
from workbench.systems.registry import Entry
from workbench.systems.system import VERBS

SNARE, CRASH, RIDE = (DRUMS.index(code) for code in ("SD", "CR", "RD"))
QUIET = 40  # MIDI velocity below which a snare stroke counts as a ghost note


@dataclass(frozen=True)
class Piece:
    """One clip. call: Python code that generates it, "" for a clip by people; note: what to listen
    for; credit: author and licence of a clip by people."""

    clip: Clip
    title: str
    note: str
    call: str = ""
    credit: str = ""


@dataclass
class Exhibit:
    """The clips of one system. setup: lines of Python before each call; missing: which data set is
    not on this machine, and how to get it."""

    key: str
    title: str
    text: str
    setup: list[str]
    pieces: list[Piece] = field(default_factory=list)
    missing: str = ""

    def add_call(
        self,
        names: dict[str, Any],
        title: str,
        note: str | Note,
        name: str,
        method: str,
        *given: Any,
        **named: Any,
    ) -> None:
        """Add the result of `names[name].method(…)`, the first clip if there are several."""
        made = getattr(names[name], method)(*given, **named)
        several = not isinstance(made, Clip)
        clip: Clip = made[0] if several else made

        def spelled(value: Any) -> str:
            return next((key for key, own in names.items() if own is value), repr(value))

        parts = [*map(spelled, given), *(f"{key}={spelled(v)}" for key, v in named.items())]
        call = f"{name}.{method}({', '.join(parts)})" + "[0]" * several
        text = note if isinstance(note, str) else note(clip)
        self.pieces.append(Piece(clip, title, text, call.replace("'", '"')))

    def add_clip(self, clip: Clip, title: str, note: str, credit: str) -> None:
        """Add a clip by people or by the grammar."""
        self.pieces.append(Piece(clip, title, note, credit=credit))


Note = Callable[[Clip], str]


def default_exhibit(entry: Entry, seed: int) -> Exhibit:
    """The default entry of a system: a clip for a prompt from its training data (without a prompt
    if it reads none), a variation of that clip, and the clip with a part regenerated."""
    system, name = entry.from_pretrained(), entry.key
    made = Exhibit(
        entry.key,
        f"{entry.name}: {system.makes}",
        f"It can {', '.join(verb for verb in VERBS if verb in system.can)}.",
        [f'{name} = {entry.name}.from_pretrained("{entry.checkpoint}")'],
    )
    names: dict[str, Any] = {name: system}
    words = [words[0] for words in system.prompt_words().values() if words]
    prompts = words[:1] if "text" in system.can else []
    title = prompts[0] if prompts else "without a prompt"
    made.add_call(
        names, title, "The first clip of this seed.", name, "generate", *prompts, seed=seed
    )
    clip, call = made.pieces[0].clip, made.pieces[0].call
    made.setup.append(f"clip = {call}")
    names["clip"] = clip
    if "vary" in system.can:
        note = "The clip above, half of it new."
        made.add_call(names, "a variation", note, name, "vary", clip, seed=seed)
    if "inpaint" in system.can:
        first = clip.bars // 4
        if clip.has_score:
            region = Region(bars=(first, first + max(1, first)))
        else:
            region = Region(seconds=(round(clip.duration / 4, 1), round(clip.duration / 2, 1)))
        note = "The clip above; everything outside of this part is unchanged."
        made.add_call(names, "a part regenerated", note, name, "inpaint", clip, region, seed=seed)
    return made


def drums(seed: int) -> Exhibit:
    made = Exhibit(
        "drums",
        "DrumLDM: words to drum loops",
        "Latent diffusion, conditioned on text. Two systems are shipped: one encodes sentences "
        "with BERT, the other reads keywords only.",
        [
            'bert = DrumLDM.from_pretrained("drums-groove-bert")',
            'keywords = DrumLDM.from_pretrained("drums-groove-keywords")',
        ],
    )
    names = {name: DrumLDM.from_pretrained(f"drums-groove-{name}") for name in ("bert", "keywords")}

    def ask(prompt: str, note: str | Note, name: str = "bert") -> None:
        title = prompt + " (by keywords)" * (name == "keywords")
        made.add_call(names, title, note, name, "generate", prompt, bars=4, seed=seed)

    for name in names:
        ask("slow funk with ghost notes, 92 bpm", _ghosts, name)
    ask("busy jazz ride, 140 bpm", _rides)
    ask("fast rock, crash on the one, 160 bpm", _crashes)
    ask("drum fill, 120 bpm", "Fills are a weakness: they sound too much like beats.")
    ask("a waltz in three, 90 bpm", "It learned from 4/4 only, so it cannot generate a waltz.")
    try:
        for style, tempo in (("funk", 92), ("jazz", 140)):
            title = f"{style}, played by a person"
            add_drummer(
                made,
                title,
                drummer(style, tempo),
                "From a session that was held out from training.",
            )
    except MissingDataError:
        made.missing = "Performances of the Groove data set are missing: get it with make data."
    return made


def _voices(clip: Clip) -> np.ndarray:
    return read_lookup()[clip.notes["pitch"]]


def _ghosts(clip: Clip) -> str:
    snares = clip.notes["velocity"][_voices(clip) == SNARE]
    return (
        f"{int((snares < QUIET).sum())} of {len(snares)} snare hits are softer than velocity "
        f"{QUIET}, which makes them ghost notes."
    )


def _rides(clip: Clip) -> str:
    return f"{int((_voices(clip) == RIDE).sum())} of {len(clip.notes)} hits are on the ride."


def _crashes(clip: Clip) -> str:
    times = clip.notes["time"][_voices(clip) == CRASH]
    ones = {round(time / 4) for time in times.tolist() if abs(time / 4 - round(time / 4)) < 0.03}
    found = len(ones & set(range(clip.bars)))
    lost = ": it follows the style of a sentence more than its details" if found < clip.bars else ""
    return f"Beat one has a crash in {found} of {clip.bars} bars{lost}."


def drummer(style: str, tempo: float) -> Clip:
    """Four bars of a held-out performance of Groove in this style with the nearest tempo (BPM).
    Raises MissingDataError if Groove is not on this machine."""
    fitting = [
        c
        for c in load("groove", split="test").clips
        if tuple(c.meter) == (4, 4)
        and c.labels["style"].startswith(style)
        and c.labels["kind"] == "beat"
        and c.bars >= 4
    ]
    if not fitting:
        raise MissingDataError(
            f"groove: has no held-out beat in the style {style!r}; choose another"
        )
    return cut_loops([min(fitting, key=lambda c: abs(c.tempo - tempo))], bars=4)[0]


def add_drummer(made: Exhibit, title: str, clip: Clip, note: str) -> None:
    """Add a performance by a drummer of Groove."""
    player = clip.labels.get("drummer", "a drummer")
    made.add_clip(
        clip, title, note, f"{player}, Groove MIDI Dataset, Gillick and others, 2019, CC BY 4.0"
    )


def songs(seed: int) -> Exhibit:
    made = Exhibit(
        "songs",
        "MidiGPT: holes in songs",
        "A decoder-only transformer on REMI tokens that regenerates bars or tracks, given the "
        "music before and after them.",
        ['gpt = MidiGPT.from_pretrained("songs-gpt")'],
    )
    song, load_call, credit = _song()
    made.setup.append(f"song = {load_call}")
    names = {"gpt": MidiGPT.from_pretrained("songs-gpt"), "song": song}
    made.add_clip(song, "the original twelve bars", "Below, bars 5 to 8 are regenerated.", credit)
    if not credit.startswith("POP909"):
        made.missing = "A pop song of POP909 is missing: get it with python data_scripts/pop909.py."
    made.add_call(
        names,
        "bars 5 to 8 regenerated",
        lambda clip: (
            f"{_notes_in(clip, 4, 8)} notes; the song has {_notes_in(song, 4, 8)} there. Composers "
            "repeat motifs of the song, which this small model hardly does."
        ),
        "gpt",
        "inpaint",
        song,
        Region(bars=(4, 8)),
        seed=seed,
    )
    if "POP909" in credit:
        made.add_call(
            names,
            "only the voice of bars 5 to 8 regenerated",
            "All other tracks are unchanged. Does the melody fit their chords?",
            "gpt",
            "inpaint",
            song,
            Region(bars=(4, 8), tracks=[53]),
            seed=seed,
        )
    made.add_call(
        names,
        "four bars continued",
        "The continuation has no direction.",
        "gpt",
        "inpaint",
        song,
        Region(bars=(song.bars, song.bars + 4)),
        seed=seed,
    )
    return made


def _notes_in(clip: Clip, first: int, last: int) -> int:
    """Number of notes that begin in bars `first` to `last` (exclusive, from 0)."""
    begin, end = clip.bar_lines[[first, last]]
    return int(((clip.notes["time"] >= begin) & (clip.notes["time"] < end)).sum())


def _song() -> tuple[Clip, str, str]:
    """Twelve bars of a held-out pop song, the call that loads them, and their credit."""
    for name, credit in (
        ("pop909", "POP909, Wang and others, 2020, MIT"),
        ("builtin-songs", "the built-in corpus, generated by a grammar, MIT"),
    ):
        try:
            clip = load(name, split="test").clips[0]
        except MissingDataError:
            continue
        per_bar = 4 * clip.meter[0] / clip.meter[1]
        beats = per_bar * min(12, clip.bars)
        call = f'load("{name}", split="test")[0].excerpt(0, {beats:g})'
        return clip.excerpt(0, beats), call, credit
    raise MissingDataError("builtin-songs: is missing; reinstall the workbench")


def piano(seed: int) -> Exhibit:
    made = Exhibit(
        "piano",
        "DiffusionLM: all tokens of a piano piece at once",
        "Masked diffusion of 128 tokens, 32 notes: a network guesses hidden ones from the others.",
        ['piano = DiffusionLM.from_pretrained("piano-masked")'],
    )
    names = {"piano": DiffusionLM.from_pretrained("piano-masked")}
    requests: tuple[tuple[str, dict[str, str], str | Note], ...] = (
        ("busy, in G major", {"key": "G major", "density": "busy"}, _in_g),
        ("high", {"register": "high"}, _range),
        ("no control", {}, "Locally consistent, but without direction."),
    )
    for title, control, note in requests:
        made.add_call(names, title, note, "piano", "generate", control, seed=seed)
    try:
        song = load("openscore-lieder", split="test").clips[0]
    except MissingDataError:
        made.missing = "A song of the OpenScore Lieder Corpus is missing: see data_scripts."
        return made
    composer, title = song.labels.get("composer", ""), song.labels.get("title", "")
    made.add_clip(
        song.excerpt(0, 16),
        f"{title}, by a composer",
        "The first bars of a held-out song.",
        f"{composer}, OpenScore Lieder Corpus, CC0",
    )
    return made


def _in_g(clip: Clip) -> str:
    scale = np.isin(clip.notes["pitch"] % 12, (7, 9, 11, 0, 2, 4, 6))
    return f"Two controls at once: {scale.mean():.0%} of the notes belong to G major."


def _range(clip: Clip) -> str:
    low, high = int(clip.notes["pitch"].min()), int(clip.notes["pitch"].max())
    return f"Notes from {pitch_name(low)} to {pitch_name(high)}."


def measured(clip: Clip) -> dict[str, float]:
    """Length in s, level (RMS) and peak in dBFS, onsets per second, and the share of windows of
    50 ms below −60 dBFS. Onsets are the distinct note times of a score, or those that librosa
    detects in a sound."""
    rate = 16000
    sound = clip.waveform(rate, loop=False).mean(axis=0)
    window = rate // 20
    power = np.square(np.pad(sound, (0, -len(sound) % window)).reshape(-1, window)).mean(axis=1)
    if clip.has_score:
        onsets = len(np.unique(np.rint(clip.notes["time"] * 16)))
    else:
        import librosa

        onsets = len(librosa.onset.onset_detect(y=sound, sr=rate))
    return {
        "seconds": clip.duration,
        "level": 10 * float(np.log10(max(power.mean(), 1e-12))),
        "peak": 20 * float(np.log10(max(np.abs(sound).max(), 1e-6))),
        "onsets": onsets / clip.duration,
        "silent": float((power < 1e-6).mean()),
    }
