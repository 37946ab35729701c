"""The frame of a notebook: `start` at its top, `finish` at its end.

    run = start("05", profile=profile, dataset=dataset, seed=seed, train=train)
    …
    run.note("reconstruction F1", f1, paper=None, floor=0.42)
    run.finish()

`workbench report` runs notebooks and reads the output of `finish`: a JSON file of the figures, if
the variable WORKBENCH_RUN_FILE names one, and a sentinel line in the output. A notebook without
them did not run to its end.
"""

from __future__ import annotations

import html
import json
import os
import platform
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.arguments import seed_of, torch_seed
from workbench.course.accessible import describe_plotly, in_words, show
from workbench.course.glossary import Glossary, glossary
from workbench.course.record import attended, read_record
from workbench.errors import BrokenFileError, MissingDataError, PromptError
from workbench.extras import named_extras
from workbench.files import atomic_write
from workbench.version import __version__

PROFILES = ("smoke", "laptop", "gpu", "paper")
STAND_INS = {  # for data sets that are not on this machine
    "groove": "builtin",
    "pop909": "builtin-songs",
    "openscore-lieder": "builtin-songs",
    "cc-music-clips": "builtin-songs",
}
TIMES = Path(__file__).with_name("lesson_times.json")  # written by `workbench report --record`
ANSWERS = Path(__file__).with_name("lesson_answers.json")  # the same, at laptop size
SENTINEL = "{} finished"
CAPSTONE = "fool_the_judge"


def called(number: str) -> str:
    """The name of a notebook: lessons have numbers, experiments and the capstone have names."""
    if number == CAPSTONE:
        return f"capstone {number}"
    return f"lesson {number}" if number.isdigit() else f"experiment {number}"


@dataclass
class Figure:
    """One measured figure. paper: value in the paper; floor: value of chance or of a trivial
    method. Either may be None."""

    name: str
    value: float
    paper: float | str | None = None
    floor: float | str | None = None
    unit: str = ""


@dataclass
class Run:
    """One run of a notebook. dataset: the one in use, see `start`."""

    number: str
    profile: str
    dataset: str
    seed: int
    train: bool
    device: str
    began: float
    figures: list[Figure] = field(default_factory=list)

    @property
    def small(self) -> bool:
        """Whether this run only checks that everything works."""
        return self.profile == "smoke"

    def size(self, smoke: int, full: int) -> int:
        """`smoke` for the smallest profile, else `full`."""
        return smoke if self.small else full

    def note(
        self,
        name: str,
        value: float,
        paper: float | str | None = None,
        floor: float | str | None = None,
        unit: str = "",
    ) -> None:
        """Record a figure for the final table and the report.

        Args:
            name: Of the figure; an earlier one of the same name is replaced.
            value: Measured.
            paper: Value in the paper, if any.
            floor: Value of chance or of a trivial method, if any.
            unit: Of the value.
        """
        self.figures = [figure for figure in self.figures if figure.name != name]
        known = [v if v is None or isinstance(v, str) else float(v) for v in (paper, floor)]
        self.figures.append(Figure(name, float(value), known[0], known[1], unit))

    def finish(self, metrics: dict[str, float] | None = None) -> None:
        """Show the final table, the student's calibration and the terms, write the run's file,
        print the sentinel line."""
        for name, value in (metrics or {}).items():
            self.note(name, value)
        if self.figures:
            show(self._html(), self._text())
        self._show_calibration()
        if terms := Glossary(term for term in glossary() if term.lesson == self.number):
            title = "Terms of this lesson"
            page = f"<details><summary>{title}</summary>{terms._repr_html_()}</details>"
            show(page, f"{title}\n{terms}")
        target = os.environ.get("WORKBENCH_RUN_FILE")
        if target:
            about = asdict(self) | {"seconds": round(time.monotonic() - self.began, 1)}
            about |= {"version": __version__}
            with atomic_write(target) as path:
                path.write_text(json.dumps(about, indent=1), encoding="utf-8")
        print(SENTINEL.format(called(self.number)))

    def _show_calibration(self) -> None:
        """How the student's predictions came out, of this lesson and of all, if there are any."""
        if not attended():
            return
        from workbench.course import calibration  # NumPy: importing a lesson is quick

        try:
            record = read_record()
        except (BrokenFileError, OSError) as error:
            print(error)
            return
        every, here = record.decided(), record.decided(f"{self.number}.")
        if here:
            parts = [f"This lesson: {calibration.in_words(here)}"]
            if len(every) > len(here):
                parts.append(f"All lessons: {calibration.in_words(every)}")
            parts.append("Exercises, hints and what comes next: run workbench progress.")
            words = "".join(f"<p>{html.escape(part)}</p>" for part in parts)
            title = "Your predictions"
            show(
                f"<section><p><strong>{title}</strong></p>{words}"
                f"{calibration.picture(every)}</section>",
                "\n".join([title, *parts]),
            )

    def _rows(self) -> list[list[str]]:
        return [
            [f.name + (f" ({f.unit})" if f.unit else ""), *map(_cell, (f.value, f.floor, f.paper))]
            for f in self.figures
        ]

    def _text(self) -> str:
        """A line per figure, with its floor and the paper's value if it has them."""
        return "\n".join(
            f"{name}: {value}" + f", floor {floor}" * bool(floor) + f", paper {paper}" * bool(paper)
            for name, value, floor, paper in self._rows()
        )

    def _html(self) -> str:
        names, cells = ("figure", "this run", "floor", "paper"), self._rows()
        used = [i for i in range(len(names)) if i < 2 or any(row[i] for row in cells)]
        head = "".join(f"<th scope='col'>{names[i]}</th>" for i in used)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(row[i]) or '–'}</td>" for i in used) + "</tr>"
            for row in cells
        )
        note = f"{self.profile} size, {self.dataset} data, seed {self.seed}"
        return (
            f"<table><caption>This run: {html.escape(note)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def start(
    number: str,
    *,
    profile: str = "laptop",
    dataset: str = "groove",
    seed: int = 0,
    train: bool = False,
    needs: str = "0.1",
) -> Run:
    """Check the parameters, set all seeds, and print the versions and the expected duration.

    If a data set of STAND_INS is not on this machine, a built-in corpus replaces it, and a message
    says so.

    Args:
        number: Of the lesson, or name of the experiment.
        profile: "smoke", "laptop", "gpu" or "paper".
        dataset: Name of a data set, or several joined by "+".
        seed: Of Python, NumPy and PyTorch.
        train: Whether the notebook trains rather than loads a checkpoint.
        needs: Oldest version of the library that can run the notebook.

    Returns:
        The run, which collects figures.

    Raises:
        PromptError: for an unknown profile, and a library older than `needs`.
        MissingDataError: for a data set that does not exist.
    """
    if profile not in PROFILES:
        raise PromptError(f"profile={profile!r}: choose one of {', '.join(PROFILES)}")
    if _version(__version__) < _version(needs):
        raise PromptError(
            f"this notebook needs workbench {needs}, this is {__version__}; update the checkout "
            "and run: python ci/setup.py"
        )
    import numpy as np
    import torch

    seed = seed_of(seed)
    random.seed(seed)
    np.random.seed(torch_seed(seed))  # noqa: NPY002 — for libraries that still use the global generator
    torch.manual_seed(torch_seed(seed))
    _plotly_inline()
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(
        f"workbench {__version__}, Python {platform.python_version()}, torch {torch.__version__}, "
        f"{device}, {torch.get_num_threads()} threads"
    )
    print(_expectation(number, profile))
    return Run(number, profile, present(dataset), seed, train, device, time.monotonic())


