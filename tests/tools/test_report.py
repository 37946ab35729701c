"""The report of all notebooks: small ones, good and bad, through real kernels."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import nbformat
import psutil
import pytest
from papermill.engines import NotebookExecutionManager

from tests.waiting import until
from workbench.course.notebooks import build
from workbench.errors import BrokenFileError, WorkbenchError
from workbench.tools.pages import export, with_contents, with_mathml
from workbench.tools.report import build as report
from workbench.tools.report import engine, excerpts, runner
from workbench.tools.report.runner import answers_of, find_error, run_notebook

PARAMETERS = '# %% tags=["parameters"]\nprofile = "laptop"\ndataset = "groove"\nseed = 0\n\n'
CONTRAST = """(node) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
      const c = Number(part) / 255;
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = getComputedStyle(document.body).backgroundColor;
  const [low, high] = [light(getComputedStyle(node).color), light(ground)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""
FINISH = """# %%
import json, os
from pathlib import Path
Path(os.environ["WORKBENCH_RUN_FILE"]).write_text(json.dumps({"figures": [], "dataset": dataset}))
print("lesson NN finished")
"""
GOOD = """# %% [markdown]
# # 01 · The good one
#
# [Go on](02_raises.ipynb), [the end](#The-end), [not there](99_none.ipynb).
#
# Energy $E = m c^2$ costs \\$5 and
#
# $$\\frac{a}{b}$$

# %%
from workbench import Clip, start
run = start("01", profile=profile, dataset=dataset, seed=seed)
import numpy as np
from workbench.music.clip import NOTE
notes = np.array([(i, 0.25, 36, 90, 0, True) for i in range(8)], dtype=NOTE)
Clip.from_notes(notes, tempo=120.0, caption="eight kicks")

# %%
import plotly.graph_objects as go
go.Figure(go.Scatter(y=[1, 3, 2]))

# %%
import matplotlib.pyplot as plt
plt.plot([1, 2]);

# %% [markdown]
# ## The end

# %%
run.note("F1 </script>", 0.25, paper=0.67, floor="chance", unit="of 1")
run.finish({"seed given": seed})
"""
WIDGET = """# %%
import ipywidgets
box = ipywidgets.Output()
with box:
    raise RuntimeError("hidden in a box")
box

"""
BODIES = {
    "01_good": GOOD,
    "02_raises": "# %%\n1 / 0\n\n" + FINISH,
    "03_exits": "# %%\nimport sys\nsys.exit(0)\n\n" + FINISH,
    "04_widget": WIDGET + FINISH,
    "06_dies": "# %%\nimport os\nos._exit(7)\n\n" + FINISH,
    "07_silent": FINISH.replace("finished", "begun"),
}


def write(root: Path, stem: str, body: str, parameters: str = PARAMETERS) -> Path:
    script = root / "src" / f"{stem}.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(parameters + body.replace("NN", stem[:2]), encoding="utf-8")
    return script


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Several notebooks run at once: (exit status, folder, outcome by number)."""
    root, out = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("out")
    for stem, body in BODIES.items():
        write(root, stem, body)
    write(root, "05_odd", FINISH, PARAMETERS.replace("seed = 0", "sead = 0"))
    status = report.run_report(
        out, dataset="builtin", seed=3, jobs=2, timeout=240, root=root, one_file=True
    )
    about = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return status, out, {outcome["number"]: outcome for outcome in about["notebooks"]}


def test_the_good_one_passes_and_the_others_fail(ran):
    status, _, outcomes = ran
    assert status == 1
    states = {number: outcome["status"] for number, outcome in outcomes.items()}
    assert states == {"01": "passed"} | {f"0{n}": "failed" for n in range(2, 8)}


def test_figures_time_memory_and_parameters_arrive(ran):
    good = ran[2]["01"]
    assert [(f["name"], f["value"]) for f in good["figures"]] == [
        ("F1 </script>", 0.25),
        ("seed given", 3.0),
    ]
    assert good["dataset"] == "builtin"
    assert good["seconds"] > 0.5
    assert 100 < good["memory_mb"] < 8000


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("02", "ZeroDivisionError"),
        ("03", "SystemExit: 0"),
        ("04", "inside a widget: RuntimeError: hidden in a box"),
        ("05", "unknown parameter 'seed'.*sead"),
        ("06", "kernel died by exit status 7"),
        ("07", r"did not reach run\.finish"),
    ],
)
def test_each_failure_is_told_apart(ran, number, reason):
    assert re.search(reason, ran[2][number]["reason"])


def test_an_error_has_its_cell_and_traceback(ran):
    raised = ran[2]["02"]
    executed = nbformat.read(ran[1] / "02_raises.ipynb", as_version=4)
    [place] = [c for c in executed.cells if c.get("execution_count") == raised["cell"]]
    assert "1 / 0" in place.source
    assert "1 / 0" in raised["traceback"]
    assert "\x1b" not in raised["traceback"]


def test_the_index_shows_and_plays(ran):
    page = (ran[1] / "index.html").read_text(encoding="utf-8")
    assert "1 of 7 notebooks passed" in page
    assert "<a href='01_good.html'>" in page
    assert "05_odd.html" not in page  # it was refused before it ran
    assert "01 The good one" in page
    assert "F1 &lt;/script&gt; (of 1)" in page
    assert page.count("<audio") == 1
    assert page.count("workbenchClips ??=") == 1  # players share one script
    assert page.count("data:image/webp;base64") == 1
    assert "Traceback of cell" in page
    assert page.count("<th scope='col'>") >= 6


def test_pages_ask_the_network_for_nothing(ran):
    pages = sorted(ran[1].glob("*.html"))
    assert len(pages) >= 6
    fetches = re.compile(
        r"""<(?:script|img|audio|source|iframe)[^>]*\ssrc\s*=\s*["']?(?:https?:)?//"""
        r"""|<link[^>]*\shref\s*=\s*["']?(?:https?:)?//|@import|url\(["']?https?:""",
        re.I,
    )
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not fetches.search(text), page.name
        assert len(text) < 5_000_000


def test_a_page_draws_equations_and_figures_by_itself(ran):
    page = (ran[1] / "01_good.html").read_text(encoding="utf-8")
    assert page.count("<math") == 2
    assert "<mfrac>" in page
    assert '<script src="plotly.min.js"></script>' in page
    assert 'Plotly.newPlot("plotly-0"' in page
    assert (ran[1] / "plotly.min.js").stat().st_size > 500_000
    assert re.search("data:image/(png|webp);base64", page)


def test_the_executed_notebook_is_kept_without_widget_state(ran):
    executed = nbformat.read(ran[1] / "04_widget.ipynb", as_version=4)
    assert "widgets" not in executed.metadata


def test_a_page_opens_offline_without_errors(ran, chromium):
    """In a real browser: the figure is drawn, nothing is asked of the network."""
    context = chromium.new_context(offline=True)
    page = context.new_page()
    asked, wrong = [], []
    page.on("request", lambda r: asked.append(r.url) if r.url.startswith("http") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto((ran[1] / "01_good.html").as_uri())
    page.wait_for_selector(".plotly-figure .main-svg", state="attached")
    context.close()
    assert asked == []
    assert wrong == []


@pytest.fixture(params=["index.html", "report.html"])
def opened(request, ran, chromium, tmp_path):
    """The report alone, sent on without what lay beside it, from disk with the network off."""
    sent = tmp_path / "sent.html"
    sent.write_bytes((ran[1] / request.param).read_bytes())
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.asked, page.wrong = [], []
    page.on("request", lambda r: page.asked.append(r.url))
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    page.on("console", lambda m: page.wrong.append(m.text) if m.type == "error" else None)
    page.goto(sent.as_uri())
    yield page
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert [url for url in page.asked if url.startswith("file:")] == [sent.as_uri()]
    assert page.wrong == []
    context.close()


def shown(page) -> list[str]:
    """Numbers of the notebooks whose sections are seen; rows must be of the same."""
    sections = page.locator("section.entry:visible").all()
    numbers = [section.get_attribute("data-key") for section in sections]
    rows = page.locator("tr.entry:visible").all()
    assert [row.get_attribute("data-key") for row in rows] == numbers
    return numbers


def test_the_report_filters_and_searches(opened):
    said = opened.locator("output[aria-live=polite]")
    assert said.inner_text() == "7 of 7 notebooks"
    opened.get_by_role("radio", name="failed").check()
    assert shown(opened) == [f"0{n}" for n in range(2, 8)]
    assert said.inner_text() == "6 of 7 notebooks"
    opened.get_by_role("searchbox", name="Search").fill("ZERO division")  # each word, any case
    assert shown(opened) == ["02"]
    opened.get_by_role("radio", name="passed").check()
    assert (shown(opened), said.inner_text()) == ([], "0 of 7 notebooks")
    opened.keyboard.press("Escape")
    until(opened, "document.querySelector('output').textContent.startsWith('7 of')")
    opened.get_by_role("searchbox").fill("seed given")  # a figure's name
    assert shown(opened) == ["01"]


def test_the_report_plays(opened):
    opened.get_by_role("button", name="Play eight kicks").click()
    until(opened, "window.workbenchClips.context?.currentTime > 0.05")
    assert opened.get_by_role("button", name="Pause eight kicks").is_visible()


def test_the_report_can_be_read_by_all(opened):
    """Landmarks, one first heading, none skipped, scopes, names, focus, keyboard, both themes."""
    for role in ("banner", "main", "search", "contentinfo"):
        assert opened.get_by_role(role).count() == 1, role
    levels = opened.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map((h) => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert opened.locator("th:not([scope]), img:not([alt]), img[alt='']").count() == 0
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(6):
        opened.keyboard.press("Tab")
        assert opened.evaluate(outline) not in ("none", "hidden")
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        for selector in ("body", ".passed", ".failed", "th a", "dt"):
            assert opened.locator(selector).first.evaluate(CONTRAST) >= 4.5, (scheme, selector)


single = pytest.mark.parametrize("opened", ["report.html"], indirect=True)


def scrolled(page) -> None:
    """Wait until the lesson has scrolled down; the page's policy forbids wait_for_function."""
    for _ in range(200):
        if page.locator("#lesson iframe").evaluate("(node) => node.contentWindow.scrollY") > 100:
            return
        page.wait_for_timeout(50)
    raise AssertionError("did not scroll")


@single
def test_one_file_holds_the_lessons_too(opened):
    """From the index into a lesson, on to the next, to places in them, and back."""
    inside = opened.frame_locator("#lesson iframe")
    opened.locator("#nb-01").get_by_role("link", name="The executed notebook").click()
    inside.get_by_role("heading", name="01 · The good one").wait_for()
    inside.locator(".plotly-figure .main-svg").first.wait_for(state="attached")
    assert inside.locator("math").count() == 2
    inside.get_by_role("button", name="Play eight kicks").click()
    inside.get_by_role("button", name="Pause eight kicks").wait_for()
    inside.get_by_role("link", name="the end").click()
    scrolled(opened)
    assert inside.get_by_role("link", name="not there").count() == 0
    assert inside.get_by_text("not there").count() == 1
    inside.get_by_role("link", name="Go on").click()
    inside.get_by_text("ZeroDivisionError").first.wait_for()
    opened.get_by_role("link", name="Next").click()
    inside.get_by_text("SystemExit").first.wait_for()
    opened.go_back()
    inside.get_by_text("ZeroDivisionError").first.wait_for()
    opened.get_by_role("link", name="Previous").click()
    inside.get_by_role("heading", name="01 · The good one").wait_for()
    opened.get_by_role("link", name="← Report").click()
    opened.locator("#lesson").wait_for(state="hidden")
    assert opened.get_by_role("searchbox").is_enabled()
    assert opened.evaluate("location.hash") == "#nb-01"
    assert opened.evaluate("document.querySelector('#nb-01').getBoundingClientRect().top") < 200
    opened.locator("#nb-01 .pictures a").first.click()  # to the plot's place in the notebook
    scrolled(opened)


@single
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_executed_notebook_can_be_read_in_both_themes(opened, scheme):
    opened.emulate_media(color_scheme=scheme)
    opened.evaluate("location.hash = '#lesson=02_raises'")
    inside = opened.frame_locator("#lesson iframe")
    inside.get_by_text("ZeroDivisionError").first.wait_for()
    ground = inside.locator("body").evaluate("(node) => getComputedStyle(node).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 17, 17)"}[scheme]
    for kind in (".jp-InputPrompt", ".highlight .mi", ".highlight .o", ".ansi-red-fg"):
        assert inside.locator(kind).first.evaluate(CONTRAST) >= 4.5, kind


def test_one_file_is_packed(ran):
    """All of it in a fraction of what the pages have; a page that is not shown has its links."""
    text = (ran[1] / "report.html").read_text(encoding="utf-8")
    pages = sum(len(page.read_bytes()) for page in ran[1].glob("0*.html"))
    plotly = (ran[1] / "plotly.min.js").stat().st_size
    assert len(text) < 0.5 * (pages + plotly) + (ran[1] / "index.html").stat().st_size
    assert ".html" not in re.sub("<script.*?</script>", "", text, flags=re.S)
    assert text.count("data-lesson=") == 6  # the seventh was refused before it ran


def test_long_outputs_are_shortened_in_pages(tmp_path):
    new = nbformat.v4.new_output
    outputs = [
        new("stream", text="begin " + "x" * 3_000_000 + " end"),
        *[new("display_data", data={"text/plain": f"piece {i}"}) for i in range(9_000)],
        new("display_data", data={"text/html": "<b>" + "y" * 9_000_000 + "</b>"}),
        new("error", ename="E", evalue="last", traceback=["E: last"]),
    ]
    cells = [
        nbformat.v4.new_code_cell("x", outputs=outputs[:1]),
        nbformat.v4.new_code_cell("y", outputs=outputs),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01_a.ipynb")
    export(tmp_path / "01_a.ipynb", tmp_path / "01_a.html")
    page = (tmp_path / "01_a.html").read_text(encoding="utf-8")
    assert len(page) < 800_000
    assert page.count("begin xx") == page.count("xx end") == 2
    assert page.count("characters left out") == 2
    assert re.search(r"9,\d\d\d more outputs", page)
    assert "E: last" in page
    whole = nbformat.read(tmp_path / "01_a.ipynb", as_version=4)
    assert len(whole.cells[1].outputs) == len(outputs)


def test_paper_gets_what_paper_can_hold(opened):
    opened.emulate_media(media="print")
    assert opened.get_by_role("search").count() == 0
    assert opened.locator("audio:visible, .wb-controls:visible").count() == 0
    assert len(shown(opened)) == 7
    assert len(opened.pdf()) > 5000


def test_a_report_holds_its_sounds_and_pictures_within_bounds(ran):
    [sound] = excerpts.sounds(ran[1] / "01_good.ipynb")
    assert "eight kicks" in sound.page
    assert excerpts.sounds(ran[1] / "01_good.ipynb", room=1000) == []
    [picture] = excerpts.pictures(ran[1] / "01_good.ipynb")
    assert picture.heading == "01 · The good one"
    assert len(picture.page) < 40_000


def test_an_endless_notebook_is_stopped(tmp_path):
    write(tmp_path, "08_endless", "# %%\nwhile True:\n    pass\n")
    out = tmp_path / "out"
    assert report.run_report(out, timeout=4, root=tmp_path) == 1
    [outcome] = json.loads((out / "report.json").read_text())["notebooks"]
    assert outcome["reason"] == "still running after 4 s; stopped"
    # the parameters are [1] and [2]; None where the kernel had not started by then
    assert outcome["cell"] in (None, 1, 2, 3)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x") for _ in range(3)])
    made.cells[0].execution_count = 1
    made.cells[1].metadata["papermill"] = {"status": "running"}
    nbformat.write(made, tmp_path / "cut.ipynb")
    assert runner._running(tmp_path / "cut.ipynb") == 2


def run_cells(folder, *cells, timeout=120.0):
    """How a notebook of these cells goes, and the executed notebook."""
    source, target = folder / "77_cells.ipynb", folder / "executed.ipynb"
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbformat.write(made, source)
    return run_notebook(source, target, {}, timeout=timeout, threads=1), target


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("import os; os._exit(3)", "the kernel died by exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "kernel died by SIGKILL"),
        ("import ctypes; ctypes.string_at(0)", "the kernel died by SIGSEGV"),
        ("raise ValueError('one\\n' + 'x' * 9000)", "ValueError: one x"),
        ("print('x' * 3_000_000); 1 / 0", "ZeroDivisionError: division by zero"),
        ("while True: print('x' * 100)", "stopped: its output is larger than 30 MB"),
    ],
)
def test_a_failure_is_told_by_its_reason_and_cell(tmp_path, cell, reason):
    outcome, _ = run_cells(tmp_path, "x = 1", "", cell)
    assert (outcome.status, outcome.cell) == ("failed", 2)
    assert outcome.reason.startswith(reason) or reason in outcome.reason
    assert outcome.trouble == f"cell [2]: {outcome.reason}"
    assert len(outcome.reason) <= 300
    assert outcome.memory_mb < 1000


ODD_ERRORS = {
    "raise ExceptionGroup('many', [ValueError('one'), TypeError('two')])": (
        "ExceptionGroup: many (2 sub-exceptions), the first ValueError: one"
    ),
    "raise ExceptionGroup('out', [ExceptionGroup('in', [KeyError(3)])])": (
        "ExceptionGroup: out (1 sub-exception), the first KeyError: 3"
    ),
    "import asyncio\nasync def f():\n    raise OSError('no disk')\n"
    "async with asyncio.TaskGroup() as group:\n    group.create_task(f())": (
        "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception), "
        "the first OSError: no disk"
    ),
    "try:\n    raise ExceptionGroup('x', [OSError()])\nexcept* OSError:\n    1 / 0": (
        "ZeroDivisionError: division by zero"
    ),
    "try:\n    raise ExceptionGroup('x', [OSError()])\nexcept Exception:\n    int('no')": (
        "ValueError: invalid literal for int() with base 10: 'no'"
    ),
    "raise ValueError('\\ud800 odd')": r"ValueError: \ud800 odd",
    "raise ValueError('\\x1b[31mred\\x1b[0m\\x00')": "ValueError: red",
    "%nosuch 1": "UsageError: Line magic function `%nosuch` not found.",
    "%%nosuch\n1": "UsageError: Cell magic `%%nosuch` not found.",
    "x = = 1": "SyntaxError: invalid syntax",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise SystemExit('enough')": "SystemExit: enough",
    "class E(Exception):\n    def __str__(self):\n        return self.no\nraise E": (
        "E: its text cannot be had, str() fails: AttributeError"
    ),
    "class E(Exception):\n    def __str__(self):\n        return 3\nraise E": (
        "E: its text cannot be had, str() fails: TypeError"
    ),
    "raise BaseExceptionGroup('b', [GeneratorExit('g')])": (
        "BaseExceptionGroup: b (1 sub-exception), the first GeneratorExit: g"
    ),
    "raise ValueError('x' * 50_000_000)": "ValueError: xxx",
    "get_ipython().set_custom_exc((OSError,), lambda *a, **k: None); raise OSError('kept')": (
        "OSError: kept"
    ),
}


@pytest.mark.parametrize("odd", ODD_ERRORS)
def test_every_exception_is_told_by_its_name_and_text(odd_errors, odd):
    cell = odd_errors[list(ODD_ERRORS).index(odd) + 1]
    found = find_error(nbformat.v4.new_notebook(cells=[cell]))
    assert found is not None
    number, reason, traceback = found
    assert number == cell.execution_count
    assert " ".join(reason.split()).startswith(" ".join(ODD_ERRORS[odd].split()))
    assert len(reason) <= 300
    assert reason.split(":")[0] in traceback


def test_output_that_is_no_text_is_kept_as_its_code(odd_errors):
    assert odd_errors[0].outputs[0].text == "\\ud800 in words, \U0001f941\n"


@pytest.fixture(scope="module")
def odd_errors(tmp_path_factory):
    """The cells of a notebook that goes on after each error."""
    folder = tmp_path_factory.mktemp("odd")
    cells = ["print('\\ud800 in words, \\U0001f941')", *ODD_ERRORS]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    for cell in made.cells:
        cell.metadata["tags"] = ["raises-exception"]
    nbformat.write(made, folder / "77_odd.ipynb")
    outcome = run_notebook(folder / "77_odd.ipynb", folder / "t.ipynb", {}, timeout=120, threads=1)
    assert outcome.cell == 2, outcome
    executed = nbformat.read(folder / "t.ipynb", as_version=4)
    return [cell for cell in executed.cells if cell.cell_type == "code"]


ROBBED = """# a kernel of whose ports another program takes one, as often as `left` says
import json, socket, subprocess, sys
from pathlib import Path
left, about = Path(__file__).with_name("left"), json.loads(Path(sys.argv[-1]).read_text())
robbed = int(left.read_text())
left.write_text(str(robbed - 1))
with socket.socket() as other:
    if robbed > 0:
        other.bind((about["ip"], about["shell_port"]))
        other.listen()
    kernel = [sys.executable, "-m", "workbench.tools.report.kernel", *sys.argv[1:]]
    sys.exit(subprocess.call(kernel))
"""


@pytest.mark.parametrize("times", [1, engine.STARTS])
def test_a_kernel_whose_port_is_taken_is_started_again(tmp_path, monkeypatch, times):
    def robbed(folder):
        place = folder / "jupyter" / "kernels" / runner.KERNEL
        place.mkdir(parents=True)
        (place / "robbed.py").write_text(ROBBED)
        (place / "left").write_text(str(times))
        argv = [sys.executable, str(place / "robbed.py"), "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Robbed", "language": "python"}
        (place / "kernel.json").write_text(json.dumps(spec))
        return folder / "jupyter"

    monkeypatch.setattr(runner, "_kernelspec", robbed)
    outcome, target = run_cells(tmp_path, "print('here')")
    if times < engine.STARTS:
        [cell] = nbformat.read(target, as_version=4).cells
        assert cell.outputs[0].text == "here\n"
        assert outcome.reason == "did not reach run.finish(): it ended early"
    else:
        assert outcome.cell is None
        assert re.match(r"no kernel starts: 3 died .* exit status 1$", outcome.reason)
        assert re.search("ZMQError: .*in use", outcome.traceback)


@pytest.mark.skipif(sys.platform == "win32", reason="there ipykernel reads nobody else's output")
@pytest.mark.parametrize("program", ["yes", "yes 1>&2", f"yes {'long' * 2000}"])
def test_another_program_that_prints_without_end_is_ended(tmp_path, program):
    cell = f"import subprocess; subprocess.run({program!r}, shell=True)"
    outcome, _ = run_cells(tmp_path, "x = 1", "", cell)
    assert (outcome.status, outcome.cell) == ("failed", 2)
    assert re.match("stopped: its output is larger|wrote more than 50 MB", outcome.reason)
    assert outcome.memory_mb < 1000


@pytest.mark.parametrize(
    ("statuses", "cell"),
    [
        (["completed", "running", "pending"], 2),
        (["completed", "completed", "pending"], 2),  # ended with its kernel, or between two cells
        (["pending", "pending", "pending"], None),
    ],
)
def test_the_cell_of_a_stopped_notebook_is_the_running_one_or_the_last(tmp_path, statuses, cell):
    cells = [nbformat.v4.new_code_cell("x = 1") for _ in statuses]
    for number, (one, status) in enumerate(zip(cells, statuses, strict=True), 1):
        one.metadata["papermill"] = {"status": status}
        one.execution_count = number if status == "completed" else None
    target = tmp_path / "executed.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), target)
    assert runner._running(target) == cell


def test_a_notebook_whose_saving_breaks_off_is_still_the_one_saved_before(tmp_path):
    from papermill.iorw import papermill_io

    target = str(tmp_path / "executed.ipynb")
    runner.keep_whole(target)
    papermill_io.write("saved", target)
    with pytest.raises(UnicodeEncodeError):
        papermill_io.write("x" * 100_000 + "\udc80", target)
    assert Path(target).read_text() == "saved"
    assert [path.name for path in tmp_path.iterdir()] == ["executed.ipynb"]


def test_what_another_program_prints_is_in_the_notebook(tmp_path):
    cell = "import os, time; os.system('echo from a shell'); time.sleep(2)"
    _, target = run_cells(tmp_path, cell)
    [cell] = nbformat.read(target, as_version=4).cells
    assert [output.text for output in cell.outputs] == ["from a shell\n"]


PUBLISH = "ip = get_ipython(); session, socket = ip.kernel.session, ip.kernel.iopub_socket\n"


@pytest.mark.parametrize("then", ["", "while True: pass"])
def test_output_that_cannot_be_read_ends_the_notebook(tmp_path, then):
    """Also where the cell would run for ever: nobody would see what it prints from then on."""
    odd = "session.send(socket, 'display_data', {'data': 3}, parent=ip.kernel.get_parent())\n"
    outcome, _ = run_cells(tmp_path, "x = 1", PUBLISH + odd + then)
    assert (outcome.status, outcome.cell) == ("failed", 2)
    assert outcome.reason.startswith("stopped: its output cannot be read (AttributeError")
    assert outcome.seconds < 60


def test_a_lost_message_holds_up_nobody(tmp_path, monkeypatch):
    """A cell that has ended is waited for until it is silent, not until the notebook's time is up,
    though the message that would say so never comes."""
    lose = (
        PUBLISH + "send = session.send\n"
        "def lossy(stream, kind, *more, **others):\n"
        "    idle = kind == 'status' and more[0]['execution_state'] == 'idle'\n"
        "    return None if idle else send(stream, kind, *more, **others)\n"
        "session.send = lossy"
    )
    cells = [lose, "print('all the same')", "session.send = send", "print('the last')"]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {"name": runner.KERNEL, "display_name": "", "language": "python"}
    monkeypatch.setenv("JUPYTER_PATH", str(runner._kernelspec(tmp_path)))
    monkeypatch.setattr(engine, "SILENCE", 0.5)
    papermill_engine, _ = engine.engine_of(600.0)
    manager = NotebookExecutionManager(made, progress_bar=False)
    made.metadata["papermill"] = {}
    manager.notebook_start()
    began = time.monotonic()
    papermill_engine.execute_managed_notebook(manager, runner.KERNEL)
    assert time.monotonic() - began < 300
    assert [cell.outputs[0].text for cell in made.cells if cell.outputs] == [
        "all the same\n",
        "the last\n",
    ]


def test_many_small_outputs_all_arrive(tmp_path):
    code = "import sys\nfor i in range(12_000):\n    sys.stdout.write('0' * 50); sys.stdout.flush()"
    outcome, target = run_cells(tmp_path, code, "print('end')")
    assert (outcome.cell, outcome.reason) == (None, "did not reach run.finish(): it ended early")
    (cell, last) = nbformat.read(target, as_version=4).cells
    assert sum(len(output.text) for output in cell.outputs) == 600_000
    assert last.outputs[0].text == "end\n"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_report_ends_kernels_and_what_they_started(tmp_path, ending):
    """The signal goes to the report alone, as from a job system; a kill leaves it no last word."""
    pids = tmp_path / "pids"
    body = (
        "# %%\nimport os, subprocess, sys, time\nfrom pathlib import Path\n"
        "nap = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],\n"
        "                       start_new_session=True)\n"
        f"Path({str(pids)!r} + '.new').write_text(f'{{os.getpid()}} {{nap.pid}}')\n"
        f"os.replace({str(pids)!r} + '.new', {str(pids)!r})\ntime.sleep(600)\n"
    )
    write(tmp_path, "09_sleeps", body)
    code = (  # a shell's background jobs ignore the signal unless told otherwise
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from pathlib import Path; from workbench.tools.report.build import run_report; "
        "run_report(Path(sys.argv[1]) / 'out', root=Path(sys.argv[1]))"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        while not pids.exists():
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(running.pid, ending)
        assert running.wait(timeout=120) != 0
    finally:
        running.kill()
    deadline = time.monotonic() + 20
    for pid in map(int, pids.read_text().split()):
        while not ended(pid):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def ended(pid):
    """Whether this process is gone, or waits for its parent to notice that it ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_without_a_data_set_each_notebook_keeps_its_own(tmp_path):
    write(tmp_path, "01_songs", FINISH, PARAMETERS.replace("groove", "pop909"))
    assert report.run_report(tmp_path / "out", timeout=240, root=tmp_path) == 0
    about = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert about["notebooks"][0]["dataset"] == "pop909"


def test_a_number_without_a_notebook_is_named(tmp_path):
    write(tmp_path, "01_good", FINISH)
    with pytest.raises(ValueError, match="no notebook 77; there are: 01"):
        report.run_report(tmp_path / "out", only=["77"], root=tmp_path)


def test_recorded_times_keep_those_of_other_profiles(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "TIMES", tmp_path / "times.json")
    report.TIMES.write_text('{"01": {"laptop": {"seconds": 9}}}')
    passed = report.Outcome("01", "good", "passed", 1.5, 200.0)
    report._record([passed, report.Outcome("02", "bad", "failed", 1.0, 1.0)], "smoke")
    kept = json.loads(report.TIMES.read_text())
    assert set(kept) == {"01"}
    assert kept["01"]["laptop"] == {"seconds": 9}
    assert (kept["01"]["smoke"]["seconds"], kept["01"]["smoke"]["memory_mb"]) == (1.5, 200.0)


def test_answers_to_the_predictions_are_recorded_at_laptop_size(tmp_path, monkeypatch):
    for name in ("TIMES", "ANSWERS"):
        monkeypatch.setattr(report, name, tmp_path / f"{name}.json")
    shown = "Prediction 01.2: the run gives 17 %: “1 to 20 %”.\nIt is jazz."
    output = nbformat.v4.new_output("display_data", {"text/plain": shown})
    asked = nbformat.v4.new_output("display_data", {"text/plain": "Prediction 01.2: 1 | 20"})
    cell = nbformat.v4.new_code_cell("reveal()", outputs=[asked, output])
    answers = answers_of(nbformat.v4.new_notebook(cells=[cell]))
    assert answers == {"01.2": "17 %: “1 to 20 %”. It is jazz."}
    passed = report.Outcome("01", "good", "passed", answers=answers, dataset="groove")
    report._record([passed], "smoke")
    assert not report.ANSWERS.exists()
    report._record([passed], "laptop")
    assert json.loads(report.ANSWERS.read_text(encoding="utf-8")) == {
        "01": {"dataset": "groove", "answers": answers}
    }


def test_equations_become_mathml_but_code_and_prices_stay():
    assert with_mathml("costs $5 and $6, `a $x$ b`") == "costs $5 and $6, `a $x$ b`"
    assert with_mathml("```\n$x$\n```") == "```\n$x$\n```"
    assert with_mathml("so $x_t$ is").startswith("so <math")
    assert with_mathml("so $a +\nb$ is").count("<math") == 1
    assert 'display="block"' in with_mathml("$$\na = b\n$$")


def test_an_error_in_an_output_is_found_without_execution(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x")])
    assert find_error(notebook) is None
    notebook.cells[0].outputs = [nbformat.v4.new_output("error", ename="E", evalue="v")]
    found = find_error(notebook)
    assert found is not None
    assert found[1] == "E: v"
    source = tmp_path / "01_x.ipynb"
    nbformat.write(notebook, source)
    stale = tmp_path / "out.ipynb"
    stale.write_text("of an earlier run")
    outcome = run_notebook(source, stale, {"profile": "smoke"}, timeout=9, threads=1)
    assert "unknown parameter" in outcome.reason
    assert not stale.exists()


def test_the_notebook_that_is_there_is_run(tmp_path):
    """Edited, as in JupyterLab; the script would pass."""
    for stem in ("01_edited", "02_saved"):
        write(tmp_path, stem, FINISH)
        made = build(tmp_path / "src" / f"{stem}.py")
        if "edited" in stem:
            made.cells[1].source = "raise ValueError('edited')"
        made.cells[1].outputs = [nbformat.v4.new_output("stream", text="of an earlier run")]
        nbformat.write(made, tmp_path / f"{stem}.ipynb")
    out = tmp_path / "out"
    assert report.run_report(out, timeout=240, root=tmp_path, dataset="builtin") == 1
    edited, saved = json.loads((out / "report.json").read_text())["notebooks"]
    assert (edited["status"], edited["reason"]) == ("failed", "ValueError: edited")
    assert "differs from src/01_edited.py" in edited["note"]
    assert (saved["status"], saved["note"]) == ("passed", "")
    assert "differs from src/01_edited.py" in (out / "index.html").read_text(encoding="utf-8")
    with pytest.raises(WorkbenchError, match=r"01_edited\.ipynb: differs"):
        report.run_report(out, root=tmp_path, solutions=True)
    (tmp_path / "02_saved.ipynb").write_text("{")
    with pytest.raises(BrokenFileError, match=r"02_saved\.ipynb: is not a valid notebook"):
        report.run_report(out, root=tmp_path, only=["02"])


def test_a_page_has_its_contents_below_its_title(tmp_path):
    text = "# 01 · A\n\n## 1 · What *is* it?\n\nOnly here.\n\n### Not listed\n\n## 2 · `b` & c"
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    nbformat.write(made, tmp_path / "01_a.ipynb")
    export(tmp_path / "01_a.ipynb", tmp_path / "01_a.html")
    page = (tmp_path / "01_a.html").read_text(encoding="utf-8")
    [contents] = re.findall(r'<nav class="wb-contents".*?</nav>', page, re.S)
    links = re.findall(r'<a href="#([^"]+)">(.*?)</a>', contents)
    assert [title for _, title in links] == ["1 · What is it?", "2 · b &amp; c"]
    assert all(f'<h2 id="{place}">' in page for place, _ in links)
    assert page.index("<h1") < page.index('wb-contents"') < page.index("Only here.")
    short = with_contents('<h1 id=\'a\'>A</h1><h2 id="b">B<a class="anchor-link">¶</a></h2>')
    assert "nav" not in short


def test_links_between_lessons_lead_to_pages(tmp_path):
    text = "[next](02_b.ipynb#part) [not run](03_c.ipynb)"
    for stem in ("01_a", "02_b"):
        made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
        nbformat.write(made, tmp_path / f"{stem}.ipynb")
    export(tmp_path / "01_a.ipynb", tmp_path / "01_a.html")
    page = (tmp_path / "01_a.html").read_text(encoding="utf-8")
    assert 'href="02_b.html#part"' in page
    assert "03_c" not in page, "no link leads to what is not there"
    assert "not run" in page


REFRESHER = """# %% [markdown]
# # Refresher: sums
#
# [Index](../00_start.ipynb), [a lesson that was not run](../09_later.ipynb).

# %%
print("the sum is", 20 + 22)
"""
EXPERIMENT = """# %% [markdown]
# # Experiment: a coin
#
# **For** lesson 00. **In short:** Is it fair? *Predicted:* yes.
#
# **Question.** Is it?

# %% tags=["parameters"]
profile = "laptop"

# %%
from workbench.course.experiments import committed

table = committed("coin")
"""
TABLE = {
    "experiment": "coin",
    "profile": "laptop",
    "dataset": "none",
    "machine": "a laptop",
    "command": "workbench experiment coin",
    "failed": [],
    "rows": [
        {
            "parameters": {"bias": 0.5},
            "seeds": [0],
            "figures": {"heads": {"mean": 0.4321, "low": 0, "high": 1, "values": [1], "unit": ""}},
        }
    ],
}
LINK = re.compile(r"""<a\b[^>]*?\shref=["'](?!https?:|data:)([^"']*)["']""")


@pytest.fixture(scope="module")
def with_companions(tmp_path_factory):
    """The report of a lesson that leads to a refresher, an experiment and a missing page."""
    root, out = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("out")
    paths = ("refreshers/sums", "refreshers/more", "refreshers/none", "07_no")
    links = " ".join(f"[{path.rpartition('/')[2]}]({path}.ipynb)" for path in paths)
    body = f"# %% [markdown]\n# # 00 · Start\n#\n# {links}\n\n{PARAMETERS}{FINISH}\n# %%\npass\n"
    write(root, "00_start", body, parameters="")
    texts = {"refreshers/sums": REFRESHER, "experiments/coin": EXPERIMENT}
    texts["refreshers/more"] = REFRESHER.replace("20 + 22", "1 + 2")
    for name, text in texts.items():
        script = root / "src" / f"{name}.py"
        script.parent.mkdir(exist_ok=True)
        script.write_text(text, encoding="utf-8")
    results = root / "experiments" / "results"
    results.mkdir(parents=True)
    (results / "coin.json").write_text(json.dumps(TABLE))
    assert report.run_report(out, root=root, one_file=True, timeout=240) == 0
    return out


def test_what_a_lesson_links_to_is_in_the_report(with_companions):
    """A refresher is run; an experiment shows its committed table and says that it was not run."""
    refresher = (with_companions / "refreshers/sums.html").read_text(encoding="utf-8")
    assert "the sum is 42" in refresher
    assert "the sum is 3" in (with_companions / "refreshers/more.html").read_text("utf-8")
    assert 'href="../00_start.html"' in refresher
    assert "09_later" not in refresher
    experiment = (with_companions / "experiments/coin.html").read_text(encoding="utf-8")
    assert "0.432" in experiment
    assert "was not run for this page" in experiment
    lesson = (with_companions / "00_start.html").read_text(encoding="utf-8")
    assert 'href="experiments/coin.html">a coin</a>: Is it fair?' in lesson
    assert "refreshers/none" not in lesson


def test_every_relative_link_of_a_report_leads_somewhere(with_companions, ran):
    for out in (with_companions, ran[1]):
        for page in out.rglob("*.html"):
            for link in LINK.findall(page.read_text(encoding="utf-8")):
                path = link.partition("#")[0]
                target = (page.parent / path).resolve() if path else page
                if page.name != "report.html":
                    assert target.is_file(), (page.name, link)
                    assert target.suffix != ".ipynb", (page.name, link)


def test_one_file_leads_from_a_lesson_to_a_refresher_and_back(with_companions, chromium):
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.goto((with_companions / "report.html").as_uri())
    inside = page.frame_locator("#lesson iframe")
    page.get_by_role("link", name="The executed notebook").click()
    inside.get_by_role("link", name="sums").click()
    inside.get_by_text("the sum is 42").wait_for()
    inside.get_by_role("link", name="Index").click()
    inside.get_by_role("link", name="a coin").click()
    inside.get_by_text("Is it?").wait_for()
    page.get_by_role("link", name="← Report").click()
    page.locator("#lesson").wait_for(state="hidden")
    context.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", r"07_x\.ipynb: is not a valid notebook"),
        ("profile = 'smoke'\nseed = = 3", "cell with the parameters is not Python.*line 2"),
        ("%matplotlib inline\n!ls\nprofile = 'smoke'", "unknown parameter 'seed'; it has: profile"),
    ],
)
def test_a_notebook_that_cannot_be_read_has_its_reason(tmp_path, text, reason):
    """One damaged lesson must not end the report of the others."""
    source = tmp_path / "07_x.ipynb"
    cell = nbformat.v4.new_code_cell(text, metadata={"tags": ["parameters"]})
    whole = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    source.write_text(text if text == "{" else whole)
    outcome = run_notebook(source, tmp_path / "out.ipynb", {"seed": 1}, timeout=9, threads=1)
    assert outcome.status == "failed"
    assert re.search(reason, outcome.reason)
