"""What a class may hand in, by mischief or by accident: none gets out, none costs another student
marks, each ends in time."""

import csv
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import textwrap
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.tools.grading.conftest import NOISE, RIGHT_NOISE, RIGHT_STEP, way_here
from workbench.course.teaching.asking import Answer
from workbench.errors import MissingDataError
from workbench.tools.grading.lessons import lessons
from workbench.tools.grading.marks import grade, write_marks
from workbench.tools.grading.sandbox import Limits, Question, Reply, Sandbox, SandboxError
from workbench.tools.grading.slicing import cut
from workbench.tools.grading.submissions import collect
from workbench.tools.grading.tree import named, read, shown, walk

LIMITS = Limits(seconds=2, memory_mb=500, printed=100_000)
MARK = f"workbench-hostile-{os.getpid()}"
C = "import ctypes, os, time, mmap\nlibc = ctypes.CDLL(None, use_errno=True)\n"


def ask(way, body, limits=LIMITS, cases=None):
    lines = textwrap.indent(C + body, "    ")
    return Sandbox(limits, way=way).ask(
        Question([f"def f(x):\n{lines}"], "f", cases or [(np.arange(3.0),)])
    )


@pytest.fixture(params=["bubblewrap", "namespaces"])
def way(request) -> str:
    return way_here(request.param)


# what a process may try, and must not get: each gives a true value where it succeeded
TRIES = {
    "memfd": "os.ftruncate(os.memfd_create('x'), 1 << 33)\nreturn 1",
    "shared memory of System V": "return libc.shmget(0, 1 << 20, 0o1600) >= 0",
    "shared anonymous memory": "mmap.mmap(-1, 1 << 24)\nreturn 1",
    "large file": "with open('x', 'wb') as f:\n    f.write(bytes(65 << 20))\nreturn 1",
    "namespace of its own": "return libc.unshare(0x10020000) == 0",
    "mount": "return libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "core pattern": "open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/sh')\nreturn 1",
    "overcommit": "open('/proc/sys/vm/overcommit_memory', 'w').write('1')\nreturn 1",
    "out of memory score": "open('/proc/self/oom_score_adj', 'w').write('-1000')\nreturn 1",
    "root again": "return libc.setuid(0) == 0 or libc.setresuid(0, 0, 0) == 0",
    "is root": "return os.getuid() == 0",
    "passwords": "return open('/etc/shadow').read() != ''",
    "the disk": "return os.path.exists('/proc/1/root/etc/shadow')",
    "another's process": "return libc.ptrace(16, 1, 0, 0) == 0",
    "init": "os.kill(1, 9)\ntime.sleep(0.2)\nreturn not os.path.exists('/proc/1')",
    "device": "return libc.mknod(b'sda', 0o60600, 0x800) == 0",
    "the root folder": "open('/x', 'w')\nreturn 1",
    "devices": "open('/dev/x', 'w')\nreturn 1",
    "packages": "open(os.__file__, 'a')\nreturn 1",
    "priority": "return libc.setpriority(0, 0, -20) == 0",
    "more limits": "import resource as r\nr.setrlimit(r.RLIMIT_NPROC, (999, 999))\nreturn 1",
    "a file's handle": "return libc.syscall(304, 0, 0, 0) == 0",
    "kernel keys": "return libc.syscall(248, b'user', b'x', b'y', 1, -3) > 0",
}


@pytest.fixture(scope="module", params=["bubblewrap", "namespaces"])
def tried(request) -> dict[str, Answer]:
    """What became of each, all asked of one process: whatever is refused does not end it."""
    body = "".join(
        f"if x == {what!r}:\n{textwrap.indent(code, '    ')}\n" for what, code in TRIES.items()
    )
    reply = ask(way_here(request.param), body, cases=[(what,) for what in TRIES])
    assert not reply.stopped, reply
    return dict(zip(TRIES, reply.answers, strict=True))


@pytest.mark.parametrize("what", TRIES)
def test_what_is_refused(tried, what):
    assert tried[what].error or not tried[what].value, tried[what]


