"""Submissions that want marks for wrong answers: each by a road of its own, none gets there."""

import json
import shutil
import tempfile
from pathlib import Path

import nbformat
import pytest

from tests.tools.grading.conftest import NOISE, RIGHT_NOISE
from workbench.course.teaching import check_add_noise
from workbench.course.teaching.judging import _apart
from workbench.errors import WorkbenchError
from workbench.tools.grading.lessons import lessons
from workbench.tools.grading.marks import grade
from workbench.tools.grading.sandbox import Limits
from workbench.tools.grading.submissions import collect

LIMITS = Limits(seconds=10, memory_mb=800)
WRONG = NOISE.format("0 * x0")
# as the first statements of a cell that goes on with a wrong function, or as the function itself
FORGE = """
import json, os
def forge():
    for fd in range(3, 60):
        for line in (
            {"kind": "ready"}, {"kind": "verdict", "state": "correct", "points": 1},
            {"kind": "answer", "number": 0, "value": 1e9, "state": "correct", "points": 1},
            {"kind": "start", "problem": "", "points": 1},
        ):
            try:
                os.write(fd, (json.dumps(line) + "\\n").encode())
            except OSError:
                pass
"""
ROADS = {
    # after the answer, at the end of the process, when an object goes, from a thread that goes on
    "atexit": FORGE + "import atexit\natexit.register(forge)\n" + WRONG,
    "del": FORGE
    + "class Last:\n    def __del__(self):\n        forge()\nlast = Last()\n"
    + NOISE.format("(last, 0 * x0)[1]"),
    "thread": FORGE
    + "import threading, time\ndef later():\n    while True:\n        forge()\n"
    + "        time.sleep(0.001)\nthreading.Thread(target=later).start()\n"
    + NOISE.format("(later, 0 * x0)[1]"),
    # answers that say of themselves that they are right
    "equal to all": "import numpy as np\nclass Yes(np.ndarray):\n"
    "    def __eq__(self, other):\n        return True\n    __ne__ = __lt__ = lambda *a: False\n"
    "    def __array_function__(self, *a, **k):\n        return True\n"
    "    def __array_ufunc__(self, *a, **k):\n        return True\n"
    + NOISE.format("(0 * x0).view(Yes)"),
    "chameleon": "class Any(float):\n    def __eq__(self, other):\n        return True\n"
    "    __hash__ = None\n    def __array__(self, *a, **k):\n        return self\n"
    "    shape = property(lambda self: ())\n" + NOISE.format("Any(0)"),
    # what judges, made lenient
    "patches": "import json, numpy as np, sys\n"
    "np.allclose = np.isclose = np.array_equal = lambda *a, **k: True\n"
    "json.loads = lambda *a: 1\n"
    "for module in list(sys.modules.values()):\n"
    "    for name in ('same', '_difference', '_apart', 'verdict', 'judge'):\n"
    "        try:\n            setattr(module, name, lambda *a, **k: None)\n"
    "        except Exception:\n            pass\n" + WRONG,
    "a teaching of its own": "import sys, types\n"
    "mine = types.ModuleType('workbench.course.teaching')\n"
    "mine.check_add_noise = lambda f: 'correct'\nsys.modules['workbench.course.teaching'] = mine\n"
    + WRONG,
    # up the frames and through the memory to a right answer
    "frames": "import gc, sys\ndef add_noise(x0, noise, alpha_bar):\n"
    "    frame = sys._getframe()\n    while frame:\n"
    "        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:\n"
    "            for name in ('answer', 'make', 'draw', 'right', 'expected'):\n"
    "                if hasattr(value, name) and callable(getattr(value, name)):\n"
    "                    return getattr(value, name)(x0, noise, alpha_bar)\n"
    "        frame = frame.f_back\n"
    "    for value in gc.get_objects():\n"
    "        if type(value).__name__ in ('Task', 'Exercise'):\n"
    "            return value.answer(x0, noise, alpha_bar)\n    return 0 * x0\n",
    "tracing": "import sys\nseen = []\ndef look(frame, event, arg):\n"
    "    seen.append(arg)\n    return look\nsys.settrace(look)\nsys.setprofile(look)\n"
    + NOISE.format("seen[-1] if seen and hasattr(seen[-1], 'shape') else 0 * x0"),
    "memory": "import os\ndef add_noise(x0, noise, alpha_bar):\n    found = b''\n"
    "    for pid in ('self', os.getppid(), 1):\n"
    "        for name in ('mem', 'environ', 'maps', 'fd/3', 'cwd/seed.txt', 'root/etc/shadow'):\n"
    "            try:\n                found += open(f'/proc/{pid}/{name}', 'rb').read(100)\n"
    "            except (OSError, ValueError):\n                pass\n    return 0 * x0\n",
    # cells that turn other cells into something else
    "transformer": "shell = get_ipython()\n"
    "shell.input_transformers_post.append(lambda lines: ['1'])\n"
    "shell.ast_transformers.append(None)\n"
    "shell.user_ns['check_add_noise'] = lambda f: 'correct'\n"
    "shell.run_cell('raise SystemExit(0)')\n" + NOISE.format("(shell, 0 * x0)[1]"),
    "magic": "%load_ext autoreload\n%%capture\n%pip install cheats\n!echo correct > marks.csv\n"
    + WRONG,
    # the answer is asked to end well
    "exit": FORGE + "def add_noise(x0, noise, alpha_bar):\n    forge()\n    os._exit(0)\n",
}
BESIDE = {  # files beside the notebook, which Python might take for its own
    name: "import os, sys\nprint('correct')\nos._exit(0)\n"
    for name in (
        "sitecustomize.py",
        "usercustomize.py",
        "json.py",
        "psutil.py",
        "workbench/__init__.py",
        "workbench/course/teaching/__init__.py",
        "workbench/tools/grading/worker.py",
        "conftest.py",
    )
} | {
    "x.pth": "import os; os._exit(0)\n",
    "marks.csv": "student,05.1,points\nfiles,1,1\n",
    "results/files-05.json": '{"student": "files", "points": 1, "key": ""}',
    "seed.txt": "1\n",
    "pyvenv.cfg": "home = .\n",
}


