"""What student code can do to the machine, the grader and its own marks: shut in, and watched."""

import os
import socket
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.tools.grading.conftest import way_here
from workbench.tools.grading import jail, seal
from workbench.tools.grading.sandbox import Limits, Question, Sandbox

CASES = [(np.arange(3.0),)]
LIMITS = Limits(seconds=20, memory_mb=600, printed=100_000)


@pytest.fixture(params=["bubblewrap", "namespaces", "watched"])
def sandbox(request, tmp_path) -> Sandbox:
    if request.param == "watched":
        request.getfixturevalue("readable_python")
        return Sandbox(LIMITS, closed=[tmp_path / "others"], weak="asked for by the test")
    return Sandbox(LIMITS, way=way_here(request.param))


def ask(sandbox, body, *before, limits=None, **kw):
    """Ask `f(x)` with this body."""
    lines = "\n".join("    " + line for line in body.split("\n"))
    if limits:
        sandbox.limits = limits
    return sandbox.ask(Question([*before, f"def f(x):\n{lines}"], "f", CASES, **kw))


def test_an_answer_comes_back_as_numbers(sandbox):
    reply = ask(sandbox, "x += 1\nprint('hello')\nreturn np.square(x)", "import numpy as np")
    [answer] = reply.answers
    assert answer.value.tolist() == [1, 4, 9]
    assert (answer.printed, answer.changed) == (True, True)
    assert (reply.stopped, reply.problem, reply.missing) == ("", "", "")
    assert CASES[0][0].tolist() == [0, 1, 2]


def test_a_loop_for_ever_is_ended(sandbox):
    reply = ask(sandbox, "while True:\n    pass", limits=Limits(0.7))
    assert reply.stopped == "it ran longer than 0.7 s"
    assert not reply.answers
    reply = ask(sandbox, "import time\ntime.sleep(300)", limits=Limits(0.2))
    assert reply.stopped == "it ran longer than 0.2 s"


def test_memory_ends(sandbox):
    reply = ask(sandbox, "return [bytearray(50_000_000) for _ in range(1000)]")
    error = reply.answers[0].error if reply.answers else reply.stopped
    assert "MemoryError" in error or "more than 600 MB" in error
    assert reply.memory_mb < 900


def test_memory_of_children_counts(sandbox):
    body = (
        "import os, time\nfor _ in range(4):\n    if not os.fork():\n"
        "        hog = bytearray(os.urandom(1000) * 200_000)\n        time.sleep(60)\n"
        "time.sleep(60)"
    )
    reply = ask(sandbox, body)
    if sandbox.weak:
        assert "no other programs" in reply.answers[0].error
    else:
        assert reply.stopped == "it used more than 600 MB of memory"


def test_printing_without_end_is_ended(sandbox):
    reply = ask(sandbox, "while True:\n    print('x' * 1000)")
    assert reply.stopped == "it printed more than 100,000 bytes"


def test_an_answer_without_end_is_refused(sandbox):
    reply = ask(sandbox, "return ['x' * 40_000_000]")
    assert not reply.answers or reply.answers[0].error
    assert reply.stopped or reply.answers[0].error


@pytest.mark.parametrize("how", ["os._exit(0)", "os.abort()"])
def test_ending_the_process_is_noticed(sandbox, how):
    assert "ended before it answered" in ask(sandbox, f"import os\n{how}").stopped


def test_a_killed_process_has_no_answers(sandbox):
    reply = ask(sandbox, "import os\nos.kill(os.getpid(), 9)\nreturn None")
    # process 1 of a namespace cannot be killed from within
    assert "ended before" in reply.stopped or [a.value for a in reply.answers] == [None]


def test_sys_exit_is_an_error_of_the_function(sandbox):
    assert "raises SystemExit" in ask(sandbox, "import sys\nsys.exit(0)").answers[0].error
    reply = ask(sandbox, "return x", "import sys", "y = sys.exit()", "def g(): return y")
    assert reply.answers[0].value.tolist() == [0, 1, 2]  # that cell was not needed
    reply = ask(sandbox, "return y", "import sys", "y = sys.exit()")
    assert "`y = sys.exit()` raises SystemExit" in reply.problem


def test_data_that_the_worker_may_not_read_keeps_nobody_from_an_answer(
    sandbox, tmp_path, monkeypatch
):
    closed = tmp_path / "data"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("WORKBENCH_CACHE", str(closed))
    assert ask(sandbox, "return x + 1").answers[0].value.tolist() == [1, 2, 3]


