"""What a request for sound asks: the tempo and metre of its prompt, its words, and its length."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.arguments import number, shown
from workbench.datasets.keywords import unknown_words
from workbench.errors import PromptError
from workbench.music.timeline import check_meter
from workbench.representations.drum_chart import bar_steps
from workbench.systems.drum_ldm.items import MOST_BARS, Scan, length_name
from workbench.systems.drum_ldm.lexicon import lexicon
from workbench.systems.drum_ldm.request import read_request
from workbench.systems.drum_ldm.scanning import LONGEST_TEXT, scan
from workbench.systems.drum_ldm.tempi import take_tempo
from workbench.systems.prompts import PromptReading, excluded_in, guess_of, plain_words
from workbench.systems.sampling import checked
from workbench.systems.sound_class import class_of, lacks

LONGEST = 600  # seconds


@dataclass(frozen=True)
class Timing:
    """Length and beat of a sound.

    Args:
        seconds: Length in seconds.
        tempo: Tempo in BPM, in quarter notes; None for a sound without a given beat.
        meter: Metre.
        bars: Length in bars; None for a length that is given in seconds.
        loop: Whether the end continues at the start.
    """

    seconds: float
    tempo: float | None = None
    meter: tuple[int, int] = (4, 4)
    bars: int | None = None
    loop: bool = False

    def samples(self, rate: int) -> int:
        """Return the length in samples at a rate in Hz."""
        return max(1, round(self.seconds * rate))

    @property
    def quarters(self) -> float | None:
        """Length in quarter notes; None without a tempo."""
        if self.tempo is None:
            return None
        if self.bars is None:
            return self.seconds * self.tempo / 60
        return self.bars * 4 * self.meter[0] / self.meter[1]

    def asked(self) -> dict[str, Any]:
        """Return the entries of a clip's provenance."""
        known = self.tempo is not None
        return {
            "seconds": self.seconds if self.bars is None else None,
            "bars": self.bars,
            "tempo": self.tempo,
            "meter": f"{self.meter[0]}/{self.meter[1]}" if known else None,
            "loop": self.loop or None,
        }


def timing_of(
    prompt: str,
    usual: float,
    *,
    seconds: float | None,
    tempo: float | None,
    meter: tuple[int, int] | None,
    bars: int | None,
    loop: bool,
) -> Timing:
    """Return length and beat of a request; tempo and metre are read from the prompt where they are
    not given.

    Args:
        prompt: The prompt.
        usual: Length in seconds where none is given. With a tempo, it is rounded to whole bars.
        seconds: Length in seconds.
        tempo: Tempo in BPM.
        meter: Metre, one of METERS.
        bars: Length in bars.
        loop: Whether the end is to continue at the start.

    Raises:
        PromptError: If a value is out of range, or does not fit the others.
    """
    if not isinstance(loop, bool | np.bool_):
        raise PromptError(f"loop: must be True or False, got {shown(loop)}")
    loop = bool(loop)
    if seconds is not None and bars is not None:
        raise PromptError("seconds: the length is set by bars; give only one of them")
    tempo = checked(tempo=tempo)["tempo"] or tempo_in(prompt)
    if tempo is not None and seconds is None and bars is None:
        bars = scan(prompt, MOST_BARS).length
    if meter is not None:
        meter = check_meter(meter)
        bar_steps(meter)
    for name, value in (("bars", bars), ("meter", meter)):
        if tempo is None and value is not None:
            raise PromptError(f"{name}: needs a tempo; give tempo, or name it: “rock, 120 bpm”")
    if tempo is None:
        return Timing(length_of(usual if seconds is None else seconds), loop=loop)
    if seconds is not None and loop:
        raise PromptError("seconds: a loop with a tempo lasts whole bars; give bars instead")
    meter = meter or read_request(prompt, 1).meter
    if seconds is not None:
        return Timing(length_of(seconds), tempo, meter)
    bar = 240 * meter[0] / meter[1] / tempo
    bars = max(1, round(usual / bar)) if bars is None else checked(bars=bars)["bars"]
    if bars * bar > LONGEST:
        raise PromptError(f"bars: must last at most {LONGEST} s, got {bars} of {bar:g} s")
    return Timing(bars * bar, tempo, meter, bars, loop)


def length_of(seconds: float) -> float:
    """Return a length in seconds; raise PromptError unless it is above 0 and at most 600."""
    seconds = number(seconds, "seconds")
    if not 0 < seconds <= LONGEST:
        raise PromptError(f"seconds: must be above 0 and at most {LONGEST}, got {seconds:g}")
    return seconds


def tempo_in(prompt: str) -> float | None:
    """Return the tempo in BPM that a prompt names."""
    result = Scan()
    take_tempo(plain_words(prompt[:LONGEST_TEXT]), result)
    return result.tempo


def read_sound_prompt(
    prompt: str,
    vocabulary: Collection[str],
    meter: tuple[int, int] | None = None,
    tempo: float | None = None,
    classes: Collection[str] = (),
) -> PromptReading:
    """Read a prompt for a system that generates sound.

    Args:
        prompt: Any text.
        vocabulary: Words of the training captions; empty if they are not known.
        meter: Metre of the clip; None for the one of the prompt.
        tempo: Tempo of the clip in BPM, whatever the prompt names; None for the one of the prompt.
        classes: The classes of sound that the system has (see `sound_class`).

    Returns:
        The reading. A tempo, a metre and a class are followed; other words go to the text encoder,
        which guesses where they are in no caption.
    """
    words = plain_words(prompt[:LONGEST_TEXT])
    if not words:
        return PromptReading(prompt, None, (), (), ())
    scanned, drummed = Scan(), scan(prompt, MOST_BARS)
    rest = take_tempo(words, scanned)
    meter = meter or read_request(prompt, 1).meter
    refused, understood = list[str](), list[str]()
    if (kind := class_of(prompt, classes)) is not None:
        understood.append(kind)
    if tempo is None:
        tempo, refused = scanned.tempo, list(scanned.refused)
    else:
        tempo = number(tempo, "tempo")
    named, bars = f"{meter[0]}/{meter[1]}", drummed.length
    if tempo is not None:
        understood += [f"tempo {tempo:g} BPM", named, *([length_name(bars)] if bars else [])]
    else:
        if bars:
            refused.append(f"{length_name(bars)} without a tempo: name one, such as 120 bpm")
        if meter != (4, 4):
            refused.append(f"{named} without a tempo: name one, such as 120 bpm")
        refused += [f"{limit}: name one tempo" for limit in scanned.statements]
    refused += drummed.unplayed
    for part in excluded_in(words):
        if lacks(kind, part):
            understood.append(part)
            continue
        refused.append(f"“{part}”: words cannot exclude anything; leave them out")
    unknown = unknown_words(rest, {*vocabulary, "no", "not", "without"}) if vocabulary else []
    if kind is not None:
        unknown = [word for word in unknown if class_of(word, classes) != kind]
    if bars:
        unknown = [word for word in unknown if not _is_bar(word)]
    messages = [f"Understood: {', '.join(understood)}."] if understood else []
    if classes and kind is None:
        messages.append(f"No kind of sound is named: it may be any of {', '.join(classes)}.")
    if unknown:
        messages.append(guess_of(unknown))
    messages += [f"Not possible: {reason}." for reason in refused]
    return PromptReading(
        prompt,
        scanned.tempo,
        (),
        tuple(unknown),
        tuple(messages),
        tuple(understood),
        tuple(refused),
    )


def _is_bar(word: str) -> bool:
    entry = lexicon().entries.get(word)
    return entry is not None and entry.role == "bar"
