"""Tokenisations of songs with one interface: each encodes a clip as tokens and decodes them.

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

BPE = 1024  # vocabulary of REMI with byte-pair encoding
OTHERS = {"TSD": "TSD", "MIDI-Like": "MIDILike", "Structured": "Structured", "Octuple": "Octuple"}


@dataclass(frozen=True)
class Tokeniser:
    """A tokenisation. `size` is that of the vocabulary; `round_trip` returns the number of tokens
    of a clip, and the clip decoded from them."""

    name: str
    size: int
    round_trip: Callable[[Clip], tuple[int, Clip]]


def tokenisers(training: Sequence[Clip], bars: int = 0) -> list[Tokeniser]:
    """Return all tokenisations.

    Args:
        training: Clips from which byte-pair encoding is learned.
        bars: Number of bars of the longest song. Octuple numbers bars; it has at least 256 numbers,
            as in its paper.
    """
    base = Vocabulary()
    pieces = Vocabulary.train([encode(clip) for clip in training], BPE)
    result = [of_remi("REMI", base), of_remi("REMI + BPE", pieces)]
    result += [of_miditok(name, kind, max(bars, 256)) for name, kind in OTHERS.items()]
    result += [of_pvd("p/v/d with rhythm", PVD(True)), of_pvd("p/v/d", PVD(False))]
    mmm = MMM()

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = mmm.encode(clip)
        return len(ids), mmm.decode(ids, clip.tempo)

    return [*result, Tokeniser("MMM", mmm.size, trip)]


def of_remi(name: str, vocabulary: Vocabulary) -> Tokeniser:
    """Return REMI as MidiGPT uses it."""
    from miditok import TokSequence

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = vocabulary.encode_song(encode(clip))
        base = TokSequence(ids=vocabulary.decode(ids).tolist())
        return len(ids), Clip(vocabulary.midi.decode(base))

    return Tokeniser(name, vocabulary.size, trip)


def of_miditok(name: str, kind: str, bars: int = 256) -> Tokeniser:
    """Return another tokeniser of MidiTok, with the configuration of REMI."""
    import miditok

    config = song_config()
    config.encode_ids_split = "no"
    if kind == "Octuple":  # Octuple numbers each bar and cuts a song after the last number
        config.additional_params["max_bar_embedding"] = bars
        config.use_note_duration_programs = list(range(-1, 128))  # Octuple needs durations
    midi: Any = getattr(miditok, kind)(config)
    size = sum(map(len, midi.vocab)) if midi.is_multi_voc else len(midi.vocab)

    def trip(clip: Clip) -> tuple[int, Clip]:
        score = clip.score.copy()
        score.time_signatures = own_signs(score)  # MidiTok changes them
        tokens = midi.encode(score, encode_ids=False)
        parts = tokens if isinstance(tokens, list) else [tokens]
        return sum(np.size(part.ids) for part in parts), Clip(midi.decode(tokens))

    return Tokeniser(name, size, trip)


def of_pvd(name: str, words: PVD) -> Tokeniser:
    """Return the p/v/d encoding of piano music."""

    def trip(clip: Clip) -> tuple[int, Clip]:
        ids = np.concatenate(words.words(clip))
        return len(ids), words.decode(ids, clip.tempo)

    return Tokeniser(name, words.size, trip)