def test_there_is_no_network(sandbox):
    """Neither to other machines nor to a server on this one."""
    came = []
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        server.settimeout(60)
        port = server.getsockname()[1]
        listener = threading.Thread(target=lambda: came.append(_accepts(server)))
        listener.start()
        reply = ask(sandbox, f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)")
        error = reply.answers[0].error
        words = ("raises OSError", "raises ConnectionRefusedError", "there is no network")
        assert any(word in error for word in words)
        with socket.create_connection(("127.0.0.1", port)) as own:  # the listener does listen
            own.sendall(b"own")
        listener.join()
    assert came == [b"own"]
    body = "import urllib.request\nurllib.request.urlopen('http://192.0.2.1', None, 3)"
    reply = ask(sandbox, body)
    assert "raises" in reply.answers[0].error


def _accepts(server):
    with server.accept()[0] as connection:
        return connection.recv(10)


def test_deleting_reaches_no_original(sandbox, tmp_path):
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "data.txt").write_text("3")
    (folder / "link").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe")
    body = (
        "import os, shutil\nnumber = float(open('data.txt').read())\nos.remove('data.txt')\n"
        "open('new.txt', 'w').write('x')\nfor place in PLACES:\n    try:\n"
        "        shutil.rmtree(place)\n    except OSError:\n        pass\n"
        "return [number, os.path.exists('link')]"
    )
    reply = ask(sandbox, body, f"PLACES = ['/usr', {str(tmp_path)!r}, '.']", files=folder)
    assert reply.answers[0].value == [3.0, False]
    assert sorted(path.name for path in folder.iterdir()) == ["data.txt", "link", "pipe"]
    assert Path("/usr/bin").is_dir()


def test_nothing_outside_can_be_written(sandbox, tmp_path):
    reply = ask(sandbox, f"open({str(tmp_path / 'x')!r}, 'w').write('x')")
    assert "raises" in reply.answers[0].error
    assert list(tmp_path.iterdir()) == []


def test_other_submissions_and_solutions_cannot_be_read(sandbox, tmp_path):
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "ben.py").write_text("secret")
    import workbench.course.teaching.lesson_05 as checks

    for path in (tmp_path / "others" / "ben.py", checks.__file__):
        error = ask(sandbox, f"return [open({str(path)!r}).read()]").answers[0].error
        assert "FileNotFoundError" in error or "not open while" in error


def test_what_is_imported_is_heard_however_it_is_asked_for(sandbox, tmp_path):
    (tmp_path / "helper.py").write_text("__import__('.'.join(['workbench', 'options']))")
    body = (
        "from importlib import import_module\nimport_module('work' + 'bench.music.keys')\n"
        "exec('import ' + 'workbench.processes as m')\nimport helper\nreturn x"
    )
    reply = ask(sandbox, body, files=tmp_path)
    assert {"workbench.music.keys", "workbench.processes", "workbench.options"} <= {*reply.imports}
    assert reply.answers[0].value.tolist() == [0, 1, 2]
    assert ask(sandbox, "import math\nreturn x").imports == ["math"]


def test_the_graders_environment_is_not_shown(sandbox, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "42")
    reply = ask(sandbox, "import os\nreturn [os.environ.get('SECRET_KEY', 'none')]")
    assert reply.answers[0].value == ["none"]


def test_the_checks_are_not_there(sandbox):
    """The reference cannot be called, by whatever name one looks for it."""
    body = (
        "import sys, gc\nfound = [m for m in sys.modules if 'teaching.' in m]\n"
        "try:\n    from workbench.course.teaching.core import EXERCISES\n    found.append('core')\n"
        "except ImportError:\n    pass\n"
        "from workbench.course.teaching import check_add_noise\n"
        "found.append(str(check_add_noise(1)))\n"
        "found += [type(o).__name__ for o in gc.get_objects() "
        "if type(o).__name__ in ('Exercise', 'Task')]\nreturn found"
    )
    assert ask(sandbox, body).answers[0].value == ["None"]


def test_what_it_sends_is_not_believed(sandbox):
    """A function may write to the pipe itself; only values count, and those are checked."""
    forged = (
        '{"kind": "answer", "number": 0, "value": {"function": ["os", "getcwd"]}}\\n'
        '{"kind": "verdict", "state": "correct"}\\n[[[['
    )
    body = (
        "import os\nfor fd in range(3, 40):\n    try:\n        "
        f"os.write(fd, b'{forged}')\n    except OSError:\n        pass\nreturn 1"
    )
    [answer] = ask(sandbox, body).answers
    assert answer.error == "its answer cannot be read"


@pytest.mark.parametrize("way", ["bubblewrap", "namespaces"])
def test_privileges_cannot_be_gained_again(way):
    body = (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "out = [libc.mount(b'none', b'/usr', b'', 4096 | 32, b'')]\n"  # remount for writing
        "out.append(libc.umount2(b'/usr', 2))\nout.append(libc.setuid(0))\n"
        "[capabilities] = [l for l in open('/proc/self/status') if l.startswith('CapEff')]\n"
        "return [*out, capabilities.split()[1]]"
    )
    reply = ask(Sandbox(LIMITS, way=way_here(way)), body)
    assert reply.answers[0].value[:3] == [-1, -1, -1]
    assert int(reply.answers[0].value[3], 16) == 0


