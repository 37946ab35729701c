"""A page of feedback for one student: correct parts, mistakes and hints, but no answers."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workbench.files import write_text

SIGNS = {
    "correct": "✓",
    "not yet": "✗",
    "stopped": "■",
    "missing": "?",
    "not handed in": "–",
    "unreadable": "!",
    "not graded": "!",
}
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border-bottom: 1px solid #8886; padding: .35rem .7rem; text-align: left;
  vertical-align: top; }
a { color: light-dark(#0645ad, #8ab4f8); }
td svg { vertical-align: middle; } .share { white-space: nowrap; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid #f80; }
@media print { details:not([open]), input, label { display: none; } }
"""


def write_feedback(target: Path, student: str, records: Sequence[dict[str, Any]]) -> None:
    """Write the page. records: the student's records, one per notebook; see `marks`."""
    earned, possible = (sum(record[key] for record in records) for key in ("points", "of"))
    parts = [f"<p>{earned:g} of {possible:g} points</p>"]
    for record in records:
        parts.append(f"<h2>{html.escape(record['title'])}</h2>")
        if not record["state"].startswith("graded"):
            parts.append(f"<p>{html.escape(record['state'])}</p>")
        parts += [_exercise(entry) for entry in record["exercises"]]
    body = f"<main><h1>Feedback for {html.escape(student)}</h1>{''.join(parts)}</main>"
    write_text(target, page(f"Feedback for {student}", body))


def _exercise(entry: dict[str, Any]) -> str:
    sign = SIGNS.get(entry["state"], "·")
    text = (
        f"<h3>{sign} {html.escape(entry['number'])} {html.escape(entry['title'])}</h3>"
        f"<p><strong>{html.escape(entry['state'])}</strong>, "
        f"{entry['points']:g} of {entry['of']:g}"
        + (f": {html.escape(entry['message'])}" if entry["message"] else "")
        + "</p>"
    )
    for step, hint in enumerate(entry["hints"], 1):
        text += (
            f"<details><summary>Hint {step} of {len(entry['hints'])}</summary>"
            f"{html.escape(hint)}</details>"
        )
    return text


def page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>{body}</body>"
        "</html>\n"
    )
