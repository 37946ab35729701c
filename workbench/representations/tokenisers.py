"""Ways to write a song as tokens, side by side: each takes a clip to tokens and back.

Notebook: `notebooks/02_tokenisation.ipynb`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.music.clip import Clip
from workbench.representations.mmm import MMM
from workbench.representations.pvd import PVD
from workbench.representations.remi import encode, own_signs
from workbench.representations.tokens import Vocabulary, song_config

BPE = 1024  # tokens of REMI with pieces
OTHERS = {"TSD": "TSD", "MIDI-Like": "MIDILike", "Structured": "Structured", "Octuple": "Octuple"}


@dataclass(frozen=True)
class Tokeniser:
    """name; size: of the vocabulary; round_trip: a clip → its number of tokens, it decoded."""

    name: str
    size: int
    round_trip: Callable[[Clip], tuple[int, Clip]]


def tokenisers(training: Sequence[Clip], bars: int = 0) -> list[Tokeniser]:
    """All of them; the pieces of byte-pair encoding are learned from the `training` clips.

    bars: how many the longest song has; Octuple numbers them, 256 at least, as in its paper.
    """
    base = Vocabulary()
    pieces = Vocabulary.train([encode(clip) for clip in training], BPE)
    found = [of_remi("REMI", base), of_remi("REMI + BPE", pieces)]
    found += [of_miditok(name, kind, max(bars, 256)) for name, kind in OTHERS.items()]
    found += [of_pvd("p/v/d with rhythm", PVD(True)), of_pvd("p/v/d", PVD(False))]
    mmm = MMM()

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = mmm.encode(clip)
        return len(ids), mmm.decode(ids, clip.tempo)

    return [*found, Tokeniser("MMM", mmm.size, trip)]


def of_remi(name: str, vocabulary: Vocabulary) -> Tokeniser:
    """REMI, as the workbench's MidiGPT reads and writes it."""
    from miditok import TokSequence

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = vocabulary.encode_song(encode(clip))
        base = TokSequence(ids=vocabulary.decode(ids).tolist())
        return len(ids), Clip(vocabulary.midi.decode(base))

    return Tokeniser(name, vocabulary.size, trip)


def of_miditok(name: str, kind: str, bars: int = 256) -> Tokeniser:
    """Another of MidiTok's tokenisers, configured as REMI is."""
    import miditok

    config = song_config()
    config.encode_ids_split = "no"
    if kind == "Octuple":  # numbers each bar; songs are cut after the last number
        config.additional_params["max_bar_embedding"] = bars
        config.use_note_duration_programs = list(range(-1, 128))  # it needs durations
    midi: Any = getattr(miditok, kind)(config)
    size = sum(map(len, midi.vocab)) if midi.is_multi_voc else len(midi.vocab)

    def trip(clip: Clip) -> tuple[int, Clip]:
        score = clip.score.copy()
        score.time_signatures = own_signs(score)  # MidiTok moves them
        tokens = midi.encode(score, encode_ids=False)
        parts = tokens if isinstance(tokens, list) else [tokens]
        return sum(np.size(part.ids) for part in parts), Clip(midi.decode(tokens))

    return Tokeniser(name, size, trip)


def of_pvd(name: str, words: PVD) -> Tokeniser:
    """The words of piano music."""

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = np.concatenate(words.words(clip))
        return len(ids), words.decode(ids, clip.tempo)

    return Tokeniser(name, words.size, trip)
