"""`workbench site`: executed lessons, reference and llms.txt as pages that open from disk."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

from workbench import cli
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.tools.site.build import build_site
from workbench.tools.site.reference import public_modules, summary

ROOT = Path(__file__).parents[2]


class Links(HTMLParser):
    """Where a page's links lead, what it loads, and the ids that links may lead to."""

    def __init__(self, page: Path):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        self.ids |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("a", "area") and "href" in given:
            self.links.append(given["href"])
        elif "src" in given or tag == "link":
            self.loads.append(given.get("src", given.get("href", "")))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site of the first lesson alone, run at its smallest size."""
    out = tmp_path_factory.mktemp("pages") / "site"
    assert cli.main(["site", "--only", "00", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def read(site) -> dict[Path, Links]:
    return {page.resolve(): Links(page) for page in site.rglob("*.html")}


def test_every_local_link_leads_to_a_page_and_a_place_in_it(site, read):
    targets = set()
    for page, links in read.items():
        for link in links.links:
            parts = urlsplit(link)
            if parts.scheme:
                assert parts.scheme in ("http", "https", "data", "mailto"), (page, link)
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), (page.name, link)
            targets.add(target)
            place = parts.fragment
            if place and target in read and "reference" not in target.parts:  # pdoc's own matter
                assert {place, unquote(place)} & read[target].ids, (page.name, link)
    assert set(read) - targets <= {site / "reference" / "index.html"}, (
        "a page that no link leads to"
    )


def test_nothing_is_loaded_from_elsewhere(read):
    for page, links in read.items():
        for source in links.loads:
            assert not re.match(r"(?:https?:)?//", source), (page, source)
            if not source.startswith("data:"):
                assert (page.parent / source).is_file(), (page, source)
        styles = re.sub(r"<script.*?</script>", "", page.read_text("utf-8"), flags=re.S)
        assert not re.search(r"@import|url\(['\"]?(?:https?:)?//", styles), page


def test_the_index_says_what_a_lesson_teaches(site):
    index = unescape((site / "index.html").read_text(encoding="utf-8"))
    assert '<a href="course/00_start_here.html">00 Start here</a>' in index
    assert "<dd>Generate drum loops from words" in index


def test_llms_txt_has_the_form_that_llmstxt_org_describes(site):
    """A title, a summary, and headings over lists of links with a line about each."""
    text = (site / "llms.txt").read_text(encoding="utf-8")
    title, blank, quote, *rest = text.splitlines()
    assert re.fullmatch("# Music workbench", title)
    assert (blank, quote[:2]) == ("", "> ")
    headings = [line[3:] for line in rest if line.startswith("## ")]
    assert headings == ["Course", "Systems", "Reference", "Optional"]
    entries = [line for line in rest if line and not line.startswith("## ")]
    for line in entries:
        found = re.fullmatch(r"- \[([^\]]+)\]\(([^)]+)\): (\S.*)", line)
        assert found, line
        assert (site / found[2]).is_file(), line
    assert len(entries) > 100


def test_the_reference_has_the_public_modules_and_their_docstrings(site):
    from workbench import DrumLDM

    page = unescape((site / "reference/workbench/systems/drum_ldm.html").read_text("utf-8"))
    assert 'id="DrumLDM.generate"' in page
    assert summary(DrumLDM.generate).rstrip(".") in re.sub(r"</?code>", "`", page)
    assert 'id="DrumLDM._denoise' not in page
    assert "DrumLDM.generate-view-source" in page, "without an address the source is in the page"
    whole = (site / "reference/workbench.html").read_text("utf-8")
    assert 'id="MidiGPT"' in whole, "names that are imported on first use are there"
    for private in ("teaching", "cli", "grading"):  # the exercises' answers among them
        assert not (site / f"reference/workbench/{private}.html").exists()
    for text in (p.read_text("utf-8") for p in (site / "reference").rglob("*.html")):
        assert str(ROOT) not in text


def test_every_public_module_says_in_a_line_what_it_is():
    from importlib import import_module

    for name in public_modules():
        assert len(summary(import_module(name))) > 15, name


def test_the_pages_open_from_disk_and_play(site, chromium):
    context = chromium.new_context(offline=True)
    page, asked, wrong = context.new_page(), [], []
    page.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="00 Start here").click()
    page.get_by_role("navigation", name="Lessons", exact=True).wait_for()
    page.get_by_role("button", name=re.compile("^Play ")).first.click()
    page.get_by_role("button", name=re.compile("^Pause ")).first.wait_for()
    page.get_by_role("link", name="Music workbench").first.click()
    page.locator("#reference summary").click()
    page.get_by_role("link", name="workbench.music.clip", exact=True).click()
    page.get_by_role("searchbox").fill("quantize")
    page.get_by_role("link", name="Music workbench").first.click()
    page.wait_for_url("**/index.html")
    context.close()
    assert (asked, wrong) == ([], [])


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """A report of two lessons, whose notebooks lead to each other and to one that is not there."""
    folder = tmp_path_factory.mktemp("report")
    cell = nbformat.v4.new_markdown_cell
    for number, name in (("05", "five"), ("06", "six")):
        words = f"# {number}\n\n**You will** see *{name}*\nof them.\n\n"
        words += "[there](06_six.ipynb#x) [not there](07_no.ipynb)"
        colab = cell("[Colab](https://colab.research.google.com/x)", metadata={"tags": ["colab"]})
        notebook = nbformat.v4.new_notebook(cells=[cell(words), colab])
        nbformat.write(notebook, folder / f"{number}_{name}.ipynb")
    outcomes = [
        {"number": number, "name": name, "status": status, "reason": ""}
        for number, name, status in (("05", "five", "passed"), ("06", "six", "failed"))
    ]
    about = {"profile": "laptop", "minutes": 2, "notebooks": outcomes}
    (folder / "report.json").write_text(json.dumps(about))
    return folder


def test_an_existing_report_becomes_the_course(report, tmp_path):
    """Lessons lead to each other, links to what is not there are plain text, sources are links."""
    out = tmp_path / "site"
    assert build_site(out, report=report, repository="https://github.com/a/b") == 0
    first = (out / "course/05_five.html").read_text(encoding="utf-8")
    assert 'href="../course/06_six.html">Next: 06 six</a>' in first
    assert "Previous" not in first
    assert 'href="06_six.html#x"' in first
    assert "07_no" not in first
    assert "colab.research" in first
    llms = (out / "llms.txt").read_text(encoding="utf-8")
    assert "- [05 five](course/05_five.html): See *five* of them." in llms
    assert "size laptop" in llms
    page = (out / "reference/workbench/music/keys.html").read_text(encoding="utf-8")
    [lines] = {
        tuple(map(int, found))
        for found in re.findall(r"a/b/blob/main/workbench/music/keys\.py#L(\d+)-L(\d+)", page)[1:2]
    }
    source = (ROOT / "workbench/music/keys.py").read_text(encoding="utf-8").splitlines()
    assert re.match(r"(def|class|@|[A-Z_]+\b)", source[lines[0] - 1])
    assert "view-source-toggle-state" not in re.sub("<style.*?</style>", "", page, flags=re.S)

    (out / "course/old.html").touch()
    build_site(out, report=report, only=["06"], repository="")
    assert not (out / "course/old.html").exists()
    assert not (out / "course/05_five.html").exists()
    assert "colab.research" not in (out / "course/06_six.html").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_that_is_no_site_is_left_alone(report, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(WorkbenchError, match=re.escape(str(tmp_path))):
        build_site(tmp_path, report=report)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"notebooks": [{"n": 1}]}', '{"notebooks": 3}'])
def test_what_is_no_report_is_named(tmp_path, text):
    out = tmp_path / "site"
    with pytest.raises(MissingDataError, match=r"report\.json"):
        build_site(out, report=tmp_path)
    (tmp_path / "report.json").write_text(text)
    with pytest.raises(BrokenFileError, match=r"report\.json"):
        build_site(out, report=tmp_path)
    assert not out.exists()


def test_a_lesson_that_the_report_has_not_is_named(report, tmp_path):
    with pytest.raises(MissingDataError, match="99"):
        build_site(tmp_path / "site", report=report, only=["99"])
