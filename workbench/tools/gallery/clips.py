"""What hangs in the gallery: clips of the systems, each with the call that made it.

Here those that write notes; those that draw sound are in `gallery_sound`.

Nothing is picked: each drawn clip is the first of the one seed. What people played stands beside
it where the data set is on this machine and its licence permits, else the built-in corpus, named as
such.
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
from workbench.systems.base import Region
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.midigpt import MidiGPT

SNARE, CRASH, RIDE = (DRUMS.index(code) for code in ("SD", "CR", "RD"))
QUIET = 40  # MIDI velocity below which a snare stroke counts as a ghost note


@dataclass(frozen=True)
class Piece:
    """One clip. call: the Python that made it, "" where people did; note: what to hear; credit:
    whose it is, with the licence, where it is not the machine's."""

    clip: Clip
    title: str
    note: str
    call: str = ""
    credit: str = ""


@dataclass
class Exhibit:
    """The clips of one system. setup: the Python before each call; missing: what of other people's
    is not here, and how to get it."""

    key: str
    title: str
    text: str
    setup: list[str]
    pieces: list[Piece] = field(default_factory=list)
    missing: str = ""

    def draw(
        self,
        names: dict[str, Any],
        title: str,
        note: str | Note,
        name: str,
        method: str,
        *given: Any,
        **named: Any,
    ) -> None:
        """Hang up what `names[name].method(…)` gives, the first clip of several."""
        made = getattr(names[name], method)(*given, **named)
        several = not isinstance(made, Clip)
        clip: Clip = made[0] if several else made

        def spelled(value: Any) -> str:
            return next((key for key, own in names.items() if own is value), repr(value))

        parts = [*map(spelled, given), *(f"{key}={spelled(v)}" for key, v in named.items())]
        call = f"{name}.{method}({', '.join(parts)})" + "[0]" * several
        said = note if isinstance(note, str) else note(clip)
        self.pieces.append(Piece(clip, title, said, call.replace("'", '"')))

    def show(self, clip: Clip, title: str, note: str, credit: str) -> None:
        """Hang up what people, or the grammar, made."""
        self.pieces.append(Piece(clip, title, note, credit=credit))


Note = Callable[[Clip], str]


def drums(seed: int) -> Exhibit:
    made = Exhibit(
        "drums",
        "DrumLDM: words to drum loops",
        "Diffusion in the latent of an autoencoder, steered by text. Two systems are shipped: one "
        "reads sentences with a BERT, one only its keywords.",
        [
            'bert = DrumLDM.from_pretrained("drums-groove-bert")',
            'keywords = DrumLDM.from_pretrained("drums-groove-keywords")',
        ],
    )
    names = {name: DrumLDM.from_pretrained(f"drums-groove-{name}") for name in ("bert", "keywords")}

    def ask(prompt: str, note: str | Note, name: str = "bert") -> None:
        title = prompt + " (by keywords)" * (name == "keywords")
        made.draw(names, title, note, name, "generate", prompt, bars=4, seed=seed)

    for name in names:
        ask("slow funk with ghost notes, 92 bpm", _ghosts, name)
    ask("busy jazz ride, 140 bpm", _rides)
    ask("fast rock, crash on the one, 160 bpm", _crashes)
    ask("drum fill, 120 bpm", "Fills are its weak side: they come out too much like beats.")
    ask("a waltz in three, 90 bpm", "It knows 4/4 only: the words ask for what it cannot generate.")
    try:
        for style, tempo in (("funk", 92), ("jazz", 140)):
            title = f"{style}, played by a person"
            hang_drummer(made, title, drummer(style, tempo), "Of a session kept out of training.")
    except MissingDataError:
        made.missing = "Drummers of Groove would play here: make data gets it."
    return made


def _voices(clip: Clip) -> np.ndarray:
    return read_lookup()[clip.notes["pitch"]]


def _ghosts(clip: Clip) -> str:
    snares = clip.notes["velocity"][_voices(clip) == SNARE]
    return (
        f"{int((snares < QUIET).sum())} of {len(snares)} snare hits are softer than velocity "
        f"{QUIET}: the ghost notes."
    )


def _rides(clip: Clip) -> str:
    return f"{int((_voices(clip) == RIDE).sum())} of {len(clip.notes)} hits are on the ride."


def _crashes(clip: Clip) -> str:
    times = clip.notes["time"][_voices(clip) == CRASH]
    ones = {round(time / 4) for time in times.tolist() if abs(time / 4 - round(time / 4)) < 0.03}
    heard = len(ones & set(range(clip.bars)))
    lost = ": details of a sentence are followed less than its style" if heard < clip.bars else ""
    return f"The one has a crash in {heard} of {clip.bars} bars{lost}."


def drummer(style: str, tempo: float) -> Clip:
    """Four bars of a held-out performance of Groove in this style, of the nearest tempo (BPM).
    MissingDataError where Groove is not on this machine."""
    fitting = [
        c
        for c in load("groove", split="test").clips
        if tuple(c.meter) == (4, 4)
        and c.labels["style"].startswith(style)
        and c.labels["kind"] == "beat"
        and c.bars >= 4
    ]
    if not fitting:
        raise MissingDataError(f"groove: no held-out beat in the style {style!r}; take another")
    return cut_loops([min(fitting, key=lambda c: abs(c.tempo - tempo))], bars=4)[0]


