"""The command `workbench slides`: a lesson as slides, one HTML page that needs no network.

Which parts become slides follows from the form of a lesson: its title, the question of each
section, the paragraphs with equations or new terms, figures and players of the executed notebook,
what one should have noticed, the goal of each exercise, and the end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from workbench.course.notebooks import build, scripts
from workbench.errors import MissingDataError, PromptError
from workbench.files import write_text
from workbench.tools.pages import is_words, with_mathml

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:)[^)]+\)")  # to files that slides lack
_ANCHOR = re.compile(r"<a class=\"anchor-link\".*?</a>")
_NOTICED = "*What you should have noticed:*"
_ASKED = ("*Predict:*", "*Think first:*")
STYLE = """
:root { color-scheme: light dark; font: clamp(18px, 2.1vw, 32px)/1.45 system-ui, sans-serif; }
html { scroll-snap-type: y proximity; }
body { margin: 0; counter-reset: slide; background: light-dark(#fff, #16191d);
  color: light-dark(#1c1c1c, #ececec); }
section { min-height: 100vh; box-sizing: border-box; padding: 6vh 8vw; scroll-snap-align: start;
  display: flex; flex-direction: column; justify-content: center; position: relative;
  counter-increment: slide; border-bottom: 1px solid light-dark(#ddd, #333); }
section::after { content: counter(slide); position: absolute; right: 2vw; bottom: 2vh;
  font-size: .6em; }
section:focus { outline: none; }
h1, h2 { line-height: 1.15; margin: 0 0 .6em; }
section > small { opacity: .8; margin-bottom: 1em; }
img { max-width: 100%; max-height: 70vh; background: #fff; align-self: center; }
math[display=block] { font-size: 1.15em; margin: .6em 0; }
pre, table { font-size: .7em; overflow-x: auto; }
.output { font-size: .6em; overflow-x: auto; }
@media print { section { break-after: page; min-height: auto; } }
"""
SCRIPT = """
const slides = [...document.querySelectorAll('section')];
const at = () => slides.findIndex(s => s.getBoundingClientRect().bottom > innerHeight / 3);
document.addEventListener('keydown', event => {
  if (event.target.closest('input, button, select, textarea, audio, [role=slider], a')) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const next = { ArrowRight: 1, PageDown: 1, ' ': 1, ArrowLeft: -1, PageUp: -1 }[event.key];
  if (!next) return;
  event.preventDefault();
  const slide = slides[Math.max(0, Math.min(slides.length - 1, at() + next))];
  slide.scrollIntoView();
  slide.focus({ preventScroll: true });
});
"""


def write_slides(lessons: Sequence[str], report: Path | None, out: Path) -> Iterator[Path]:
    """Write the slides of the lessons with these numbers into a folder.

    Yields:
        The path of each page.
    """
    known = {script.stem[:2]: script for script in scripts()}
    for number in lessons:
        if number not in known:
            raise PromptError(f"lesson {number!r}: choose from {', '.join(known)}")
    for number in dict.fromkeys(lessons):
        script = known[number]
        target = out / f"{script.stem}.html"
        write_text(target, page_of(_notebook(script, report)))
        yield target


def _notebook(script: Path, report: Path | None) -> Any:
    """The notebook without outputs, or as a report executed it."""
    if report is None:
        return build(script)
    import nbformat

    path = report / f"{script.stem}.ipynb"
    if not path.is_file():
        raise MissingDataError(
            f"{path}: the report has no such notebook; run: workbench report --only "
            f"{script.stem[:2]} --out {report}"
        )
    return nbformat.read(path, as_version=4)


def page_of(notebook: Any) -> str:
    """The slides of a lesson's notebook as a page."""
    made = list(slides_of(notebook))
    title = html.escape(re.sub(r"^#+ ", "", made[0].splitlines()[0]))
    sections = "".join(f"<section tabindex='-1'>{_html(slide)}</section>" for slide in made)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}</style></head><body><main>{sections}</main>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def slides_of(notebook: Any) -> Iterator[str]:
    """The slides, as Markdown with figures in HTML.

    Yields:
        The title and what one will do; then, for each section, the slides that the module names.
    """
    heading = ""
    for cell in notebook.cells:
        if set(cell.metadata.get("tags", [])) & {"colab", "solution", "parameters"}:
            continue
        if cell.cell_type == "code":
            for output in cell.get("outputs", []):
                if shown := _output(output):
                    yield f"{heading}\n\n{shown}"
            continue
        for part in re.split(r"(?m)^(?=##? )", cell.source):
            paragraphs = [text.strip() for text in re.split(r"\n\s*\n", part) if text.strip()]
            if not paragraphs:
                continue
            if paragraphs[0].startswith("#"):
                heading = paragraphs.pop(0)
            yield from _slides(heading, paragraphs)


def _slides(heading: str, paragraphs: list[str]) -> Iterator[str]:
    """The slides of the paragraphs below one heading."""
    if heading.startswith("# "):
        wanted = [text for text in paragraphs if text.startswith("**You will**")]
        if wanted:
            yield "\n\n".join([heading, *wanted])
        return
    if re.match(r"## (Exercise|Mini-project|You can now)", heading):
        kept = [text for text in paragraphs if not text.startswith(("*Terms", "*Next", _NOTICED))]
        if kept:
            yield "\n\n".join([heading, *kept])
    else:
        questions = [text for text in paragraphs if text.startswith(_ASKED)]
        if questions:
            yield "\n\n".join([heading, *questions])
        told = [text for text in paragraphs if "$$" in text or "**" in text]
        told = [text for text in told if text not in questions and not text.startswith(_NOTICED)]
        if told:
            yield "\n\n".join([heading, *told])
    for text in paragraphs:
        if text.startswith(_NOTICED):
            yield f"{heading}\n\n{text}"


def _output(output: Any) -> str:
    """A figure or a player as HTML; "" for other outputs."""
    if is_words(output):
        return ""
    data = output.get("data", {})
    page = "".join(data.get("text/html", ""))
    if re.search("<(img|svg|audio|iframe)", page):  # figures with their alternative text, players
        return f"<div class='output'>{page}</div>"
    if "image/png" in data:
        picture = "".join("".join(data["image/png"]).split())
        words = html.escape(str(data.get("text/plain", "")), quote=True)
        return f'<img alt="{words}" src="data:image/png;base64,{picture}">'
    return ""


def _html(slide: str) -> str:
    from nbconvert.filters import markdown2html

    text, mark, shown = slide.partition("\n\n<")
    prose = str(markdown2html(with_mathml(_LINK.sub(r"\1", text))))
    return _ANCHOR.sub("", prose) + mark.strip() + shown
