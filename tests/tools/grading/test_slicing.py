"""Slices of notebooks: what a function needs and no more, whatever else is in the cells."""

import ast

import pytest

from workbench.course import notebooks
from workbench.course.teaching import exercises
from workbench.tools.grading.lessons import lessons
from workbench.tools.grading.slicing import cut


def lines(cells, function="f", home=None):
    found = cut(cells, function, home)
    assert not found.problem, found.problem
    return [ast.unparse(statement.node) for statement in found.statements]


def test_only_what_it_uses_is_taken():
    cells = [
        "import numpy as np\nslow = train()",
        "def g(x):\n    return np.sqrt(x) * k",
        "k = 2\nother = 3",
        "def f(x):\n    y = g(x)\n    return y",
        "f(1)",
    ]
    taken = lines(cells)
    assert taken == [
        "import numpy as np",
        "def g(x):\n    return np.sqrt(x) * k",
        "k = 2",
        "def f(x):\n    y = g(x)\n    return y",
    ]


def test_the_last_definition_counts():
    cells = ["def f(x):\n    return None", "a = 1", "def f(x):\n    return a"]
    assert lines(cells) == ["a = 1", "def f(x):\n    return a"]
    assert lines(["def f(x): return 1", "f = lambda x: 2"]) == ["f = lambda x: 2"]
    assert lines(["def f(x): return 1", "f = g", "def g(x): return 2"])[0] == "f = g"
    assert lines(["def f(x): return 1", "f = cache(f)"])[-1] == "f = cache(f)"


@pytest.mark.parametrize("later", ["f = [f(1)]", "f = train()", "f += 1", "for f in 'ab': pass"])
def test_a_name_that_is_used_again_for_something_else(later):
    assert lines(["def f(x):\n    return 1", later]) == ["def f(x):\n    return 1"]


def test_what_changes_a_name_is_taken_too():
    cells = [
        "table = {}",
        "table['a'] = 1",
        "names = []\nnames.append(table)",
        "names.sort()",
        "table.clear()",
        "def f(x):\n    return names",
        "table['b'] = 2",
    ]
    assert lines(cells) == [
        "table = {}",
        "table['a'] = 1",
        "names = []",
        "names.append(table)",
        "names.sort()",
        "def f(x):\n    return names",
    ]
    assert lines(["n = 1", "n += 1", "def f(): return n"])[:2] == ["n = 1", "n += 1"]


def test_a_modules_function_changes_its_argument_and_not_the_module():
    cells = [
        "import numpy as np, torch\na = np.zeros(3)\nslow = np.array(train())",
        "np.fill_diagonal(slow, 0)",
        "np.put(a, [0], 1)",
        "torch.manual_seed(n)\nnp.random.shuffle(a[1:])",
        "def f(x):\n    return torch.tensor(np.dot(x, a))",
    ]
    kept = lines([cells[0], "n = 3", *cells[1:]])
    assert kept == [
        "import numpy as np, torch",
        "a = np.zeros(3)",
        "n = 3",
        "np.put(a, [0], 1)",
        "torch.manual_seed(n)",
        "np.random.shuffle(a[1:])",
        cells[-1],
    ]


def test_names_bound_further_down_are_found():
    found = lines(["def f(x):\n    return helper(x)", "def helper(x):\n    return x"])
    assert found[-1].startswith("def helper")


def test_local_names_reach_nothing():
    cells = ["x = load()\ny = x", "def f(x):\n    y = [x for x in range(3)]\n    return y"]
    assert len(lines(cells)) == 1
    cells = ["y = load()", "def f(x):\n    y = []\n    y += [x]\n    y.sort()\n    return y"]
    assert len(lines(cells)) == 1


def test_compound_statements_bind():
    cells = [
        "try:\n    import fast as m\nexcept ImportError:\n    import math as m",
        "for i in range(3):\n    total = i",
        "with open('x') as file:\n    text = file.read()",
        "@m.cache\ndef f(x):\n    return total",
    ]
    assert len(lines(cells)) == 3
    cells = ["n = 0", "n = 1", "if n > 3:\n    n = 2", "def f(x): return n"]
    assert lines(cells)[0] == "n = 1"
    assert len(lines(cells)) == 3


def test_star_imports_may_bind_anything():
    assert lines(["from math import *", "def f(x):\n    return sqrt(x)"])[0].startswith("from math")


def test_defaults_annotations_and_decorators_are_uses():
    cells = ["A = 1\nB = int\nC = 2", "def f(x: B = A):\n    return x"]
    assert lines(cells)[:2] == ["A = 1", "B = int"]


@pytest.mark.parametrize(
    "cell",
    [
        "%%time\ndef f(x):\n    return x",
        "%matplotlib inline\n!ls\ndef f(x):\n    return x",
        "!pip install that\ndef f(x):\n    return x\nf?",
    ],
)
def test_magics_are_passed_over(cell):
    assert lines([cell]) == ["def f(x):\n    return x"]


def test_a_cell_of_another_language_is_no_python():
    assert "not defined" in cut(["%%bash\ndef f"], "f", None).problem


def test_cells_that_do_not_parse():
    found = cut(["this is no python", "def f(x):\n    return x"], "f", None)
    assert not found.problem
    found = cut(["def f(x):\n    return x +"], "f", None)
    assert "its cell is not Python: SyntaxError" in found.problem
    assert "line 2" in found.problem
    found = cut(["def f(x): return None", "def f(x):\n  return ("], "f", None)
    assert "not Python" in found.problem  # the last one is what the student means
    assert "not Python" in cut(["def g(:"], "f", 0).problem
    assert "not Python" in cut(["(" * 10_000, "x = 1"], "f", 0).problem


def test_a_renamed_function_is_named():
    assert (
        "its cell defines add_nose: was it renamed?"
        in cut(["def add_nose(x): return x"], "add_noise", 0).problem
    )
    assert cut(["x = 1"], "add_noise", 0).problem == "add_noise is not defined"


def test_what_it_imports_is_known():
    found = cut(
        [
            "import numpy as np\nfrom workbench.models.diffusion import guided as g",
            "import os",
            "def f(x):\n    import json.decoder\n    return g(np, x)",
        ],
        "f",
        None,
    )
    assert found.imports == ["json.decoder", "numpy", "workbench.models.diffusion"]


@pytest.mark.parametrize("script", notebooks.scripts(), ids=lambda script: script.stem)
def test_the_courses_own_solutions_are_correct_in_slices(script):
    """What `grade` would ask of each notebook with its solutions in it, and nothing else of it."""
    notebook = notebooks.build(script, solutions=True)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    [lesson] = lessons([script.stem[:2]])
    for exercise in lesson.marked:
        found = cut(cells, exercise.function, None)
        assert not found.problem, exercise
        assert len(found.statements) < 10, exercise  # an import, a helper, no training
        names: dict = {}
        for statement in found.statements:
            exec(compile(ast.Module([statement.node], []), "cell", "exec"), names)
        result = exercises()[exercise.number](names[exercise.function])
        assert result.passed, f"{exercise.number}: {result}"