def hang_drummer(made: Exhibit, title: str, clip: Clip, note: str) -> None:
    """Hang up what a drummer of Groove played."""
    player = clip.labels.get("drummer", "a drummer")
    made.show(
        clip, title, note, f"{player}, Groove MIDI Dataset, Gillick and others, 2019, CC BY 4.0"
    )


def songs(seed: int) -> Exhibit:
    made = Exhibit(
        "songs",
        "MidiGPT: holes in songs",
        "A decoder-only transformer on REMI tokens that regenerates bars or tracks, with what is "
        "before and after in view.",
        ['gpt = MidiGPT.from_pretrained("songs-gpt")'],
    )
    song, load_call, credit = _song()
    made.setup.append(f"song = {load_call}")
    names = {"gpt": MidiGPT.from_pretrained("songs-gpt"), "song": song}
    made.show(song, "twelve bars as they are", "What is to be filled below: bars 5 to 8.", credit)
    if not credit.startswith("POP909"):
        made.missing = "A pop song would stand here: python data_scripts/pop909.py gets POP909."
    made.draw(
        names,
        "bars 5 to 8 regenerated",
        lambda clip: (
            f"{_notes_in(clip, 4, 8)} notes where the song has "
            f"{_notes_in(song, 4, 8)}. Real bars come back to the song's own figures, which this "
            "small model hardly does."
        ),
        "gpt",
        "inpaint",
        song,
        Region(bars=(4, 8)),
        seed=seed,
    )
    if "POP909" in credit:
        made.draw(
            names,
            "only the voice of bars 5 to 8 regenerated",
            "All other tracks are the song's own. Does the melody sit on their chords?",
            "gpt",
            "inpaint",
            song,
            Region(bars=(4, 8), tracks=[53]),
            seed=seed,
        )
    made.draw(
        names,
        "four bars more",
        "It goes on without knowing where to.",
        "gpt",
        "inpaint",
        song,
        Region(bars=(song.bars, song.bars + 4)),
        seed=seed,
    )
    return made


def _notes_in(clip: Clip, first: int, last: int) -> int:
    """Notes that begin in bars `first` to `last` (exclusive, from 0)."""
    begin, end = clip.bar_lines[[first, last]]
    return int(((clip.notes["time"] >= begin) & (clip.notes["time"] < end)).sum())


def _song() -> tuple[Clip, str, str]:
    """Twelve bars of a held-out pop song, the call that loads them, and whose they are."""
    for name, credit in (
        ("pop909", "POP909, Wang and others, 2020, MIT"),
        ("builtin-songs", "the built-in corpus, written by a grammar, MIT"),
    ):
        try:
            clip = load(name, split="test").clips[0]
        except MissingDataError:
            continue
        per_bar = 4 * clip.meter[0] / clip.meter[1]
        beats = per_bar * min(12, clip.bars)
        call = f'load("{name}", split="test")[0].excerpt(0, {beats:g})'
        return clip.excerpt(0, beats), call, credit
    raise MissingDataError("builtin-songs: is not there; the checkout is broken")


def piano(seed: int) -> Exhibit:
    made = Exhibit(
        "piano",
        "DiffusionLM: all words of a piano piece at once",
        "Diffusion over the embeddings of 128 words, about 35 notes, steered by small classifiers.",
        ['piano = DiffusionLM.from_pretrained("piano-diffusion")'],
    )
    names = {"piano": DiffusionLM.from_pretrained("piano-diffusion")}
    asked: tuple[tuple[str, dict[str, str], str | Note], ...] = (
        ("busy, in G major", {"key": "G major", "density": "busy"}, _in_g),
        ("high", {"register": "high"}, _range),
        ("nothing asked", {}, "The words fit together, the music wanders."),
    )
    for title, control, note in asked:
        made.draw(names, title, note, "piano", "generate", control, seed=seed)
    try:
        song = load("openscore-lieder", split="test").clips[0]
    except MissingDataError:
        made.missing = "A song of the OpenScore Lieder Corpus would stand here: see data_scripts."
        return made
    composer, title = song.labels.get("composer", ""), song.labels.get("title", "")
    made.show(
        song.excerpt(0, 16),
        f"{title}, written by a person",
        "The first bars of a held-out song.",
        f"{composer}, OpenScore Lieder Corpus, CC0",
    )
    return made


def _in_g(clip: Clip) -> str:
    scale = np.isin(clip.notes["pitch"] % 12, (7, 9, 11, 0, 2, 4, 6))
    return f"Two wishes at once: {scale.mean():.0%} of the notes are of G major."


def _range(clip: Clip) -> str:
    low, high = int(clip.notes["pitch"].min()), int(clip.notes["pitch"].max())
    return f"From {pitch_name(low)} up to {pitch_name(high)}."


def measured(clip: Clip) -> dict[str, float]:
    """Length in s, level (RMS) and peak in dB of full scale, onsets a second, and the share of
    windows of 50 ms below −60 dB. Onsets: of a score its different times of notes, of sound what
    librosa finds."""
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
