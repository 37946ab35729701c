"""Files that are whole or absent, whatever happens to those who write them; and locks."""

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import PromptError, WorkbenchError
from workbench.files import UNREADABLE, atomic_write, load_json, locked, temporary, write_text


def run(code, *args, **more):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        **more,
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_one_line_and_leaves_what_was(tmp_path, number):
    path = tmp_path / "a.txt"
    path.write_text("before")

    def fill(beside):
        beside.write_text("half")
        raise OSError(number, os.strerror(number))

    with pytest.raises(WorkbenchError, match=r"a\.txt") as told, atomic_write(path) as beside:
        fill(beside)
    assert "\n" not in str(told.value)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_text_is_written_whole_and_as_utf_8(tmp_path):
    path = tmp_path / "new folder" / "a.txt"
    write_text(path, "half")
    write_text(path, "ganz, 音楽 ♪\n")
    assert path.read_bytes().decode("utf-8").splitlines() == ["ganz, 音楽 ♪"]
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "not to be written: \ud800")
    assert path.read_bytes().decode("utf-8").splitlines() == ["ganz, 音楽 ♪"]
    assert os.listdir(path.parent) == ["a.txt"]


def test_other_errors_of_the_block_are_its_own(tmp_path):
    with pytest.raises(KeyError), atomic_write(tmp_path / "a.txt"):
        raise KeyError("x")


def test_a_limit_on_files_is_one_line(tmp_path):
    done = run(
        """
        import resource, sys
        from workbench.errors import WorkbenchError
        from workbench.training.weights import save_weights
        import torch
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            save_weights(torch.nn.Linear(50, 50), sys.argv[1])
        except WorkbenchError as error:
            print(error)
        """,
        tmp_path / "w.safetensors",
    )
    assert "w.safetensors: larger than files may be" in done.stdout, done.stderr
    assert os.listdir(tmp_path) == []


def test_what_a_killed_writer_left_is_cleared_by_the_next(tmp_path):
    killed = run(
        """
        import os, signal, sys
        from workbench.files import atomic_write
        with atomic_write(sys.argv[1]) as beside:
            beside.write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        tmp_path / "a.txt",
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    mine = tmp_path / f"{temporary('b')}xyz.txt"  # of a process that lives: this one
    mine.touch()
    with atomic_write(tmp_path / "c.txt") as beside:
        beside.write_text("whole")
    assert sorted(os.listdir(tmp_path)) == sorted([mine.name, "c.txt"])


def test_a_lock_says_who_holds_it_and_ends_with_its_holder(tmp_path):
    code = """
        import sys, time
        from workbench.files import locked
        with locked(sys.argv[1], "a test"):
            print("held", flush=True)
            time.sleep(60)
        """
    lock = tmp_path / "x.lock"
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(lock)], stdout=subprocess.PIPE
    )
    try:
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(WorkbenchError, match="runs/a: a training") as told,
            locked(lock, "runs/a: a training"),
        ):
            pass
        for word in (str(other.pid), socket.gethostname(), "since 20"):
            assert word in str(told.value)
    finally:
        other.kill()
        other.wait()
    with locked(lock, "a test"):
        assert lock.exists()
    assert not lock.exists()


def test_waiting_threads_take_turns(tmp_path):
    inside, most, told = [], [], []

    def work(number):
        with locked(tmp_path / "x.lock", "a test", wait=True, tell=told.append):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] * 6
    assert os.listdir(tmp_path) == []


LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(
    content=st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)),
    plain=st.booleans(),
)
def test_json_is_read_as_written(tmp_path_factory, content, plain):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(content, ensure_ascii=plain), encoding="utf-8")
    assert load_json(path) == content


@settings(max_examples=200, deadline=None)
@given(
    text=st.binary(max_size=60)
    | st.text(alphabet='[]{}":,\\ud89e+-0 ntf', max_size=60).map(str.encode)
    | st.sampled_from([b"[" * 50_000, b"9" * 5000, b'{"a": ' * 20_000, b'"\\udc00"', b"\xff\xfe[]"])
)
def test_broken_json_raises_what_readers_expect(tmp_path_factory, text):
    """What is read can be written again; all else is one of the errors that readers catch."""
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_bytes(text)
    try:
        content = load_json(path)
    except UNREADABLE:
        return
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_json_is_not_read_from_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "a.json")
    with pytest.raises(OSError, match="pipe"):
        load_json(tmp_path / "a.json")


@pytest.mark.parametrize("name", ["a\0b"] + ["a\ud800b"] * (sys.platform != "win32"))
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(PromptError, match="no file has such a name"):
        write_text(str(tmp_path / name), "text")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "links").mkdir()
    for name, to in (("a.txt", "../real/a.txt"), ("b.txt", "a.txt"), ("new.txt", "../real/n.txt")):
        os.symlink(to, tmp_path / "links" / name)
    (tmp_path / "real" / "a.txt").write_text("before")
    for name, there in (("a.txt", "a.txt"), ("b.txt", "a.txt"), ("new.txt", "n.txt")):
        write_text(tmp_path / "links" / name, name)
        assert (tmp_path / "links" / name).is_symlink()
        assert not (tmp_path / "real" / there).is_symlink()
        assert (tmp_path / "real" / there).read_text() == name
    assert sorted(os.listdir(tmp_path / "links")) == ["a.txt", "b.txt", "new.txt"]
    assert sorted(os.listdir(tmp_path / "real")) == ["a.txt", "n.txt"]
    os.symlink("round.txt", tmp_path / "round.txt")
    with pytest.raises(WorkbenchError, match=r"round\.txt"):
        write_text(tmp_path / "round.txt", "text")


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_device_is_not_written_over(tmp_path, monkeypatch, kind):
    path, real = tmp_path / "device", os.stat
    path.write_text("before")

    def as_device(name, *args, **more):
        found = real(name, *args, **more)
        if str(name) != str(path):
            return found
        return os.stat_result([kind | 0o666, *found[1:]])

    monkeypatch.setattr(os, "stat", as_device)
    with pytest.raises(WorkbenchError, match=r"device.*pipe or a device"):
        write_text(path, "text")
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["device"]


def test_a_folder_is_not_written_over(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(WorkbenchError, match=r"a: cannot be written \(Is a directory\)"):
        write_text(tmp_path / "a", "text")
    assert os.listdir(tmp_path / "a") == []
