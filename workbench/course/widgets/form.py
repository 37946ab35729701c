"""The fields of a form, numbers and choices: their values from Python and from the page, and a
message where a value is not allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import traitlets as t

from workbench.arguments import LARGEST_SEED, choice, number, seed_of, whole
from workbench.course.widgets.base import MusicWidget
from workbench.datasets.keywords import TEMPO_LIMITS
from workbench.representations.drum_chart import ALPHABET, METERS

if TYPE_CHECKING:
    from workbench.systems.system import System

MOST_BARS = 64  # if the system has no limit of its own
EXACT = 2**53  # JavaScript's numbers are exact up to here


@dataclass(frozen=True)
class Field:
    """A number from `low` to `high`, one of `choices`, or a text of `letters`.

    default None: may be left blank. blank: what is shown then. values: what the choices stand for,
    if it is not their names.
    """

    name: str
    label: str
    low: float = 0
    high: float = 0
    default: float | None = None
    whole: bool = True
    step: float = 1
    choices: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    letters: str = ""
    blank: str = ""

    def shown(self, value: Any) -> Any:
        """A number from Python as the page shows it; text unchanged. Raises PromptError."""
        if self.values and value in self.values:
            return self.choices[self.values.index(value)]
        if value is None or isinstance(value, str) or self.choices or self.letters:
            return None if value is False else value
        if self.high == LARGEST_SEED:
            plain: float = seed_of(value, self.name)
        else:
            plain = (whole if self.whole else number)(value, self.name, self.low, self.high)
        return str(plain) if self.whole and abs(plain) > EXACT else plain


SEED = Field("seed", "Seed", 0, LARGEST_SEED, 0)
_METERS = sorted(METERS, key=lambda meter: meter[::-1])
METER_NAMES = tuple(f"{top}/{bottom}" for top, bottom in _METERS)
METER = Field("meter", "Metre", choices=METER_NAMES, values=tuple(_METERS), blank="from prompt")
LOOP = Field("loop", "Loop", choices=("yes",), values=(True,), blank="no")
FORM = Field("form", "Form, such as AAAB", letters=ALPHABET, blank="auto")
STEADY = Field("steady", "Steady (0 to 1)", 0, 1, None, whole=False, step=0.1, blank="auto")


def fields_of(system: System, verb: str, count: Field, **starts: float) -> tuple[Field, ...]:
    """A field for each number, choice and form that a verb of the system takes, with the system's
    own default. A system of drums has form, steadiness and a choice of metres if it follows a drum
    chart.

    count: the field for the number of clips. starts: initial values by name, where they differ
    from the defaults.
    """
    given = system.settings(verb)
    most_bars = getattr(system.config, "bars", MOST_BARS)
    genres = tuple(getattr(system.config, "genres", ()))
    charted = (FORM, STEADY) if getattr(system.config, "chart", False) else ()
    metres = (METER,) if getattr(system.config, "chart", True) else ()
    known = (
        *([Field("genre", "Genre", choices=genres, blank="any")] if genres else []),
        Field("bars", "Bars", 1, most_bars, None, blank="" if given.get("bars") else "auto"),
        Field("seconds", "Seconds", 0.1, 60, None, whole=False, step=0.5, blank="as trained"),
        count,
        Field("guidance", "Guidance", 0, 20, None, whole=False, step=0.1),
        Field("steps", "Steps", 1, 200, None),
        Field("temperature", "Temperature", 0, 2, None, whole=False, step=0.1),
        Field("top_p", "Top p", 0.1, 1, None, whole=False, step=0.05),
        Field("tempo", "Tempo (BPM)", *TEMPO_LIMITS, None, whole=False, blank="from prompt"),
        *metres,
        LOOP,
        *charted,
        SEED,
    )
    fields = []
    for field in known:
        if field is count:
            fields.append(count)
        elif field.name in given:
            own = given[field.name]
            default = starts.get(field.name, own) if own is not None else None
            blank = default is None or default is False
            start = None if blank else min(default, field.high)
            fields.append(replace(field, default=start))
    return tuple(fields)


def read_field(field: Field, raw: Any) -> tuple[Any, str]:
    """Return the value of a field (None if blank), and what is wrong with it ("" if nothing)."""
    if field.choices:
        return _read_choice(field, raw)
    return _read_letters(field, raw) if field.letters else read_number(field, raw)


def _read_choice(field: Field, raw: Any) -> tuple[Any, str]:
    text = "" if raw is None else str(raw)
    if not text:
        return None, ""
    if text not in field.choices:
        return None, f"{field.label}: choose from the list; “{text[:20]}” is not in it."
    return (field.values or field.choices)[field.choices.index(text)], ""


def _read_letters(field: Field, raw: Any) -> tuple[str | None, str]:
    text = "" if raw is None else str(raw).strip().upper()
    if set(text) <= set(field.letters):
        return text or None, ""
    first, last = field.letters[0], field.letters[-1]
    return None, f"{field.label}: give letters from {first} to {last}; “{text[:20]}” has others."


def read_number(field: Field, raw: Any) -> tuple[float | int | None, str]:
    """Return the typed value, and what is wrong with it ("" if nothing)."""
    text = "" if raw is None else str(raw).strip().replace(",", ".")
    if not text:
        return (int(field.default) if field.whole and field.default else field.default), ""
    kind = "a whole number" if field.whole else "a number"
    high = "2**64 - 1" if field.high == LARGEST_SEED else f"{field.high:,.0f}"
    wanted = f"{field.label}: give {kind} from {field.low:g} to {high}"
    value: float | None = None
    for read in (int, float):  # a float loses digits above 2**53
        try:
            value = read(text)
            break
        except ValueError:
            continue
    if value is None:
        return None, f"{wanted}; “{text[:20]}” is not a number."
    if not field.low <= value <= field.high:  # NaN is not within, either
        return None, f"{wanted}; {text[:20]} is out of range."
    if field.whole and value != int(value):
        return None, f"{wanted}; {text[:20]} is not a whole number."
    return (int if field.whole else float)(value), ""


def read_form(
    raw: Mapping[str, Any], wanted: tuple[Field, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return all values, and by field name a message for each value that is not allowed."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in wanted:
        value, complaint = read_field(field, raw.get(field.name))
        values[field.name] = value
        if complaint:
            wrong[field.name] = complaint
    return values, wrong


class FormWidget(MusicWidget):
    """A widget with a form. Values from Python are checked at once; text from the page is checked
    when it is used.

    fields: the fields of the form. settings: initial values by name; default: the fields' own.
    """

    settings = t.Dict().tag(sync=True)  # field name → its content
    limits: t.List[Any] = t.List().tag(sync=True)
    wrong = t.Dict().tag(sync=True)  # field name → what is wrong with it

    def __init__(
        self, fields: tuple[Field, ...], settings: Mapping[str, Any], **traits: Any
    ) -> None:
        self._fields = fields
        self._known(settings)
        super().__init__(
            settings={f.name: settings.get(f.name, f.default) for f in fields},
            limits=[asdict(field) for field in fields],
            **traits,
        )

    def _known(self, settings: Mapping[str, Any]) -> None:
        unknown = set(settings) - {field.name for field in self._fields}
        if unknown:
            raise TypeError(f"{type(self).__name__} has no setting {sorted(unknown)[0]!r}")
        for field in self._fields:
            if field.choices and settings.get(field.name):
                choice(field.shown(settings[field.name]), field.name, field.choices)

    @t.validate("settings")
    def _plain_settings(self, proposal: Any) -> dict[str, Any]:
        given = dict(proposal["value"])
        return given | {f.name: f.shown(given[f.name]) for f in self._fields if f.name in given}

    def _set(self, settings: Mapping[str, Any]) -> None:
        """Set fields from Python."""
        self._known(settings)
        self.settings = {**self.settings, **settings}

    def _read(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The values of the form, updated from the page's message. None where one is not allowed;
        the status line then says why."""
        self.settings = {**self.settings, **(message.get("settings") or {})}
        values, self.wrong = read_form(self.settings, self._fields)
        if self.wrong:
            self.say = " ".join(self.wrong.values())
            return None
        return values