# what a process may use up: each must be ended by a limit
HOGS = {
    "sleep": "time.sleep(600)",
    "short processes": (
        "import signal\nsignal.signal(17, signal.SIG_IGN)\nwhile True:\n"
        "    if not os.fork():\n        end = time.monotonic() + 0.03\n"
        "        while time.monotonic() < end:\n            pass\n        os._exit(0)\n"
        "    time.sleep(0.03)"
    ),
    "threads": (
        "import threading\ndef spin():\n    while True:\n        pass\n"
        "for _ in range(8):\n    threading.Thread(target=spin).start()\ntime.sleep(600)"
    ),
    "memory of children": (
        "for _ in range(8):\n    if not os.fork():\n"
        "        hog = bytearray(os.urandom(1000) * 100_000)\n"
        "        time.sleep(60)\ntime.sleep(60)"
    ),
    "deaf to signals": "import signal\nsignal.signal(15, signal.SIG_IGN)\nwhile True:\n    pass",
    "orphans": (
        "for _ in range(20):\n    if not os.fork():\n        os.setsid()\n"
        "        if not os.fork():\n"
        "            while True:\n                pass\n        os._exit(0)\ntime.sleep(600)"
    ),
    "output": "while True:\n    os.write(1, b'x' * 4096)",
}


@pytest.fixture(scope="module", params=["bubblewrap", "namespaces"])
def hogs(request) -> dict[str, Reply]:
    """What became of each; three at a time, for most only wait."""
    way, limits = way_here(request.param), Limits(1, 500, 100_000)
    with ThreadPoolExecutor(3) as pool:
        replies = pool.map(lambda body: ask(way, body, limits), HOGS.values())
        return dict(zip(HOGS, replies, strict=True))


@pytest.mark.parametrize("what", HOGS)
def test_what_is_ended(hogs, what):
    reply = hogs[what]
    assert reply.stopped
    assert reply.clock < 15
    assert reply.memory_mb < 1500


def test_a_worker_ends_with_its_grader(way, tmp_path):
    code = (
        "import sys\nfrom workbench.tools.grading.sandbox import *\n"
        f"Sandbox(Limits(60), way={way!r}).ask(Question(["
        f'\'def f():\\n    import subprocess\\n    subprocess.run(["sh", "-c", ": {MARK}; '
        "while true; do sleep 1; done\"])'], 'f', [()]))"
    )
    grader = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    wait_for(lambda: marked(), 60)
    grader.kill()
    grader.wait()
    wait_for(lambda: not marked(), 20)


def marked():
    found = []
    for process in psutil.process_iter():
        try:
            if any(part.startswith(f": {MARK}") for part in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(what, seconds):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_sandbox_that_cannot_start_gives_no_marks(hand_in, root, tmp_path, monkeypatch):
    hand_in(tmp_path / "in" / "ada" / "05_small.ipynb", RIGHT_NOISE)
    broken = tmp_path / "python"
    broken.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    broken.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(broken))
        with pytest.raises(SandboxError, match="cannot start"):
            grade(tmp_path / "in", tmp_path / "out", root=root)
    assert not (tmp_path / "out" / "marks.csv").exists()
    [record] = grade(tmp_path / "in", tmp_path / "out", root=root)
    assert record["points"] == 1
    assert record["exercises"][0]["isolation"]


def test_a_start_that_fails_later_is_no_reason_to_ask_in_a_weaker_way(monkeypatch):
    sandbox = Sandbox(LIMITS, way=way_here("namespaces"))
    monkeypatch.setattr(sandbox, "_command", lambda *about: [sys.executable, "-c", "1"])
    with pytest.raises(SandboxError):
        sandbox.ask(Question(["def f(): return 1"], "f", [()]))
    assert (sandbox.way, sandbox.weak) == ("namespaces", "")


# --- a class of clumsy and hostile folders --------------------------------------------------------


def sparse(folder):
    with (folder / "song.wav").open("wb") as file:
        file.truncate(70 << 20)


def many(folder):
    for number in range(3000):
        (folder / f"{number}.txt").touch()


def deep(folder):
    before = os.getcwd()
    os.chdir(folder)
    for _ in range(17):
        os.mkdir("d" * 240)
        os.chdir("d" * 240)
    os.chdir(before)


def huge(folder):
    os.truncate(folder / "05_small.ipynb", 40 << 30)


def loop(folder):
    (folder / "loop").symlink_to(folder)
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")


def odd_names(folder):
    for name in (
        b"M\xfcller.txt",
        b"line\nbreak",
        b"\x1b[2J",
        b"=cmd()|x",
        "\u202egnp.exe".encode(),
    ):
        (Path(os.fsdecode(os.fsencode(folder))) / os.fsdecode(name)).write_text("x")


def pipe(folder):
    os.mkfifo(folder / "05_small_2.ipynb")
    os.mkfifo(folder / "data.zip")


def archive(*members, **kw):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return data.getvalue()


def bomb(folder):
    (folder / "bomb.zip").write_bytes(archive(("a", bytes(60 << 20))))


def leaving(folder):
    (folder / "up.zip").write_bytes(archive(("../../up.txt", "x")))


def no_zip(folder):
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 no zip")