def present(dataset: str) -> str:
    """The data sets, joined by "+". Those that are not on this machine are replaced by built-in
    corpora."""
    from workbench import datasets  # NumPy and symusic: importing a lesson is quick

    names = dict.fromkeys(_or_stand_in(name, datasets.find) for name in datasets.names_of(dataset))
    if written := [name for name in names if name in STAND_INS.values()]:
        what = "the built-in corpus" if len(written) == len(names) else " and ".join(written)
        print(f"Data: {what}, generated by a grammar, not played by people.")
    return "+".join(names)


def _or_stand_in(name: str, find: Callable[[str], Any]) -> str:
    try:
        find(name)
    except MissingDataError as error:
        if name not in STAND_INS:
            raise
        print(f"{error}\nUntil then, this notebook uses the built-in corpus.")
        return STAND_INS[name]
    return name


def _expectation(number: str, profile: str) -> str:
    """Duration of this notebook when last measured, at this profile and at others."""
    if number == CAPSTONE:
        return f"The {called(number)}, at {profile} size: a few minutes."
    if not number.isdigit():
        return f"One point of the {called(number)}, at {profile} size."
    try:
        known = json.loads(TIMES.read_text(encoding="utf-8"))[number]
        took = {
            name: f"Lesson {number} at {name} size took {known[name]['seconds'] / 60:.1f} min and "
            f"{known[name]['memory_mb'] / 1024:.1f} GiB on {known[name]['machine']}."
            for name in PROFILES
            if name in known
        }
    except (OSError, KeyError, ValueError):
        took = {}
    here = took.pop(profile, f"Lesson {number} at {profile} size: duration not measured yet.")
    return "\n".join([here, *took.values()])


def _plotly_inline() -> None:
    """Show plotly's figures as data that JupyterLab renders, so that exported pages contain
    plotly.js instead of loading it from the network. Colab keeps its own renderer. JupyterLab gives
    the figure no accessible name: a description for screen readers follows it."""
    import sys

    with named_extras():
        import plotly.io
        from plotly.io.base_renderers import ExternalRenderer

    class InWords(ExternalRenderer):
        def render(self, fig: dict[str, Any]) -> None:
            show(in_words(fig), describe_plotly(fig))

    if "google.colab" not in sys.modules:
        plotly.io.renderers["in_words"] = InWords()
        plotly.io.renderers.default = "plotly_mimetype+in_words"


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _cell(value: float | str | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.4g}"
