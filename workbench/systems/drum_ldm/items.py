"""What stands in a request for a drum loop: things, places, and the words between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from workbench.datasets.phrases import joined
from workbench.music.timeline import meter_names
from workbench.representations.drum_chart import METERS
from workbench.systems.drum_ldm.lexicon import Entry

EVENTS = ("fill", "stop", "silence")  # effects that take a bar
MOST_BARS = 64  # of a length
EXCLUDING = ("not", "instead", "except", "allbut", "swap")  # roles before what is excluded
_STEP_NAMES = {
    "beat": "every beat",
    "offbeat": "the off-beats",
    "e": "the e of each beat",
    "a": "the a of each beat",
    "eighth": "eighths",
    "sixteenth": "sixteenths",
    "last": "the last beat",
}


@dataclass(frozen=True)
class Thing:
    """Something with a meaning, as it was written."""

    entry: Entry
    text: str


@dataclass(frozen=True)
class Role:
    """A word of the grammar: not, only, with, and …; number: how many, of "count"."""

    name: str
    number: int = 0


@dataclass(frozen=True)
class Steps:
    """Places in the bar: counts such as "2" and "4&", names such as "offbeat", or a pattern such as
    "x..x..x.". count: figures of the metre, as a user writes them; otherwise in the notation of the
    lexicon."""

    names: tuple[str, ...]
    count: bool = False

    def holds(self, other: Steps) -> bool:
        """Whether the other places are, by their names, among these."""
        return bool({"beat", "eighth", "sixteenth"} & {*self.names}) or {*other.names} <= {
            *self.names
        }


@dataclass(frozen=True)
class Bars:
    """Places in the loop: bars from 0. every: the distance between them, 0 if irregular; until:
    whether the last one is where something else begins; before: whether they are those before a
    bar; heading: whether they hold for what follows, as in "bar 1: kick, snare"; fills: whether
    they are those of the fills; opening: whether a first section may be meant, as by "at first";
    span: whether they say how long something lasts, as in "for bar 4"; halfway: whether a change
    may be meant that lasts to the end."""

    indices: tuple[int, ...]
    name: str
    every: int = 0
    until: bool = False
    before: bool = False
    heading: bool = False
    fills: bool = False
    opening: bool = False
    span: bool = False
    halfway: bool = False


@dataclass(frozen=True)
class Length:
    """A number of bars that is named as a length; span: as that of what stands before it, as in
    "no snare for 4 bars"."""

    bars: int
    span: bool = False


@dataclass(frozen=True)
class Form:
    """A plan of bars, such as "AABA"."""

    letters: str


@dataclass(frozen=True)
class Break:
    """Where a clause ends; full: where a sentence ends; strong: where a new section of the loop
    begins."""

    strong: bool = False
    full: bool = False


Item = Thing | Role | Steps | Bars | Length | Form | Break


@dataclass
class Scan:
    """What stands in a text: items in order, tempo, metre and length, and what cannot be read. A
    metre in figures is one; one in words, such as "two-beat", may name a style. rest: the text
    without its tempo and its lengths in seconds and beats."""

    items: list[Item] = field(default_factory=list)
    rest: str = ""
    tempo: float | None = None
    tempo_bounds: tuple[float, float] | None = None
    tempo_refused: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    beats: list[int] = field(default_factory=list)
    figure_meters: list[tuple[int, int]] = field(default_factory=list)
    other_meters: list[tuple[int, int]] = field(default_factory=list)
    other_lengths: list[str] = field(default_factory=list)
    word_meters: list[tuple[int, int]] = field(default_factory=list)
    excluded_meters: list[tuple[int, int]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)

    @property
    def meters(self) -> list[tuple[int, int]]:
        """The metres that are named, those in figures first."""
        return self.figure_meters + self.word_meters

    @property
    def unplayed(self) -> list[str]:
        """Refusals of metres that are not among METERS, of lengths that are out of range or not in
        whole bars, and of tempi."""
        known = meter_names(METERS)
        return [
            *(f"{top}/{bottom}: the metres are {known}" for top, bottom in self.other_meters),
            *(
                f"{bars} bars: a length is a whole number of bars from 1 to {MOST_BARS}"
                for bars in self.other_lengths
            ),
            *self.tempo_refused,
        ]

    @property
    def bars(self) -> list[int]:
        """The lengths in bars that are named."""
        return [item.bars for item in self.items if isinstance(item, Length)]

    @property
    def other_units(self) -> list[str]:
        """The lengths in seconds and in beats that are named, as texts."""
        return [*map(seconds_name, self.seconds), *map(beats_name, self.beats)]


@dataclass(frozen=True)
class Group:
    """Things that share an amount, a negation and a place.

    Args:
        things: What is named.
        negative: Whether it is excluded.
        only: "drums" if nothing else is wanted, "places" if nothing at other places, or "".
        amount: "many", "few", "less", "some" or "".
        degree: 1 for "very", −1 for "slightly", otherwise 0.
        volume: How loud its drums are, if others may be louder or softer.
        count: How many are wanted, of fills and crashes; 0 if that is not said.
        steps: Places in the bar.
        bars: Places in the loop.
        but_steps: Places in the bar that are excepted.
        but_bars: Places in the loop that are excepted.
        without: Drums that are excepted.
        others: Drums that "only" does not exclude, beside its own.
        part: "starts" or "ends" if the loop does so with these things.
        change: "enters" or "leaves" for drums that come or go.
        joined: Whether something stands before it in its sentence.
        whole: Whether a fill is the whole loop.
    """

    things: tuple[Thing, ...] = ()
    negative: bool = False
    only: str = ""
    amount: str = ""
    degree: int = 0
    volume: Thing | None = None
    count: int = 0
    steps: Steps | None = None
    bars: Bars | None = None
    but_steps: Steps | None = None
    but_bars: Bars | None = None
    without: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    part: str = ""
    change: str = ""
    joined: bool = False
    whole: bool = False

    @property
    def placed(self) -> bool:
        """Whether a place is named."""
        return self.steps is not None or self.bars is not None

    def plural(self, kind: str) -> bool:
        """Whether a thing of this kind is named in the plural."""
        return any(t.entry.has(kind) and t.text.rstrip("'’").endswith("s") for t in self.things)


def length_name(bars: int) -> str:
    """Name a length: "1 bar", "4 bars"."""
    return "1 bar" if bars == 1 else f"{bars} bars"


def beats_name(beats: int) -> str:
    """Name a length in beats: "16 beats"."""
    return f"{beats} beats"


def seconds_name(seconds: float) -> str:
    """Name a length in seconds: "1 second", "2.5 seconds"."""
    return f"{seconds:g} second{'' if seconds == 1 else 's'}"


def bars_name(numbers: Sequence[int]) -> str:
    """Name bars, counted from 1: "bar 4", "bars 1 to 4", "bars 4 and 8"."""
    if len(numbers) == 1:
        return f"bar {numbers[0]}"
    if len(numbers) > 2 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"bars {numbers[0]} to {numbers[-1]}"
    return f"bars {joined([str(number) for number in numbers])}"


def form_plan(letters: str, bars: int) -> str:
    """The letter of each bar of a form: repeated to the end; two letters are two halves."""
    if len(letters) == 2:
        letters = "".join(letter * max(1, bars // 2) for letter in letters)
    return (letters * (bars // len(letters) + 1))[:bars]


def steps_name(steps: Steps) -> str:
    """Name places: "beats 2 and 4", "the off-beats"."""
    named = [_STEP_NAMES[name] for name in steps.names if name in _STEP_NAMES]
    named += [f"the last {n[4:]} beats" for n in steps.names if n[:4] == "last" and n[4:]]
    named += [f"{n[4:]} places of each bar" for n in steps.names if n[:4] == "even"]
    named += [f"the pattern {name}" for name in steps.names if is_pattern(name)]
    counts = [n for n in steps.names if n not in _STEP_NAMES and n[0].isdecimal()]
    plain = [name for name in counts if name.isdecimal()]
    if plain:
        named.append(f"{'beat' if len(plain) == 1 else 'beats'} {joined(plain)}")
    named += [
        f"the {name.lstrip('0123456789')} of {name[:-1]}" for name in counts if name not in plain
    ]
    return joined(named)


def is_pattern(name: str) -> bool:
    """Whether the name of a place is a pattern, such as "x..x..x."."""
    return name[0] in "x."


def is_drum(item: Item | None) -> bool:
    """Whether there is an item that names drums."""
    return isinstance(item, Thing) and item.entry.has("drum")


def codes_of(item: Item | None) -> tuple[str, ...]:
    """The drums that an item names."""
    if not isinstance(item, Thing):
        return ()
    return tuple(code for codes in item.entry.of("drum") for code in codes)


def takes_steps(item: Item | None) -> bool:
    """Whether an item may have places in the bar: drums, strokes such as ghost notes, stops."""
    return isinstance(item, Thing) and item.entry.has("drum", "at", "refuse", "stop")
