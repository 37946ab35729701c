"""Scoring: how many prompts of DrumBench does a system obey?

A prompt is obeyed if at least half of its takes satisfy its rule. Where people's loops often
satisfy it by chance (`Prompt.beyond`), the share must also be higher by a quarter than that of the
empty prompt's takes; more than 7 of 8 is not required. A rule that compares two prompts applies to
all takes together: Cohen's d of at least 0.5. Nonsense is obeyed if the loops are playable or the
system reports what it does not understand.

A system is anything with `takes` and `remark`, see `System`. Two are here: systems of the workbench
(`Loaded`) and folders of MIDI files of any other system (`Folder`).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from workbench.benchmarks.drumbench.loop import Loop, distance
from workbench.benchmarks.drumbench.table import Prompt, prompts, table
from workbench.errors import PromptError, WorkbenchError
from workbench.evaluation.intervals import share_interval
from workbench.evaluation.table import Report
from workbench.music.clip import Clip

TAKES, BARS = 8, 8
HALF, MORE, MOST = 0.5, 0.25, 0.875  # shares of takes
NONSENSE = "nonsense"


class System(Protocol):
    """What is scored."""

    def takes(self, id: str, prompt: str) -> list[Clip]:
        """The loops for one prompt; an empty list where there are none."""

    def remark(self, prompt: str) -> str:
        """What the system says that it does not understand or cannot do; "" for nothing."""


@dataclass
class Loaded:
    """A system of the workbench.

    Args:
        system: With `generate(prompt, n, bars=, seed=)` and `explain_prompt(prompt, bars=)`.
        n: Takes per prompt; twice as many of the prompts that others are compared with.
        seed: Of the first prompt; each prompt has its own.
    """

    system: Any
    n: int = TAKES
    seed: int = 0

    def takes(self, id: str, prompt: str) -> list[Clip]:
        order = [*table()[0], *table()[1].values()].index(id)
        n = 2 * self.n if id in table()[1].values() else self.n
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                seed = 1000 * self.seed + order
                return self.system.generate(prompt, n, bars=BARS, seed=seed)
        except PromptError:  # refused
            return []

    def remark(self, prompt: str) -> str:
        reading = self.system.explain_prompt(prompt, bars=BARS)
        return " ".join(reading.messages) or ", ".join(reading.unknown)


@dataclass
class Folder:
    """MIDI files of any system, named by the prompt's id: `style-01.mid`, `style-01-2.mid`, …, or
    `style-01/….mid`. Tempo and metre are those of the files."""

    path: Path

    def __post_init__(self) -> None:
        if not self.files:
            raise WorkbenchError(
                f"{self.path}: has no MIDI file named by a prompt's id, such as style-01-1.mid"
            )

    @cached_property
    def files(self) -> dict[str, list[Path]]:
        """The files of each prompt."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self.path.rglob("*.mid*")):
            match = re.match(r"([a-z]+-\d+)(?!\d)", path.relative_to(self.path).as_posix())
            if match and path.is_file():
                found.setdefault(match[1], []).append(path)
        return found

    def takes(self, id: str, prompt: str) -> list[Clip]:
        return [Clip.read_midi(path) for path in self.files.get(id, [])]

    def remark(self, prompt: str) -> str:
        return ""


@dataclass
class Outcome:
    """How one prompt was followed.

    Args:
        prompt: The prompt.
        share: Of the takes that satisfy the rule's comparisons with numbers.
        empty: The same of the empty prompt's takes.
        effect: Cohen's d of a rule that compares prompts; NaN for others.
        obeyed: See the module.
        shuffled: Would the takes of another prompt obey it?
        nothing: Would those of the empty prompt?
        variety: Mean distance of pairs of takes.
        remark: What the system said.
    """

    prompt: Prompt
    share: float
    empty: float
    effect: float
    obeyed: bool
    shuffled: bool
    nothing: bool
    variety: float
    remark: str


def score(system: System, split: str | None = None, seed: int = 0) -> list[Outcome]:
    """Score a system on all prompts, or on those of a split.

    Args:
        system: What makes the takes.
        split: "validation" to choose on, "test" to report; None for both.
        seed: Of the shuffled prompts.

    Returns:
        An outcome per prompt.
    """
    chosen = prompts(split)
    loops = {p.id: [Loop.of(clip) for clip in system.takes(p.id, p.text)] for p in chosen}
    others: dict[str, Sequence[Loop]] = {
        text: [Loop.of(clip) for clip in system.takes(id, text)] for text, id in table()[1].items()
    }
    mixed = _deranged(len(chosen), seed)
    found = []
    for i, prompt in enumerate(chosen):
        remark = system.remark(prompt.text)
        share = share_of(prompt, loops[prompt.id])
        empty = share_of(prompt, others[""])
        obeyed = obeys(prompt, loops[prompt.id], others)
        if prompt.kind == NONSENSE:
            obeyed |= bool(remark)
        shuffled = obeys(prompt, loops[chosen[mixed[i]].id], others)
        nothing = obeys(prompt, others[""], others)
        effect = prompt.rule.effect(loops[prompt.id], others)
        variety = distance(loops[prompt.id])
        found.append(
            Outcome(prompt, share, empty, effect, obeyed, shuffled, nothing, variety, remark)
        )
    return found