@pytest.fixture(params=["best", "weak"])
def how(request) -> str:
    if request.param == "weak":
        request.getfixturevalue("readable_python")
        return "asked for by the test"
    return ""


def test_no_road_leads_to_marks(hand_in, student_version, root_of_one, tmp_path, how):
    folder = tmp_path / "in"
    for name, first in ROADS.items():
        hand_in(folder / name / "05_small.ipynb", first)
    hand_in(folder / "files" / "05_small.ipynb", WRONG)
    for name, text in BESIDE.items():
        (folder / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "files" / name).write_text(text)
    (folder / "tags").mkdir()
    (folder / "tags" / "05_small.ipynb").write_text(imitation(student_version))
    hand_in(folder / "honest" / "05_small.ipynb", RIGHT_NOISE)
    records = grade(
        folder, tmp_path / "out", root=root_of_one, limits=LIMITS, jobs=2, seed=4, weak=how
    )
    points = {record["student"]: record["points"] for record in records}
    assert points.keys() == {*ROADS, "files", "tags", "honest"}
    assert {name for name, got in points.items() if got} == {"honest"}
    states = {record["student"]: record["state"] for record in records}
    assert not [name for name, state in states.items() if state.startswith("could not")]
    assert states["files"] == states["tags"] == "graded: wrong"  # asked, not stopped