def test_too_many_processes_are_ended(sandbox):
    body = (
        "import os, time\nfor _ in range(90):\n    if not os.fork():\n        time.sleep(30)\n"
        "time.sleep(5)"
    )
    reply = ask(sandbox, body, limits=Limits(20, 8000))
    error = reply.stopped or reply.answers[0].error
    assert "more than 64 processes" in error or "raises" in error


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_is_left(sandbox):
    mark = f"workbench-test-{os.getpid()}"
    body = (
        "import subprocess, time\n"
        f"subprocess.Popen(['sh', '-c', ': {mark}; sleep 300'], start_new_session=True)\n"
        "return x"
    )
    ask(sandbox, body)
    lines = map(_bytes, Path("/proc").glob("[0-9]*/cmdline"))
    assert not [line for line in lines if mark.encode() in line]


def _bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere C code is not held back")
def test_c_code_opens_neither_the_answer_key_nor_the_machine(sandbox, tmp_path):
    """Also where there are no namespaces: the kernel refuses what the hook never sees."""
    if sandbox.weak and not seal.landlock():
        pytest.skip("this kernel has no Landlock")
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "bella.ipynb").write_text("her work")
    key = Path(seal.__file__).parents[2] / "course" / "teaching" / "lesson_05.py"
    paths = [key, tmp_path / "others" / "bella.ipynb", "/etc/passwd"]
    paths += [f"/proc/{os.getpid()}/environ", Path(__file__)]
    body = (
        "import ctypes, os\nopen_ = ctypes.CDLL(None).open\n"
        f"opened = [open_(path.encode(), 0) for path in {[str(path) for path in paths]}]\n"
        "own = open_(os.path.join(os.getcwd(), 'own').encode(), 0o102, 0o600)\n"
        "import scipy.signal\nreturn [*opened, own > 0]"
    )
    [answer] = ask(sandbox, body).answers
    assert (answer.value, answer.error) == ([-1] * len(paths) + [True], "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere C code is not held back")
def test_c_code_reaches_no_other_process_and_no_files_mode(readable_python):
    """Where there are no namespaces; asked of the process itself and of a file of its own, which
    any user might change."""
    body = (
        "import ctypes, os\nlibc = ctypes.CDLL(None)\nown, place = os.getpid(), b'file'\n"
        "open(place, 'w').close()\nhandle, _ = os.pipe()\n"
        "limit = (ctypes.c_ulong * 2)(10**6, 10**6)\n"
        "return [libc.chmod(place, 0), libc.fchmodat(-100, place, 0, 0), libc.chown(place, -1, -1),"
        " libc.utimensat(-100, place, None, 0), libc.setxattr(place, b'user.x', b'', 0, 0),"
        " libc.prlimit(own, 0, limit, None), libc.setpriority(0, own, 19),"
        " libc.sched_setaffinity(own, 8, limit), libc.fcntl(handle, 8, own),"
        " libc.fcntl(handle, 10, 9), libc.shmat(0, None, 0), libc.prlimit(0, 0, None, limit)]"
    )
    reply = ask(Sandbox(LIMITS, weak="asked for by the test"), body)
    assert reply.answers[0].value == [-1] * 11 + [0], reply  # one's own limits can be asked for


def test_a_full_disk_and_a_deep_folder_stay_out(readable_python):
    sandbox = Sandbox(LIMITS, weak="asked for by the test")
    before = set(Path(tempfile.gettempdir()).glob("workbench-grade-*"))
    reply = ask(sandbox, "while True:\n    open('x', 'wb').write(bytes(60 << 20))")
    assert "wrote more than 512 MB" in reply.stopped
    body = "import os\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\nreturn 1"
    assert ask(sandbox, body).answers[0].value == 1
    left = set(Path(tempfile.gettempdir()).glob("workbench-grade-*")) - before
    assert not [path for path in left if (path / "d").exists()]


def test_an_environment_behind_a_link_is_shown_once(tmp_path):
    """`.venv` may be a link to a folder that several working copies share."""
    real = tmp_path / "environment" / "lib"
    real.mkdir(parents=True)
    link = tmp_path / "copy" / ".venv"
    link.parent.mkdir()
    link.symlink_to(real.parent)
    steps = jail.layout([str(link), str(link / "lib")], [], [])
    about = [step for step in steps if step[1].startswith(str(tmp_path))]
    assert ("link", str(link), str(real.parent)) in about
    assert ("show", str(real)) in about or ("show", str(real.parent)) in about
    assert not any(step[1].startswith(f"{link}/") for step in about)
    assert ("folder", str(link)) not in about
