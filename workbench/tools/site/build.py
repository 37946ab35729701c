"""The site as a folder: index, lessons, model cards, glossary, reference and llms.txt.

    site/index.html             all lessons with their contents, the systems, the reference
    site/course/NN_name.html    the executed notebooks; course/index.html is their report
    site/course/refreshers/     what the lessons link to; experiments/ and capstone/ likewise
    site/cards/NAME.html        the model cards
    site/glossary.html          the terms of the course
    site/reference/             the docstrings
    site/llms.txt               the same index in Markdown, in the format of https://llmstxt.org

Lessons and report are the pages of `workbench report`. A new site replaces the old one only when it
is complete.
"""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workbench
from workbench.course import glossary
from workbench.course.notebooks import PUBLISHED, REPOSITORY, ROOT
from workbench.errors import WorkbenchError
from workbench.extras import require
from workbench.files import write_text, written
from workbench.systems.registry import SYSTEMS
from workbench.systems.storage import SHIPPED
from workbench.tools.report.build import companions_of, read_report, run_report, write_pages
from workbench.tools.report.companions import linked, titled
from workbench.tools.report.page import file_of
from workbench.tools.report.runner import Outcome
from workbench.tools.site.reference import public_modules, summary, write_reference
from workbench.tools.standalone import document

_TAUGHT = re.compile(r"\*\*You will\*\* (.+?)(?:\n\n|\Z)", re.S)
_BODY = '<body class="jp-Notebook">'
_RELATIVE = re.compile(r'<a [^>]*?href="(?!https?:|#)[^"]*"[^>]*>(.*?)</a>', re.S)
_BAR_STYLE = """
.site-bar { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; padding: .6rem 1.2rem;
  font: 16px/1.5 system-ui, sans-serif; }
.site-bar a { color: light-dark(#0b57b0, #8ec1ff); }
.site-bar strong { flex: 1; color: light-dark(#1c1c1c, #e3e3e3); }
@media print { .site-bar { display: none; } }
"""
_STYLE = """
dl.pages dt { font-weight: 600; color: inherit; margin-top: .7rem; }
dl.pages dd { margin: 0; max-width: 46rem; }
details summary { cursor: pointer; font-weight: 600; }
"""


@dataclass(frozen=True)
class Page:
    """A page of the site. address: path within the site; text: its contents in one sentence."""

    title: str
    address: str
    text: str


Section = tuple[str, list[Page]]


def build_site(
    out: Path,
    *,
    report: Path | None = None,
    profile: str = "smoke",
    only: Sequence[str] | None = None,
    repository: str = REPOSITORY if PUBLISHED else "",
    root: Path = ROOT,
) -> int:
    """Write the site into the folder `out`, whose earlier site it replaces.

    Args:
        out: Folder. It must be empty, missing, or contain a site.
        report: Folder that `workbench report` wrote, whose notebooks are used; None: run the
            notebooks under `root` at `profile`.
        only: Numbers of lessons, such as ["05"]; None for all.
        repository: Address of the project, for links to sources and Colab; "" for none.

    Returns:
        0, or 1 if a notebook failed; its page shows where.

    Raises:
        WorkbenchError: if `out` contains something else, or `report` is not a report.
    """
    require("pdoc", "papermill", "nbconvert", "anywidget")
    out = Path(out)
    if out.exists() and not (out / "llms.txt").exists() and (out.is_file() or any(out.iterdir())):
        raise WorkbenchError(f"{out}: contains files that are not a site; choose another folder")
    with written(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent)
    with folder as beside:
        status, made = 0, Path(beside) / "site"
        if report is None:
            report = Path(beside) / "report"
            status = run_report(report, profile=profile, only=only, root=root)
        outcomes, about = read_report(report, only)
        sections: list[Section] = [
            ("Course", _course(made / "course", report, outcomes, about, repository)),
            ("Systems", _cards(made)),
            ("Reference", _reference(made, repository)),
            ("Optional", _more(made, about)),
        ]
        write_text(made / "llms.txt", llms(sections))
        write_text(made / "index.html", _index(sections))
        with written(out):
            if out.exists():
                out.rename(Path(beside) / "before")
            made.rename(out)
    print(f"site: {out / 'index.html'}")
    return status


def llms(sections: Sequence[Section]) -> str:
    """The text of llms.txt: a title, a summary, and under each heading links with a sentence."""
    title, _, purpose = summary(workbench).partition(": ")
    parts = [f"# {title}\n", f"> {purpose[:1].upper()}{purpose[1:]}\n"]
    for heading, pages in sections:
        links = (f"- [{page.title}]({page.address}): {page.text}" for page in pages)
        parts += [f"## {heading}\n", "\n".join(links) + "\n"]
    return "\n".join(parts)