def closed(folder):
    (folder / "closed").mkdir()
    (folder / "closed").chmod(0)


def folder_as_notebook(folder):
    (folder / "05_small_3.ipynb").mkdir()


TROUBLE = [
    sparse,
    many,
    deep,
    huge,
    loop,
    odd_names,
    pipe,
    bomb,
    leaving,
    no_zip,
    closed,
    folder_as_notebook,
]
NAMES = [
    b"M\xfcller",
    "Müller".encode(),
    b"Ada Lovelace",
    b"\x1b[31mred",
    b"@SUM(A1)",
    b"x" * 200,
    "語".encode() * 80,
    b"Kim_1_assignsubmission_file_",
    b"Kim_2_assignsubmission_file_",
    "\u202eevil".encode(),
    b"<script>alert(1)<",
    b"a;=cmd()",
    b"-o",
    b"new\nline",
]


@pytest.fixture(scope="module")
def clumsy(hand_in, root_of_one, tmp_path_factory):
    """Folder names of every kind, each with one exercise right."""
    folder = tmp_path_factory.mktemp("clumsy")
    model = folder.parent / "model.ipynb"
    hand_in(model, RIGHT_NOISE)
    for name in NAMES:
        place = Path(os.fsdecode(os.fsencode(folder) + b"/" + name))
        place.mkdir()
        shutil.copy(model, place / "05_small.ipynb")
    for trouble in TROUBLE:
        place = folder / trouble.__name__
        place.mkdir()
        shutil.copy(model, place / "05_small.ipynb")
        trouble(place)
    for name, error in (("surrogate", "'\\ud800'"), ("escapes", "'\\x1b[2J\\r=1+1 <b>'")):
        hand_in(
            folder / name / "05_small.ipynb",
            f"def add_noise(x0, noise, alpha_bar):\n    raise ValueError({error})",
        )
    out = tmp_path_factory.mktemp("marks")
    grade(folder, out, root=root_of_one, limits=Limits(5, 1000), seed=1, jobs=2)
    shutil.rmtree(folder / "many")
    (folder / "closed" / "closed").chmod(0o700)
    with (out / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        return out, list(csv.DictReader(file))


def test_nobody_loses_marks_by_a_name_or_a_folder(clumsy):
    _, rows = clumsy
    assert len(rows) == len(NAMES) + len(TROUBLE) + 2
    points = {row["student"]: row["points"] for row in rows}
    assert {name for name, got in points.items() if got != "1"} == {"huge", "surrogate", "escapes"}
    assert {"Müller", "Müller (2)", "Kim 1", "Kim 2", "Ada Lovelace"} <= points.keys()
    assert all(row["isolation"] for row in rows if row["student"] != "huge")


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("sparse", "song.wav"),
        ("many", "2000 files"),
        ("deep", "deep"),
        ("bomb", "more than 50 MB"),
        ("leaving", "leaves the folder"),
        ("no_zip", "valid zip"),
    ],
)
def test_what_was_left_out_is_said(clumsy, student, words):
    [row] = [row for row in clumsy[1] if row["student"] == student]
    assert words in row["notes"]


def test_names_and_messages_do_nothing(clumsy):
    out, rows = clumsy
    text = (out / "marks.csv").read_text(encoding="utf-8-sig")
    for one in (text, *(path.read_text(encoding="utf-8") for path in (out / "feedback").iterdir())):
        assert "\x1b" not in one
        assert "\u202e" not in one
        assert "<script>alert" not in one.replace(text, "")
        assert "<b>" not in one.replace(text, "")
    assert not [row for row in rows for cell in row.values() if cell[:1] in "=+-@\t" and cell]
    assert "a;'=cmd()" in {row["student"] for row in rows}
    assert len(list((out / "feedback").iterdir())) == len(rows)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"M\xfcller", "Müller"),
        ("Mu\u0308ller".encode(), "Müller"),
        (b"a\x07b\x1b", "a\\x07b\\x1b"),
        (b"a\nb", "a b"),
        ("\u202ex".encode(), "\\u202ex"),
    ],
)
def test_names_as_text(raw, text):
    assert named(os.fsdecode(raw)) == text


def test_text_is_shown_on_one_line():
    assert shown("a\r\n\tb\x9b\ud800\u2028c") == "a b\\x9b\\ud800\\u2028c"
    assert shown("Ünïcode 語 ‌") == "Ünïcode 語 ‌"


def test_only_regular_files_are_read(tmp_path):
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError, match=r".+"):
            read(tmp_path / name, 100)
    (tmp_path / "file").write_bytes(b"123")
    assert read(tmp_path / "file", 3) == b"123"
    with pytest.raises(ValueError, match="larger"):
        read(tmp_path / "file", 2)
    assert [one.name for one in walk(tmp_path).files] == ["file"]
    assert stat.S_ISFIFO((tmp_path / "pipe").lstat().st_mode)


