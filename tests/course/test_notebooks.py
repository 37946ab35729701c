"""Notebooks from percent scripts, and that those in the repository are in step."""

from __future__ import annotations

import json
import re
import tomllib

import nbformat
import pytest

from workbench import cli
from workbench.course import notebooks
from workbench.errors import WorkbenchError

SCRIPT = """# %% [markdown]
# # 42 Title
#
# An equation: $a^2$.

# %% tags=["parameters"]
profile = "laptop"

# %% tags=["stub"]
def root(x):
    return None

# %% tags=["check"]
print("correct" if root(4) == 2 else "not attempted")

# %% tags=["solution"]
def root(x):
    return x**0.5
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "42_title.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


def test_a_solution_is_collapsed_after_its_check(folder):
    made = notebooks.build(folder / "src" / "42_title.py")
    kinds = [cell.cell_type for cell in made.cells]
    assert kinds == ["markdown", "markdown", "code", "code", "code", "code", "markdown"]
    assert made.cells[3].metadata.tags == ["parameters"]
    assert "return None" in made.cells[4].source
    box = made.cells[6].source
    assert box.startswith("<details><summary>Solution</summary>\n\n```python\ndef root")
    assert "x**0.5" in box
    assert box.endswith("```\n\n</details>")


def test_with_solutions_the_solution_takes_the_place_of_the_stub(folder):
    made = notebooks.build(folder / "src" / "42_title.py", solutions=True)
    assert len(made.cells) == 6
    assert "x**0.5" in made.cells[4].source
    assert "return None" not in notebooks.text_of(made)


def test_a_lesson_opens_in_colab_and_asks_the_network_for_nothing(folder):
    badge, cell = notebooks.build(folder / "src" / "42_title.py").cells[1:3]
    [address] = re.findall(r"\]\((.+)\)", badge.source)
    assert address.startswith(notebooks.COLAB)
    assert address.endswith("/blob/main/notebooks/42_title.ipynb")
    assert "![" not in badge.source
    assert cell.metadata.tags == ["colab"]
    project = tomllib.loads((notebooks.CHECKOUT.parent / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Repository"] == notebooks.REPOSITORY
    assert notebooks.REPOSITORY in cell.source


@pytest.mark.parametrize(("solutions", "verdict"), [(False, "not attempted"), (True, "correct")])
def test_both_ways_the_cells_run(folder, capsys, solutions, verdict):
    names: dict[str, object] = {}
    for cell in notebooks.build(folder / "src" / "42_title.py", solutions=solutions).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    assert capsys.readouterr().out.strip() == verdict


def test_regenerating_writes_once_and_notices_edits(folder):
    made = folder / "42_title.ipynb"
    assert notebooks.stale(folder) == [made]
    assert notebooks.regenerate(folder) == [made]
    before = made.read_bytes()
    assert notebooks.regenerate(folder) == []
    assert notebooks.stale(folder) == []
    script = folder / "src" / "42_title.py"
    script.write_text(script.read_text().replace("laptop", "smoke"))
    assert notebooks.stale(folder) == [made]
    assert made.read_bytes() == before


def test_a_notebook_that_was_run_and_saved_is_out_of_step(folder):
    [made] = notebooks.regenerate(folder)
    content = nbformat.read(made, as_version=4)
    content.cells[1].outputs = [nbformat.v4.new_output("stream", text="secret")]
    nbformat.write(content, made)
    assert notebooks.stale(folder) == [made]
    notebooks.regenerate(folder)
    assert "secret" not in made.read_text()


def test_a_solution_without_a_stub_is_refused(folder):
    script = folder / "src" / "42_title.py"
    script.write_text(SCRIPT.replace('tags=["stub"]', ""))
    with pytest.raises(WorkbenchError, match="without a stub"):
        notebooks.build(script)


def test_a_folder_without_notebooks_is_named(tmp_path):
    with pytest.raises(WorkbenchError, match="src: no notebooks"):
        notebooks.regenerate(tmp_path)


def test_the_command_checks_and_regenerates(folder, monkeypatch, capsys):
    monkeypatch.setattr(notebooks.regenerate, "__defaults__", (folder,))
    monkeypatch.setattr(notebooks.stale, "__defaults__", (folder,))
    assert cli.main(["notebooks", "--check"]) == 1
    assert ".ipynb" in capsys.readouterr().out
    assert cli.main(["notebooks"]) == 0
    assert cli.main(["notebooks", "--check"]) == 0


def test_the_notebooks_of_the_repository_are_in_step():
    assert notebooks.stale() == [], "run: workbench notebooks"


def test_the_notebooks_of_the_repository_are_clean():
    for script in notebooks.scripts():
        content = json.loads(notebooks.target_of(script).read_text(encoding="utf-8"))
        assert content["metadata"]["kernelspec"]["name"] == "python3"
        code = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
        assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
        tags = [tag for cell in content["cells"] for tag in cell["metadata"].get("tags", [])]
        assert tags.count("parameters") == 1, script
        assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
