"""Reading what was typed into number fields: a value, or a kind word why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.datasets.keywords import TEMPO_LIMITS


@dataclass(frozen=True)
class Field:
    """A number field. default None: may be left blank."""

    name: str
    label: str
    low: float
    high: float
    default: float | None
    whole: bool = True
    step: float = 1


def fields(most_bars: int) -> tuple[Field, ...]:
    """The settings of a drawing by a system that draws at most `most_bars` bars."""
    return (
        Field("bars", "Bars", 1, most_bars, min(4, most_bars)),
        Field("n", "Takes", 1, 16, 4),
        Field("guidance", "Guidance", 0, 20, 1.5, whole=False, step=0.5),
        Field("steps", "Steps", 1, 200, 20),
        Field("tempo", "Tempo (BPM)", *TEMPO_LIMITS, None, whole=False),
        Field("seed", "Seed", 0, 999_999, 0),
    )


def read_number(field: Field, raw: Any) -> tuple[float | int | None, str]:
    """The value typed, and "" or what is wrong with it."""
    text = "" if raw is None else str(raw).strip().replace(",", ".")
    if not text:
        return (int(field.default) if field.whole and field.default else field.default), ""
    kind = "a whole number" if field.whole else "a number"
    wanted = f"{field.label}: give {kind} from {field.low:g} to {field.high:,.0f}"
    try:
        value = float(text)
    except ValueError:
        return None, f"{wanted}; “{text[:20]}” is none."
    if not field.low <= value <= field.high:  # NaN is not within, either
        return None, f"{wanted}; {text[:20]} is outside."
    if field.whole and value != int(value):
        return None, f"{wanted}; {text[:20]} is not whole."
    return (int(value) if field.whole else value), ""


def read_form(
    raw: Mapping[str, Any], wanted: tuple[Field, ...]
) -> tuple[dict[str, Any], dict[str, str]]:
    """All values, and the complaints by field name; no complaint means all can be used."""
    values, wrong = {}, {}
    for field in wanted:
        value, complaint = read_number(field, raw.get(field.name))
        values[field.name] = value
        if complaint:
            wrong[field.name] = complaint
    return values, wrong