def _course(
    folder: Path, report: Path, outcomes: list[Outcome], about: dict[str, Any], repository: str
) -> list[Page]:
    """The executed lessons, each with a bar of links to the others."""
    import nbformat

    titles: dict[str, Page] = {}
    for outcome in outcomes:
        source = file_of(report, outcome, "ipynb")
        if source is None:  # it failed before it ran
            continue
        notebook = nbformat.read(source, as_version=4)
        if not repository:  # Colab needs an address to open
            notebook.cells = [
                c for c in notebook.cells if "colab" not in c.metadata.get("tags", [])
            ]
        write_text(folder / source.name, nbformat.writes(notebook))
        taught = next(filter(None, (_TAUGHT.search(cell.source) for cell in notebook.cells)), None)
        text = " ".join(taught[1].split()) if taught else "An executed notebook."
        page = f"course/{source.stem}.html"
        titles[source.stem] = Page(
            f"{outcome.number} {outcome.name}", page, text[:1].upper() + text[1:]
        )
    if not titles:
        raise WorkbenchError(f"{report}: contains no executed notebook; run: workbench report")
    lessons = [folder / f"{name}.ipynb" for name in titles]
    for name in linked(lessons):
        companion = report / f"{name}.ipynb"
        if companion.exists():
            write_text(folder / f"{name}.ipynb", companion.read_text(encoding="utf-8"))
    write_pages(folder, outcomes, about)
    for companion in companions_of(folder, lessons):
        _with_bars(companion.with_suffix(".html"), titled(companion), "../..")
    names = list(titles)
    for at, name in enumerate(names):
        near = [titles[names[i]] if 0 <= i < len(names) else None for i in (at - 1, at + 1)]
        _with_bars(folder / f"{name}.html", titles[name].title, "..", *near)
    return list(titles.values())


def _with_bars(
    target: Path, title: str, home: str, before: Page | None = None, after: Page | None = None
) -> None:
    """Add links to the index and the neighbouring lessons at the top and the end of a page. home:
    the site's folder, seen from the page's."""
    links = "".join(
        f'<a href="{home}/{page.address}">{word}: {html.escape(page.title)}</a>'
        for word, page in (("Previous", before), ("Next", after))
        if page
    )

    def bar(label: str) -> str:
        return (
            f'<nav class="site-bar" aria-label="{label}">'
            f'<a href="{home}/index.html">Music workbench</a>'
            f"<strong>{html.escape(title)}</strong>{links}"
            f'<a href="{home}/glossary.html">Glossary</a></nav>'
        )

    page = target.read_text(encoding="utf-8")
    page = page.replace("</head>", f"<style>{_BAR_STYLE}</style></head>", 1)
    page = page.replace(_BODY, _BODY + bar("Lessons"), 1)
    begin, end, rest = page.rpartition("</body>")
    write_text(target, begin + bar("Lessons, again") + end + rest)


def _cards(made: Path) -> list[Page]:
    """The model card of every shipped checkpoint."""
    pages = []
    for entry in SYSTEMS.values():
        shipped = entry.checkpoint.rpartition("-")[0] + "-"
        folders = sorted(SHIPPED.glob(f"{shipped}*"), key=lambda f: f.name != entry.checkpoint)
        for folder in folders:
            address = f"cards/{folder.name}.html"
            _markdown(made / address, folder / "README.md")
            pages.append(Page(f"{entry.name}: {folder.name}", address, summary(entry.system)))
    return pages


def _reference(made: Path, repository: str) -> list[Page]:
    from importlib import import_module

    pages = write_reference(made / "reference", repository)
    return [
        Page(name, f"reference/{pages[name]}", summary(import_module(name)))
        for name in public_modules()
    ]


def _more(made: Path, about: dict[str, Any]) -> list[Page]:
    _markdown(made / "glossary.html", glossary.PAGE)
    terms = len(glossary.glossary())
    size, minutes = about.get("profile", "?"), about.get("minutes", "?")
    return [
        Page("Glossary", "glossary.html", f"The {terms} terms of the course, and their sources."),
        Page(
            "Report",
            "course/index.html",
            f"Figures, plots and sounds of all lessons, run at size {size} in {minutes} minutes.",
        ),
    ]


def _markdown(target: Path, source: Path) -> None:
    """Write a Markdown file of the package as a page; links to local files become plain text."""
    from nbconvert.filters import markdown2html

    text = source.read_text(encoding="utf-8")
    body = _RELATIVE.sub(r"\1", markdown2html(text))
    home = "../index.html" if target.parent.name == "cards" else "index.html"
    title = text.partition("\n")[0].lstrip("# ")
    page = document(
        f"Music workbench: {title}",
        f"<header><p><a href='{home}'>Music workbench</a></p></header><main>{body}</main>",
    )
    write_text(target, page)


def _index(sections: Sequence[Section]) -> str:
    title, _, purpose = summary(workbench).partition(": ")
    parts = []
    for heading, pages in sections:
        items = "".join(
            f'<dt><a href="{page.address}">{html.escape(page.title)}</a></dt>'
            f"<dd>{html.escape(page.text)}</dd>"
            for page in pages
        )
        shown = f"<dl class='pages'>{items}</dl>"
        if len(pages) > 30:
            shown = f"<details><summary>{len(pages)} modules</summary>{shown}</details>"
        name = "More" if heading == "Optional" else heading
        parts.append(f"<section id='{name.lower()}'><h2>{name}</h2>{shown}</section>")
    body = (
        f"<header><h1>{title}</h1><p>{purpose[:1].upper()}{purpose[1:]}</p></header>"
        f"<main>{''.join(parts)}</main>"
        "<footer><p>The lessons are executed notebooks: they show and play without Python. "
        "To change and run them, install the workbench.</p></footer>"
    )
    return document(title, body, styles=_STYLE)