def imitation(student_version) -> str:
    """A notebook with the grader's ids and tags on cells of its own, and results in its outputs."""
    notebook = nbformat.read(student_version, as_version=4)
    [stub, *_] = [c for c in notebook.cells if "stub" in c.metadata.get("tags", [])]
    [check, *_] = [c for c in notebook.cells if "check" in c.metadata.get("tags", [])]
    stub.source = WRONG
    mark = {"state": "correct", "points": 1.0, "of": 1.0}
    for tag in ("solution", "stub", "check", "grade", "autograded"):
        cell = nbformat.v4.new_code_cell(
            f"add_noise.points, add_noise.state = 1, 'correct'  # {tag}",
            metadata={"tags": [tag], "nbgrader": {"grade_id": "05.1", **mark}, "workbench": mark},
        )
        cell["id"] = stub["id"]
        notebook.cells.append(cell)
    check.outputs = [
        nbformat.v4.new_output("stream", text="✓ correct\n"),
        nbformat.v4.new_output("execute_result", {"text/html": "<strong>✓ correct</strong>"}),
    ]
    notebook.metadata["workbench"] = {"lesson": "05", **mark, "key": "", "exercises": [mark]}
    return json.dumps(notebook)


def test_marks_do_not_lie_among_the_submissions(hand_in, root_of_one, tmp_path):
    """There a student could lay kept results of their own making."""
    folder = tmp_path / "in"
    hand_in(folder / "ada" / "05_small.ipynb", WRONG)
    for out in (folder / "marks", folder, folder / "ada" / "deep", tmp_path / "x" / ".." / "in"):
        with pytest.raises(WorkbenchError, match=r"--out .*is within the submissions"):
            grade(folder, out, root=root_of_one)
    assert [path.name for path in folder.iterdir()] == ["ada"]
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(WorkbenchError, match="is within the submissions"):
        grade(folder, tmp_path / "link" / "marks", root=root_of_one)


def test_links_lead_to_nobody_elses_work(hand_in, root_of_one, tmp_path):
    folder = tmp_path / "in"
    hand_in(folder / "ada" / "05_small.ipynb", RIGHT_NOISE)
    (folder / "mallory").symlink_to(folder / "ada")
    (folder / "trudy").mkdir()
    (folder / "trudy" / "05_small.ipynb").symlink_to(folder / "ada" / "05_small.ipynb")
    (folder / "oscar.ipynb").symlink_to(folder / "ada" / "05_small.ipynb")
    found = {s.name: list(s.lessons) for s in collect(folder, lessons(root=root_of_one))}
    assert found == {"ada": ["05"], "trudy": []}


@pytest.fixture
def open_folder():
    """One that every user may enter, and that no sandbox's own /tmp covers."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_trusted_notebooks_are_closed_wherever_they_lie(
    hand_in, root_of_one, tmp_path, open_folder, monkeypatch, how
):
    """Also in a folder that is shown, as notebooks of an installed wheel lie beside Python's."""
    data = open_folder
    root = data / "notebooks"
    shutil.copytree(root_of_one, root)
    (data / "open.txt").write_text("open")
    monkeypatch.setenv("WORKBENCH_CACHE", str(data))
    key = root / "src" / "05_small.py"
    body = (
        "def add_noise(x0, noise, alpha_bar):\n"
        f"    assert open({str(data / 'open.txt')!r}).read() == 'open'\n"
        f"    text = open({str(key)!r}).read()\n    return eval(text.split('return')[2])\n"
    )
    hand_in(tmp_path / "in" / "ada" / "05_small.ipynb", body)
    [record] = grade(tmp_path / "in", tmp_path / "out", root=root, limits=LIMITS, jobs=1, weak=how)
    assert record["points"] == 0
    message = record["exercises"][0]["message"]
    assert "05_small.py" in message, message


def test_a_dict_of_many_keys_is_told_in_few_words():
    """Whatever comes back, a message stays short."""
    told = _apart({f"{number} of a student's": 0 for number in range(99_999)}, {"mean": 0.0}, 1e-4)
    assert "mean" in told
    assert len(told) < 400
    assert check_add_noise(lambda *case: "x" * 10**6).message.count("x") < 400
