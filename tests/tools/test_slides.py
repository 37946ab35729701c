"""Slides of every lesson: derived from its form, complete, without requests to the network."""

import re

import nbformat
import pytest

from workbench.cli import main
from workbench.course.notebooks import build, scripts
from workbench.tools.slides import page_of, slides_of

SCRIPTS = scripts()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_every_question_exercise_and_equation_is_on_a_slide(script):
    notebook = build(script)
    slides = list(slides_of(notebook))
    assert [s for s in slides if s.startswith("# ")] == slides[:1]
    text = "\n".join(slides)
    prose = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for heading in re.findall(r"(?m)^## Exercise .+$", prose):
        assert heading in text
    sections = [p for p in re.split(r"(?m)^(?=## )", prose) if re.match(r"## \d+ ·", p)]
    assert len(re.findall(r"(?m)^\*(?:Predict|Think first):\*", text)) >= len(sections)
    assert text.count(r"\qquad (") == prose.count(r"\qquad (")
    assert "<details>" not in text, "no solutions"


def test_a_page_has_figures_with_words_and_fetches_nothing():
    notebook = build(SCRIPTS[5])
    cell = [c for c in notebook.cells if c.cell_type == "code"][-2]
    picture = "<img alt='a curve that falls' src='data:image/png;base64,iVBORw0KGgo='>"
    data = {"image/png": "iVBORw0KGgo=", "text/html": picture, "text/plain": "<Figure>"}
    bare = {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure 1>"}
    table = {"text/html": "<table></table>"}
    cell.outputs = [nbformat.v4.new_output("display_data", data=d) for d in (data, bare, table)]
    page = page_of(notebook)
    assert picture in page
    assert 'alt="&lt;Figure 1&gt;"' in page
    assert "<table></table>" not in page
    assert "<math" in page
    assert page.count("<h1") == 1
    assert "¶" not in page
    assert page.count("<section") > 20
    assert not re.search(r"""(src|href)=["']?https?://[^"' >]+\.(js|css)""", page)


def test_the_command_writes_a_page_per_lesson(tmp_path, capsys):
    assert main(["slides", "00", "05", "--out", str(tmp_path / "s")]) == 0
    assert sorted(p.name[:2] for p in (tmp_path / "s").iterdir()) == ["00", "05"]
    assert main(["slides", "77", "--out", str(tmp_path)]) == 2
    assert "'77'" in capsys.readouterr().err
    assert main(["slides", "00", "--report", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "workbench report --only 00" in capsys.readouterr().err