@pytest.mark.parametrize(
    "cell", ["=cmd()", " =cmd()", "x;=cmd()", "@x", "+1", "-1", "＝cmd()", "a\n=b"]
)
def test_no_cell_is_a_formula(tmp_path, cell):
    record = {
        "student": "ada",
        "lesson": "05",
        "state": "graded",
        "notes": [cell],
        "points": 0,
        "of": 0,
        "exercises": [],
    }
    write_marks(tmp_path / "m.csv", [record])
    with (tmp_path / "m.csv").open(encoding="utf-8-sig", newline="") as file:
        [row] = csv.DictReader(file)
    parts = row["notes"].split(";")
    assert not [part for part in parts if part.strip()[:1] in set("=+-@＝")]


# --- as they come in ------------------------------------------------------------------------------


def notebook(student_version, first=RIGHT_NOISE):
    content = json.loads(student_version.read_text())
    stubs = [c for c in content["cells"] if "stub" in c["metadata"].get("tags", [])]
    stubs[0]["source"] = first
    return json.dumps(content, ensure_ascii=False)


COMING = {
    "05_small.IPYNB": lambda text: text.encode(),
    "05 Small (1).ipynb": lambda text: text.encode(),
    "bom.ipynb": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf16.ipynb": lambda text: text.encode("utf-16"),
    "work.zip": lambda text: archive(("05_small.ipynb", text)),
    "nested.ZIP": lambda text: archive(("my work/week 5/05_small.ipynb", text), ("__MACOSX/x", "")),
    "windows.zip": lambda text: archive(("week 5\\05_small.ipynb", text)),
}


@pytest.mark.parametrize("name", COMING)
def test_each_kind_of_file_is_read(root, student_version, tmp_path, name):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / name).write_bytes(COMING[name](notebook(student_version)))
    [student] = collect(tmp_path, lessons(root=root))
    assert RIGHT_NOISE in student.lessons["05"].cells
    assert student.notes == []


def test_zip_files_and_notebooks_without_folders(root, student_version, tmp_path):
    text = notebook(student_version)
    (tmp_path / "Ben.zip").write_bytes(archive(("05_small.ipynb", text)))
    (tmp_path / "Ada L_7_assignsubmission_file_05_small.ipynb").write_text(text)
    (tmp_path / "Cleo 05 small.ipynb").write_text(text)
    students = collect(tmp_path, lessons(root=root))
    assert [student.name for student in students] == ["Ada L", "Ben", "Cleo"]
    assert all("05" in student.lessons for student in students)


def test_what_is_handed_in_and_not_read_is_named(root, student_version, tmp_path):
    """Nobody is left out without a word, whatever they hand in."""
    text = notebook(student_version)
    for name in ("al.rar", "bo.7z", "cy.tar.gz", "di.py", "ed 05 small.html"):
        (tmp_path / name).write_bytes(b"?")
    (tmp_path / "fi_05_small.ipynb.txt").write_text(text)
    (tmp_path / "gil_8_assignsubmission_file_05_small.ipynb.json").write_text(text)
    (tmp_path / "hal").mkdir()
    for name in ("x.zipx", "essay.pdf", "notes.docx"):
        (tmp_path / "hal" / name).write_bytes(b"?")
    (tmp_path / "ida").mkdir()
    (tmp_path / "ida" / "in.zip").write_bytes(
        archive(("a/" * 13 + "05_small.ipynb", text), ("x.rar", "?"), ("more.zip", "?"))
    )
    (tmp_path / "Thumbs.db").write_bytes(b"?")
    found = {one.name: one for one in collect(tmp_path, lessons(root=root))}
    assert list(found) == ["al", "bo", "cy", "di", "ed", "fi", "gil", "hal", "ida"]
    for name, suffix in (("al", ".rar"), ("bo", ".7z"), ("cy", ".tar.gz"), ("hal", ".zipx")):
        assert any(f"{suffix}: is not opened" in note for note in found[name].notes), name
    assert found["di"].notes == ["di.py: is not a notebook"]
    assert found["ed"].notes == ["ed 05 small.html: is not a notebook"]
    assert ["05" in found[name].lessons for name in ("fi", "gil")] == [True, True]
    assert found["hal"].notes[-1] == "no notebook in hal, which contains essay.pdf, notes.docx"
    told = "; ".join(found["ida"].notes)
    assert re.search("not used, .*05_small.ipynb; x.rar: is not opened, .*zip files", told)


