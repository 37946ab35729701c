"""Listings: the library's own lines, without docstrings, with file and line."""

import ast
import inspect
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from workbench.course.listing import COLOURS, PACKAGE, listing
from workbench.errors import PromptError
from workbench.models.denoisers import Block
from workbench.models.diffusion import Diffusion, guided
from workbench.models.mrlstm import MRLSTM, read_at_stride
from workbench.models.patch_vae import PatchVAE


def without_docstrings(source):
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.unparse(tree)


@pytest.mark.parametrize("thing", [read_at_stride, guided, MRLSTM, listing])
def test_a_listing_is_the_source_without_its_docstrings(thing):
    shown = listing(thing)
    assert ast.unparse(ast.parse(shown.text)) == without_docstrings(inspect.getsource(thing))
    assert '"""' not in shown.text
    assert ":\n\n" not in shown.text


@pytest.mark.parametrize("thing", [read_at_stride, MRLSTM.forward, Diffusion.loss, PatchVAE.begin])
def test_the_line_is_that_of_the_file(thing):
    shown = listing(thing)
    lines = (PACKAGE.parent / shown.path).read_text(encoding="utf-8").splitlines()
    assert lines[shown.line - 1].strip() == shown.text.splitlines()[0]


def test_part_of_a_function_runs_from_first_to_last():
    shown = listing(Block.forward, first="x = x + gate1", last="return")
    lines = shown.text.splitlines()
    assert lines[0].startswith("x = x + gate1")
    assert lines[-1].startswith("return")
    assert not any(line.startswith(" ") for line in lines)
    whole = Path(inspect.getfile(Block)).read_text(encoding="utf-8").splitlines()
    assert whole[shown.line - 1].strip() == lines[0]
    assert listing(Block.forward, first="unbind", last="unbind").text.count("\n") == 0


@pytest.mark.parametrize("part", [{"first": "nowhere"}, {"last": "nowhere"}])
def test_a_part_that_is_not_there_is_named(part):
    with pytest.raises(PromptError, match=r"Block\.forward.*'nowhere'"):
        listing(Block.forward, **part)


@pytest.mark.parametrize("thing", [np.add, len, 3])
def test_what_has_no_source_in_python_is_refused(thing):
    with pytest.raises(PromptError, match="no source in Python"):
        listing(thing)


def test_the_page_shows_the_same_lines_in_the_colours_of_the_editor():
    shown = listing(read_at_stride)
    page = shown._repr_html_()
    assert f"{shown.path}, line {shown.line}" in page
    code = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.S)[1]
    assert unescape(re.sub(r"<[^>]+>", "", code)).strip() == shown.text
    assert f'<span style="{COLOURS["k"]}">def</span>' in page
    assert "class=" not in code
    assert str(shown).endswith(shown.text)
