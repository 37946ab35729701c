"""The report as a page: a table of all notebooks, then figures, pictures and sounds of each.

It is one self-contained file. Status is given in words, filter and search announce the number of
notebooks shown, and the page can be printed.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.course.accessible import table
from workbench.tools.report.excerpts import Excerpt, pictures, sounds
from workbench.tools.report.runner import Outcome
from workbench.tools.standalone import document, finder, text_of, words_of

_STYLE = """
.state { font-weight: 700; white-space: nowrap; }
.passed { color: var(--good); } .passed::before { content: "✓ "; }
.failed { color: var(--bad); } .failed::before { content: "✗ "; }
section { border-top: 2px solid var(--edge); margin-top: 2rem; padding-top: .8rem; }
dl.facts { display: flex; flex-wrap: wrap; gap: .2rem 1.6rem; margin: .4rem 0 1rem; }
dl.facts div { display: flex; gap: .4rem; }
dt { color: var(--quiet); } dd { margin: 0; font-weight: 500; }
.pictures, .sounds { display: grid; gap: 1rem; align-items: start; }
.pictures { grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
.sounds { grid-template-columns: repeat(auto-fill, minmax(min(100%, 33rem), 1fr)); }
.sounds figure { min-width: 0; }
.pictures img { width: 100%; height: auto; background: #fff; border: 1px solid var(--edge); }
"""


def page_of(out: Path, outcomes: Sequence[Outcome], about: dict[str, Any]) -> str:
    """index.html of the report in `out`, the folder of the executed notebooks and their pages."""
    passed = sum(outcome.status == "passed" for outcome in outcomes)
    line = f"{passed} of {len(outcomes)} notebooks passed"
    rows = "".join(map(_row, outcomes))
    columns = ("notebook", "status", "time in s", "peak memory in GiB", "data", "remarks")
    head = "".join(f"<th scope='col'>{name}</th>" for name in columns)
    kinds = [(kind, kind) for kind in ("passed", "failed")]
    body = (
        "<a class='skip' href='#notebooks'>Skip to the notebooks</a>"
        "<header><h1>Music workbench: report</h1>"
        f"{_facts([(name, str(value)) for name, value in about.items()])}</header>"
        f"<main id='notebooks'>{finder('notebooks', kinds)}"
        f"<div class='wide'><table><caption>{line}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        f"{''.join(_section(out, outcome) for outcome in outcomes)}</main>"
        "<footer><p>Floor: value of chance or of a trivial method. Paper: value in the paper, on "
        "its own data. Links open the executed notebooks in the same folder; everything else is "
        "in this file.</p></footer>"
    )
    return document(
        f"Music workbench: report, {line}", body, styles=_STYLE, scripts=text_of("standalone.js")
    )


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in facts
    )
    return f"<dl class='facts'>{items}</dl>"


def _entry(outcome: Outcome) -> str:
    """The attributes that connect a notebook's row and section."""
    names = [figure["name"] for figure in outcome.figures]
    words = words_of(_title(outcome), outcome.status, outcome.dataset, outcome.reason, *names)
    number = html.escape(outcome.number)
    return f"data-key='{number}' data-kind='{outcome.status}' data-words=\"{words}\""


def _title(outcome: Outcome) -> str:
    return f"{outcome.number} {outcome.name}"


def _state(outcome: Outcome) -> str:
    return f"<span class='state {outcome.status}'>{outcome.status}</span>"


def _row(outcome: Outcome) -> str:
    title = html.escape(_title(outcome))
    cells = (
        _state(outcome),
        f"{outcome.seconds:.0f}",
        f"{outcome.memory_mb / 1024:.1f}",
        html.escape(outcome.dataset),
        html.escape(" — ".join(filter(None, (outcome.trouble, outcome.note)))),
    )
    return (
        f"<tr class='entry' {_entry(outcome)}>"
        f"<th scope='row'><a href='#nb-{html.escape(outcome.number)}'>{title}</a></th>"
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + "</tr>"
    )


def _section(out: Path, outcome: Outcome) -> str:
    """Figures, pictures, sounds and errors of one notebook."""
    number = html.escape(outcome.number)
    page, notebook = file_of(out, outcome, "html"), file_of(out, outcome, "ipynb")
    link = f"<p><a href='{page.name}'>The executed notebook</a></p>" if page else ""
    facts = [
        ("time", f"{outcome.seconds:.0f} s"),
        ("peak memory", f"{outcome.memory_mb / 1024:.1f} GiB"),
        ("data", outcome.dataset or "–"),
    ]
    if outcome.note:
        facts.append(("note", outcome.note))
    parts = [_facts(facts), link, _trouble(outcome), _figures(outcome)]
    if notebook is not None:
        name = page.name if page else ""
        parts += [_pictures(pictures(notebook), name), _sounds(sounds(notebook))]
    return (
        f"<section id='nb-{number}' class='entry' aria-labelledby='title-{number}' "
        f"{_entry(outcome)}><h2 id='title-{number}'>{html.escape(_title(outcome))} "
        f"{_state(outcome)}</h2>{''.join(parts)}</section>"
    )


def file_of(out: Path, outcome: Outcome, suffix: str) -> Path | None:
    """The executed notebook ("ipynb") or its page ("html"), or None."""
    found = sorted(out.glob(f"{outcome.number}_*.{suffix}"))
    return found[0] if found else None


def _trouble(outcome: Outcome) -> str:
    if not outcome.reason and not outcome.traceback:
        return ""
    where = "" if outcome.cell is None else f" of cell [{outcome.cell}]"
    text = f"<p><strong>What went wrong:</strong> {html.escape(outcome.trouble)}</p>"
    if outcome.traceback:
        text += (
            f"<details><summary>Traceback{where}</summary>"
            f"<pre tabindex='0'>{html.escape(outcome.traceback)}</pre></details>"
        )
    return text


def _figures(outcome: Outcome) -> str:
    if not outcome.figures:
        return ""
    rows = [
        [html.escape(f["name"] + (f" ({f['unit']})" if f["unit"] else ""))]
        + [_number(f[key]) for key in ("value", "floor", "paper")]
        for f in outcome.figures
    ]
    made = table(["figure", "this run", "floor", "paper"], rows, "Figures of this run")
    return f"<div class='wide'>{made}</div>"


def _number(value: float | str | None) -> str:
    if value is None:
        return "–"
    return html.escape(value) if isinstance(value, str) else f"{value:.4g}"


def _pictures(found: Sequence[Excerpt], page: str) -> str:
    """Small pictures, each with a link to its cell in the executed notebook."""
    if not found:
        return ""
    shown = []
    for picture in found:
        name = html.escape(picture.heading or "no heading", quote=True)
        image = f'<img class="wb-figure" {picture.page}>'
        target = f"{page}#cell-id={picture.cell}" if picture.cell else page
        link = f'<a href="{target}">{image}</a>' if page else image
        shown.append(f"<figure>{link}<figcaption>{name}</figcaption></figure>")
    return f"<h3>Plots</h3><div class='pictures'>{''.join(shown)}</div>"


def _sounds(found: Sequence[Excerpt]) -> str:
    if not found:
        return ""
    shown = "".join(
        f"<figure><figcaption>{html.escape(sound.heading)}</figcaption>{sound.page}</figure>"
        for sound in found
    )
    return f"<h3>Sounds</h3><div class='sounds'>{shown}</div>"
