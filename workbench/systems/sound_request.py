"""What a request for sound asks: the tempo and metre of its prompt, its words, and its length."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.arguments import number, shown
from workbench.datasets.keywords import tokens, unknown_words
from workbench.datasets.phrases import joined
from workbench.errors import PromptError
from workbench.music.timeline import check_meter, meter_names
from workbench.representations.drum_chart import bar_steps
from workbench.systems.diffusion_lm.request import keys_in
from workbench.systems.drum_ldm.counts import PATTERN, pattern_word
from workbench.systems.drum_ldm.exclusions import excluded_in, without_excluded
from workbench.systems.drum_ldm.items import MOST_BARS, Scan, beats_name, length_name, seconds_name
from workbench.systems.drum_ldm.lexicon import figure_of, lexicon
from workbench.systems.drum_ldm.request import meter_of
from workbench.systems.drum_ldm.scanning import LONGEST_TEXT, scan
from workbench.systems.drum_ldm.words import GRID
from workbench.systems.prompts import PromptReading, guess_of, instrument_words
from workbench.systems.sampling import checked
from workbench.systems.sound_class import (
    amounts_in,
    class_of,
    lacks,
    misspelt,
    nearest,
    other_sounds,
    plain_text,
    wanted_words,
)
from workbench.systems.sound_tempo import (
    changes_in,
    tempo_in_words,
    vague_lengths,
    without_relative,
)

LONGEST = 600  # seconds
_SMALL = ("please", "nothing", "else", "than", "that", "this", "clip", "piece")  # name no sound
_ARTICLE = 3  # letters at most of a word that the lexicon skips and that cannot name a sound
_SHOWN = 20  # characters at most of a prompt that is quoted
_NO_WORDS = "neither words nor figures, so the prompt is read as an empty one"
_NO_TEMPO = "without a tempo: name one, such as 120 bpm"


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
    if meter is not None:
        meter = check_meter(meter)
        bar_steps(meter)
    read = _read_timing(prompt, checked(tempo=tempo)["tempo"], meter)
    if seconds is None and bars is None:
        bars, usual = read.bars, read.seconds or usual
    for name, value in (("bars", bars), ("meter", meter)):
        if read.tempo is None and value is not None:
            raise PromptError(f"{name}: needs a tempo; give tempo, or name it: “rock, 120 bpm”")
    if read.tempo is None:
        return Timing(length_of(usual if seconds is None else seconds), loop=loop)
    if seconds is not None and loop:
        raise PromptError("seconds: a loop with a tempo lasts whole bars; give bars instead")
    if seconds is not None:
        return Timing(length_of(seconds), read.tempo, read.meter)
    bar = _bar_seconds(read.tempo, read.meter)
    bars = max(1, round(usual / bar)) if bars is None else checked(bars=bars)["bars"]
    if bars * bar > LONGEST:
        raise PromptError(f"bars: must last at most {LONGEST} s, got {bars} of {bar:g} s")
    return Timing(bars * bar, read.tempo, read.meter, bars, loop)


def _bar_seconds(tempo: float, meter: tuple[int, int]) -> float:
    return 240 * meter[0] / meter[1] / tempo


def length_of(seconds: float) -> float:
    """Return a length in seconds; raise PromptError unless it is above 0 and at most 600."""
    seconds = number(seconds, "seconds")
    if not 0 < seconds <= LONGEST:
        raise PromptError(f"seconds: must be above 0 and at most {LONGEST}, got {seconds:g}")
    return seconds


@dataclass
class _TimingReading:
    """Tempo, metre and length of a prompt.

    Args:
        scanned: What stands in the prompt.
        tempo: Tempo in BPM; None without one.
        meter: Metre.
        named: The tempo that the prompt itself names.
        bars: Length in bars; None if none is named.
        seconds: Length in seconds, where a prompt without a tempo names it.
        understood: Statements of what the system does.
        refused: What cannot be done, with the reason.
    """

    scanned: Scan
    tempo: float | None
    meter: tuple[int, int]
    named: float | None = None
    bars: int | None = None
    seconds: float | None = None
    understood: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def _read_timing(prompt: str, tempo: float | None, meter: tuple[int, int] | None) -> _TimingReading:
    """Read tempo, metre and length of a prompt. tempo, meter: those that are given; None for those
    of the prompt."""
    prompt, relative = without_relative(prompt)
    scanned = scan(prompt, 1)
    worded, words, others = tempo_in_words(scanned)
    if tempo is not None:
        scanned.tempo_refused, scanned.statements, words, others, relative = [], [], [], [], []
    meter, other_metres, refused = meter_of(scanned, meter)
    read = _TimingReading(
        scanned,
        next((bpm for bpm in (tempo, scanned.tempo, worded) if bpm is not None), None),
        meter,
        named=worded if scanned.tempo is None else scanned.tempo,
        refused=[*scanned.unplayed, *others, *relative, *changes_in(scanned), *refused],
    )
    if read.tempo is not None:
        read.understood = [f"tempo {read.tempo:g} BPM", meter_names([meter])]
        read.understood += [*words, *scanned.statements]
    elif meter != (4, 4):
        read.refused.append(f"{meter_names([meter])} {_NO_TEMPO}")
    read.understood += other_metres
    read.refused += vague_lengths(prompt)
    lengths = _lengths(read)
    if len(lengths) > 1 and (read.tempo is None or len({round(n) for n in lengths.values()}) > 1):
        read.refused.append(f"{joined([*lengths])}: a clip has one length")
    elif lengths:
        _read_length(*next(iter(lengths.items())), read)
    return read


def _lengths(read: _TimingReading) -> dict[str, float]:
    """Return the lengths that a prompt names, with their numbers of bars."""
    scanned, bar = read.scanned, _bar_seconds(read.tempo or 120, read.meter)
    return {
        **{length_name(bars): bars for bars in scanned.bars},
        **{beats_name(beats): beats / read.meter[0] for beats in scanned.beats},
        **{seconds_name(seconds): seconds / bar for seconds in scanned.seconds},
    }


def _read_length(name: str, in_bars: float, read: _TimingReading) -> None:
    """Read the length of a prompt: bars, beats that are whole bars, or seconds, which become the
    nearest number of bars where there is a tempo. in_bars: the same length in bars."""
    scanned, bars, about = read.scanned, 0, ""
    if scanned.seconds and not (scanned.bars or scanned.beats):
        seconds = scanned.seconds[0]
        if not 0 < seconds <= LONGEST:
            read.refused.append(f"{name}: a length is above 0 and at most {LONGEST} seconds")
            return
        if read.tempo is None:
            read.seconds = seconds
            read.understood.append(name)
            return
        bars, about = max(1, round(in_bars)), f" (nearest to {name})"
    elif read.tempo is None:
        read.refused.append(f"{name} {_NO_TEMPO}")
        return
    elif scanned.bars:
        bars = scanned.bars[0]
    else:
        bars, rest = divmod(scanned.beats[0], read.meter[0])
        if rest:
            read.refused.append(f"{name}: only whole bars of {read.meter[0]} beats are generated")
            return
    if bars > MOST_BARS:
        read.refused.append(f"{name} are {bars} bars: a length is from 1 to {MOST_BARS} bars")
        return
    read.bars = bars
    read.understood.append(f"{length_name(bars)}{about}")


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
    if not plain_text(prompt):
        return _without_words(prompt)
    read = _read_timing(prompt, None if tempo is None else number(tempo, "tempo"), meter)
    understood, refused = read.understood, read.refused
    if (kind := class_of(prompt, classes)) is not None:
        understood.insert(0, kind)
    for part in excluded_in(plain_text(prompt)):
        if lacks(kind, part):
            understood.append(part)
        else:
            refused.append(_kept(part, prompt, classes))
    refused += _impossible(prompt, kind, classes)
    rest = without_excluded(read.scanned.rest)
    said = {word for reason in [*understood, *refused] for word in tokens(_quoted(reason))}
    unknown = [
        word
        for word in unknown_words(rest, vocabulary)
        if not (_is_small(word) or word in said or GRID.fullmatch(word))
    ]
    if kind is not None:
        unknown = [word for word in unknown if class_of(word, classes) != kind]
        understood += [f"read “{word}” as “{meant}”" for word, meant in misspelt(prompt).items()]
    if not vocabulary:
        unknown = []
    messages = [f"Understood: {', '.join(understood)}."] if understood else []
    if classes and kind is None:
        messages.append(f"{_unnamed(unknown)}: it may be any of {', '.join(classes)}.")
    if unknown:
        near = {word: meant for word in unknown if (meant := nearest(word, vocabulary))}
        messages.append(guess_of(unknown, near))
    messages += [f"Not possible: {reason}." for reason in refused]
    return PromptReading(
        prompt, read.named, (), tuple(unknown), tuple(messages), tuple(understood), tuple(refused)
    )


def _without_words(prompt: str) -> PromptReading:
    """Return the reading of a prompt that is empty or holds only signs, such as emoji."""
    refused = [f"“{prompt.strip()[:_SHOWN]}”: {_NO_WORDS}"] if prompt.strip() else []
    messages = tuple(f"Not possible: {reason}." for reason in refused)
    return PromptReading(prompt, None, (), (), messages, refused=tuple(refused))


def _impossible(prompt: str, kind: str | None, classes: Collection[str]) -> list[str]:
    """Return what a prompt asks that no system for sound can do, with the reasons."""
    refused = []
    if kind is not None and (others := other_sounds(prompt, kind, classes)):
        named = joined([f"“{word}”" for word in others])
        refused.append(f"{named}: a clip has one kind of sound, {kind}")
    if len(prompt) > LONGEST_TEXT:
        refused.append(f"only the first {LONGEST_TEXT} characters of a prompt are read")
    refused += [f"“{part}”: the key cannot be set" for part in keys_in(prompt)]
    for pattern in PATTERN.finditer(prompt):
        if pattern_word(pattern) != pattern[0]:
            refused.append(f"“{pattern[0]}”: the places of hits cannot be set")
    for part in amounts_in(prompt):
        refused.append(f"“{part}”: how much of a sound is heard cannot be set")
    return refused


def _unnamed(unknown: Sequence[str]) -> str:
    """Return the statement that no kind of sound is named, or that instruments are none."""
    named = [f"“{word}”" for word in unknown if word.removesuffix("s") in instrument_words()]
    if not named:
        return "No kind of sound is named"
    verb = "is" if len(named) == 1 else "are"
    return f"{joined(named)} {verb} not among the kinds of sound"


def _kept(part: str, prompt: str, classes: Collection[str]) -> str:
    """Return what happens to a part of a prompt, such as "no drums", that a network cannot exclude,
    and which classes have none of it."""
    words = wanted_words(prompt)
    read_as = f"as “{words}”" if words else "as an empty one"
    reason = f"“{part}”: nothing can be left out for certain, so the prompt is read {read_as}"
    free = [name for name in classes if lacks(name, part)]
    return f"{reason}; kinds of sound that never have it: {', '.join(free)}" if free else reason


def _quoted(reason: str) -> str:
    """Return the part of a prompt that a statement quotes, "" if there is none."""
    return " ".join(re.findall("“([^”]*)”", reason.partition(":")[0])).lower()


def _is_small(word: str) -> bool:
    """Whether a word is a number, or belongs to the grammar of requests: "four", "bars", "then",
    "please"."""
    entry, _ = lexicon().find([figure_of(word)])
    role, short = "" if entry is None else entry.role, len(word) <= _ARTICLE
    small = role not in ("", "drums", "groove") or word in _SMALL
    small = small or (entry is not None and entry.has("skip") and short)
    return small or figure_of(word)[0].isdecimal()