@pytest.mark.parametrize("count", [7, 21])
def test_each_zip_file_of_a_student_is_opened_or_named(root, student_version, tmp_path, count):
    (tmp_path / "ada").mkdir()
    for number in range(1, count):
        (tmp_path / "ada" / f"{number:02}.zip").write_bytes(archive(("readme.txt", "")))
    text = notebook(student_version)
    (tmp_path / "ada" / "00.zip").write_bytes(archive(("05_small.ipynb", text)))
    [student] = collect(tmp_path, lessons(root=root))
    assert "05" in student.lessons
    assert ("ada: 21 zip files: only 20 are opened" in student.notes) == (count > 20)


CLASSES = {
    "folders": ("ada/05_small.ipynb", "ben/deep/05_small.ipynb"),
    "in one folder": ("Week 5/ada/05_small.ipynb", "Week 5/ben/05_small.ipynb", "__MACOSX/x"),
    "as Moodle writes it": (
        "ada_7_assignsubmission_file_05_small.ipynb",
        "ben_8_assignsubmission_file_/05_small.ipynb",
    ),
}


@pytest.mark.parametrize("names", CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("given", ["the folder", "the file"])
def test_one_zip_file_holds_a_class(root, student_version, tmp_path, names, given):
    text = notebook(student_version)
    packed = tmp_path / "class.zip"
    packed.write_bytes(archive(*((name, text) for name in names)))
    place = packed if given == "the file" else tmp_path
    students = collect(place, lessons(root=root))
    assert [(one.name, list(one.lessons), one.notes) for one in students] == [
        ("ada", ["05"], []),
        ("ben", ["05"], []),
    ]
    (tmp_path / "cleo").mkdir()  # beside others it is one student's, unless they say otherwise
    [cleo, other] = sorted(
        collect(tmp_path, lessons(root=root)), key=lambda one: one.name != "cleo"
    )
    assert "no notebook in cleo" in cleo.notes
    if names is not CLASSES["as Moodle writes it"]:
        assert "class.zip: contains a lesson 2 times; unpack it if these are students" in (
            other.notes
        )


def test_one_students_zip_file_alone_is_no_class(root, student_version, tmp_path):
    text = notebook(student_version)
    packed = tmp_path / "ada.zip"
    packed.write_bytes(archive(("05_small.ipynb", text), ("data/a.csv", "1"), ("img/b.png", "2")))
    [student] = collect(tmp_path, lessons(root=root))
    assert (student.name, list(student.lessons)) == ("ada", ["05"])
    with pytest.raises(MissingDataError, match=r"ada\.zip: contains no folders of students"):
        collect(packed, lessons(root=root))
    packed.write_bytes(b"no zip file")
    assert collect(tmp_path, lessons(root=root))[0].notes == ["ada.zip: is not a valid zip file"]
    with pytest.raises(MissingDataError, match=r"ada\.zip: is not a valid zip file"):
        collect(packed, lessons(root=root))


def test_empty_is_told_from_wrong(root, hand_in, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    hand_in(folder / "correct" / "05_small.ipynb", RIGHT_NOISE, RIGHT_STEP)
    hand_in(folder / "partly" / "05_small.ipynb", RIGHT_NOISE)
    hand_in(folder / "wrong" / "05_small.ipynb", NOISE.format("x0"))
    hand_in(folder / "empty" / "05_small.ipynb")
    hand_in(folder / "forgot" / "05_small.ipynb", NOISE.replace("return", "x =").format("x0"))
    (folder / "nothing").mkdir()
    (folder / "unreadable").mkdir()
    (folder / "unreadable" / "05_small.ipynb").write_text("")
    grade(folder, out, root=root, limits=LIMITS, jobs=2)
    with (out / "marks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    assert {name: row["state"] for name, row in rows.items()} == {
        "correct": "graded: correct",
        "partly": "graded: partly",
        "wrong": "graded: wrong",
        "empty": "handed in empty",
        "forgot": "graded: wrong",
        "nothing": "not handed in",
        "unreadable": "cannot be read: the file is empty",
    }
    assert [rows["partly"][f"05.{n} state"] for n in (1, 3)] == ["correct", "not attempted"]
    assert rows["wrong"]["05.1 state"] == rows["forgot"]["05.1 state"] == "not yet"


def test_star_imports_of_a_later_cell():
    found = cut(["def f(x):\n    return log2(x)", "from numpy import *", "y = 1"], "f", None)
    assert [statement.star for statement in found.statements] == [False, True]
    found = cut(["def f(x):\n    return len(x)", "from numpy import *"], "f", None)
    assert len(found.statements) == 1
