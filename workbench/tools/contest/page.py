"""The results of a contest: a table as text and CSV, and a page with the sound of each entry."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from workbench.music.display import player_html
from workbench.tools.contest.entries import Result
from workbench.tools.contest.task import Task, heard
from workbench.tools.standalone import document

COLUMNS = ("place", "entry", "nats per bar", "gain over the baseline", "p", "seeds", "CPU s", "MB")
_STYLE = "table { border-collapse: collapse; } td, th { padding: .3em .8em; text-align: left; }"


def rows_of(results: Sequence[Result]) -> list[list[str]]:
    """The table's rows, in the order of the results."""
    rows = []
    for place, one in enumerate(results, 1):
        usage = [f"{one.seconds:.1f}", f"{one.size / 1e6:.2f}"]
        if one.problem:
            rows.append(["–", one.name, "no score", "", "", "", *usage])
            continue
        gain = _with_interval(one.gain, one.gain_interval) if np.isfinite(one.gain) else ""
        p = "" if not np.isfinite(one.p) else "< 0.001" if one.p < 0.001 else f"{one.p:.3f}"
        spread = f"± {np.std(one.by_seed, ddof=1):.2f}" if len(one.by_seed) > 1 else ""
        seeds = f"{len(one.by_seed)} {spread}".strip()
        score = _with_interval(one.score, one.interval)
        rows.append([str(place), one.name, score, gain, p, seeds, *usage])
    return rows


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.2f} [{interval[0]:.2f}, {interval[1]:.2f}]"


def problems_of(results: Sequence[Result]) -> list[str]:
    """Why entries have no score, one sentence each."""
    return [f"{one.name} has no score: {one.problem}" for one in results if one.problem]


def text_of(rows: Sequence[Sequence[str]]) -> str:
    """The table as lines of text."""
    table = [COLUMNS, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(COLUMNS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in table]
    return "\n".join(line.rstrip() for line in lines)


def write(
    results: Sequence[Result], task: Task, out: Path, about: dict[str, Any], clips: int = 2
) -> list[Path]:
    """Write index.html, contest.csv and contest.json into a folder; return their paths.

    about: settings of the contest, for contest.json; clips: test loops to hear per entry.
    """
    out.mkdir(parents=True, exist_ok=True)
    rows = rows_of(results)
    table = io.StringIO()
    csv.writer(table).writerows([COLUMNS, *rows])
    content = {
        **about,
        "dataset": task.dataset,
        "hidden_seed": task.seed,
        "test_loops": len(task.hidden),
        "entries": [
            {
                "entry": one.name,
                "problem": one.problem,
                "nats_per_bar": one.score if len(one.nats) else None,
                "by_seed": one.by_seed,
                "gain": None if np.isnan(one.gain) else one.gain,
                "p": None if np.isnan(one.p) else one.p,
            }
            for one in results
        ],
    }
    files = {
        "index.html": _page(results, rows, task, clips),
        "contest.csv": table.getvalue(),
        "contest.json": json.dumps(content, indent=1) + "\n",
    }
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    return [out / name for name in files]


def _page(results: Sequence[Result], rows: Sequence[Sequence[str]], task: Task, clips: int) -> str:
    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(c)}</{tag}>" for c in cells) + "</tr>"

    heads = line(COLUMNS, "th").replace("<th>", "<th scope='col'>")
    body = "".join(line(row, "td") for row in rows)
    problems = "".join(f"<li>{html.escape(words)}</li>" for words in problems_of(results))
    chosen = range(min(clips, len(task.clips)))
    sounds = ["<h2>As it was played</h2>"]
    sounds += [player_html(task.clips[i], title=f"test loop {i + 1}") for i in chosen]
    for one in results:
        if not one.problem:
            sounds.append(f"<h2>{html.escape(one.name)}</h2>")
            sounds += [
                player_html(heard(task, i, one.predicted[i]), title=f"test loop {i + 1}")
                for i in chosen
            ]
    text = (
        "<h1>Contest: the next bar of drums</h1>"
        f"<p>{len(task.hidden)} hidden loops of {html.escape(task.dataset)}. Three bars are given; "
        "the score is −ln of the probability of the hits of the fourth, in nats per bar: less is "
        "better. In brackets: 95 % intervals over the test loops. p: permutation test against the "
        "baseline, corrected for the number of entries. ±: standard deviation over the seeds.</p>"
        f"<table><thead>{heads}</thead><tbody>{body}</tbody></table>"
        f"<ul>{problems}</ul>"
        "<p>Below, the fourth bar of the same loops is sampled from each entry's probabilities; "
        "the three bars before it are those that were given.</p>"
    )
    return document("Contest", f"<main>{text}{''.join(sounds)}</main>", styles=_STYLE)