def share_of(prompt: Prompt, takes: Sequence[Loop]) -> float:
    """The share of takes that satisfy the rule's comparisons with numbers; NaN without takes."""
    return float(np.mean([prompt.rule.met(take) for take in takes])) if takes else float("nan")


def obeys(prompt: Prompt, takes: Sequence[Loop], others: Mapping[str, Sequence[Loop]]) -> bool:
    """Do these takes obey the prompt? others: takes of the reference prompts, by their text."""
    if not takes or any(not others[text] for text in prompt.rule.references):
        return False
    need = HALF
    if prompt.beyond and others[""]:
        need = max(HALF, min(share_of(prompt, others[""]) + MORE, MOST))
    return share_of(prompt, takes) >= need and prompt.rule.together(takes, others)


def _deranged(n: int, seed: int) -> np.ndarray:
    """A random order of n in which none stays in its place."""
    order = np.random.default_rng(seed).permutation(n)
    found = np.empty(n, int)
    found[order] = np.roll(order, 1)
    return found


def write(report: Report, name: str, outcomes: Sequence[Outcome]) -> None:
    """Two tables: shares of prompts obeyed by kind, and each prompt."""
    kinds = list(dict.fromkeys(o.prompt.kind for o in outcomes))
    rows = [_row(kind, [o for o in outcomes if o.prompt.kind == kind]) for kind in kinds]
    sense = [o for o in outcomes if o.prompt.kind != NONSENSE]
    for split in dict.fromkeys(o.prompt.split for o in outcomes):
        rows.append(_row(f"all of {split}", [o for o in outcomes if o.prompt.split == split]))
    rows += [_row("all but nonsense", sense), _row("all", outcomes)]
    report.table(
        "drumbench",
        f"DrumBench: prompts that {name} obeys",
        [
            "kind",
            "N",
            "obeyed",
            "95 %",
            "shuffled prompts",
            "empty prompt",
            "people",
            "any people",
            "variety of takes",
            "of people",
        ],
        rows,
        [
            "Obeyed: at least half of the takes satisfy the rule; where people's loops often do "
            "anyhow, also a quarter more than for the empty prompt (at most 7 of 8).",
            "Shuffled prompts, empty prompt: the same rules on takes of another prompt, and of no "
            "prompt. People: mean share of people's loops with the property that satisfy the rule; "
            "any people: of those without it. Both leave out rules that compare prompts.",
            "Variety: mean distance (1 − intersection over union of hits) of pairs of takes of a "
            "prompt, and of pairs of people's loops with the property, of different performances.",
        ],
        obeyed={o.prompt.id: o.obeyed for o in outcomes},
    )
    report.table(
        "drumbench prompts",
        "Each prompt: share of takes that satisfy its rule",
        [
            "prompt",
            "id",
            "rule",
            "takes",
            "empty prompt",
            "people",
            "any people",
            "d",
            "obeyed",
            "said",
        ],
        [
            [
                o.prompt.text,
                o.prompt.id,
                o.prompt.rule.text,
                o.share,
                o.empty,
                o.prompt.having,
                o.prompt.lacking,
                o.effect,
                o.obeyed,
                "yes" if o.remark else "",
            ]
            for o in outcomes
        ],
        [
            "d: Cohen's, of rules that compare takes with those of another prompt (people: loops "
            "with the property against those without); the share of takes is of the rest."
        ],
    )


def _row(label: str, outcomes: Sequence[Outcome]) -> list[Any]:
    obeyed = sum(o.obeyed for o in outcomes)
    plain = [o for o in outcomes if not o.prompt.rule.references]
    return [
        label,
        len(outcomes),
        obeyed / max(1, len(outcomes)),
        share_interval(obeyed, len(outcomes)),
        float(np.mean([o.shuffled for o in outcomes])),
        float(np.mean([o.nothing for o in outcomes])),
        _mean([o.prompt.having for o in plain]),
        _mean([o.prompt.lacking for o in plain]),
        _mean([o.variety for o in outcomes]),
        _mean([o.prompt.variety for o in outcomes]),
    ]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
