"""The prompts of DrumBench: `prompts.tsv`, one per line.

Columns: id; split ("validation" to choose on, "test" to report, "reference" for prompts that others
are compared with); kind; prompt; rule; people (loops that have the property, see `people.py`);
having and lacking, the share of people's loops with and without it that satisfy the rule (Cohen's
d between them where the rule compares prompts); variety, the mean distance of pairs of
people's loops with it, of different performances.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workbench.benchmarks.drumbench.rules import Rule
from workbench.tables import read_table

PROMPTS = Path(__file__).with_name("prompts.tsv")
COLUMNS = ("id", "split", "kind", "prompt", "rule", "people", "having", "lacking", "variety")
SPLITS = ("validation", "test")
COMMON = 0.25  # a rule that more of people's loops satisfy by chance must beat the empty prompt


@dataclass(frozen=True)
class Prompt:
    """One line of the table."""

    id: str
    split: str
    kind: str
    text: str
    rule: Rule
    people: str
    having: float
    lacking: float
    variety: float

    @property
    def beyond(self) -> bool:
        """Must the rule be met clearly more often than with an empty prompt? True where more than a
        quarter of people's loops without the property satisfy it."""
        return self.lacking > COMMON


@cache
def table() -> tuple[dict[str, Prompt], dict[str, str]]:
    """The prompts by id, and the ids of the reference prompts by their text."""
    found: dict[str, Prompt] = {}
    references: dict[str, str] = {}
    for row in read_table(PROMPTS, needs=list(COLUMNS)).rows:
        if row["split"] == "reference":
            references[row["prompt"]] = row["id"]
            continue
        found[row["id"]] = Prompt(
            row["id"],
            row["split"],
            row["kind"],
            row["prompt"],
            Rule.read(row["rule"]),
            row["people"],
            float(row["having"] or "nan"),
            float(row["lacking"] or "nan"),
            float(row["variety"] or "nan"),
        )
    return found, references


def prompts(split: str | None = None) -> list[Prompt]:
    """All prompts, or those of a split."""
    return [p for p in table()[0].values() if split in (None, p.split)]
