"""Downloads from a real server that misbehaves in every way a network does."""

import errno
import hashlib
import os
import shutil
import threading
import time
from collections import namedtuple

import pytest

from workbench.datasets.download import digest, fetch
from workbench.errors import MissingDataError, WorkbenchError

CONTENT = os.urandom(400_000)
SHA = hashlib.sha256(CONTENT).hexdigest()


def get(archive, target, sha256=SHA, **options):
    waits = []
    path = fetch(archive.url, target, sha256, wait=waits.append, progress=False, **options)
    return path, waits


@pytest.mark.parametrize("fault", [None, "says nothing"])
def test_whole_at_once(serve, tmp_path, fault):
    archive = serve(CONTENT)
    archive.faults = [fault]
    path, waits = get(archive, tmp_path / "new" / "a.zip")
    assert path.read_bytes() == CONTENT
    assert waits == []
    assert [file.name for file in path.parent.iterdir()] == ["a.zip"]
    get(archive, path)  # there already: no second request
    assert archive.requests == [None]


def test_cut_connections_are_resumed(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["cut", "cut", 503]
    path, waits = get(archive, tmp_path / "a.zip")
    assert path.read_bytes() == CONTENT
    assert waits == [1, 2, 4]
    first = len(CONTENT) // 3
    second = first + (len(CONTENT) - first) // 3
    assert archive.requests == [None, f"bytes={first}-", f"bytes={second}-", f"bytes={second}-"]


def test_a_server_that_always_cuts_ends_in_one_line(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = [503] * 9
    with pytest.raises(MissingDataError, match=r"503.*5 times.*at byte 0"):
        get(archive, tmp_path / "a.zip")
    assert len(archive.requests) == 5
    assert not (tmp_path / "a.zip").exists()


def test_a_server_without_ranges_starts_again(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["cut", "no ranges"]
    path, _ = get(archive, tmp_path / "a.zip")
    assert path.read_bytes() == CONTENT


def test_lies_about_the_length(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["says more"]
    path, _ = get(archive, tmp_path / "more.zip")
    assert path.read_bytes() == CONTENT
    archive.faults = ["says less"]
    with pytest.raises(WorkbenchError, match="checksum"):
        get(archive, tmp_path / "less.zip")
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_checksum_removes_the_file_and_names_both_sums(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["corrupt"]
    with pytest.raises(WorkbenchError) as error:
        get(archive, tmp_path / "a.zip")
    wrong = hashlib.sha256(CONTENT[:1000] + bytes([CONTENT[1000] ^ 1]) + CONTENT[1001:])
    assert SHA in str(error.value)
    assert wrong.hexdigest() in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_part_from_before_is_continued_and_a_foreign_one_dropped(serve, tmp_path):
    archive = serve(CONTENT)
    part = tmp_path / "a.zip.part"
    part.write_bytes(CONTENT[:123_456])
    path, _ = get(archive, tmp_path / "a.zip")
    assert archive.requests == ["bytes=123456-"]
    part.write_bytes(CONTENT)  # whole, but never renamed
    path.unlink()
    assert get(archive, path)[0].read_bytes() == CONTENT
    path.unlink()
    part.write_bytes(CONTENT + b"too long")
    assert get(archive, path)[0].read_bytes() == CONTENT
    assert digest(path) == SHA
    assert not part.exists()


def test_without_a_checksum_a_part_is_continued_only_with_the_same_version(serve, tmp_path):
    archive = serve(CONTENT)
    archive.etag, archive.faults = '"one"', ["cut"]
    path, _ = get(archive, tmp_path / "a.zip", "")
    assert path.read_bytes() == CONTENT
    assert archive.requests == [None, f"bytes={len(CONTENT) // 3}-"]
    assert [file.name for file in tmp_path.iterdir()] == ["a.zip"]
    get(archive, path, "")  # there already: no third request
    assert len(archive.requests) == 2

    path.unlink()
    archive.faults = ["cut"]
    with pytest.raises(MissingDataError, match="at byte"):
        get(archive, path, "", attempts=1)
    archive.etag, archive.content = '"two"', CONTENT[::-1]
    assert get(archive, path, "")[0].read_bytes() == CONTENT[::-1]  # no mixture


def test_without_a_checksum_and_versions_it_starts_again(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["cut"]
    path, _ = get(archive, tmp_path / "a.zip", "")
    assert path.read_bytes() == CONTENT
    assert archive.requests == [None, None]


def test_a_stream_of_unknown_length_that_breaks_off_is_noticed(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["cut chunks"]
    path, waits = get(archive, tmp_path / "a.zip", "")
    assert path.read_bytes() == CONTENT
    assert waits == [1]


def test_no_room_on_the_disk(serve, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(WorkbenchError, match="MB are free"):
        get(serve(CONTENT), tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux's /dev/full")
def test_the_disk_fills_up_while_writing(serve, tmp_path):
    (tmp_path / "a.zip.part").symlink_to("/dev/full")  # every write fails with ENOSPC
    with pytest.raises(WorkbenchError) as error:
        get(serve(CONTENT), tmp_path / "a.zip")
    assert "disk is full" in str(error.value)
    assert isinstance(error.value.__cause__, OSError)
    assert error.value.__cause__.errno == errno.ENOSPC
    assert not (tmp_path / "a.zip").exists()


def test_final_answers(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = [404]
    with pytest.raises(MissingDataError, match="404"):
        get(archive, tmp_path / "a.zip")
    assert len(archive.requests) == 1
    with pytest.raises(MissingDataError, match="cannot be reached"):
        fetch("http://127.0.0.1:9/a.zip", tmp_path / "a.zip", SHA, attempts=2, wait=lambda s: None)
    with pytest.raises(WorkbenchError, match="not an http"):
        fetch("file:///etc/passwd", tmp_path / "a.zip", SHA)
    with pytest.raises(WorkbenchError, match="64 hexadecimal"):
        fetch(archive.url, tmp_path / "a.zip", "abc")


def test_two_at_once_both_have_the_whole_file(serve, tmp_path):
    archive = serve(CONTENT)
    archive.faults = ["cut", "cut"]  # so that the first is still at it when the second comes
    target, found = tmp_path / "a.zip", []
    meet = threading.Barrier(2)

    def work():
        meet.wait()
        found.append(
            fetch(archive.url, target, SHA, wait=lambda _: time.sleep(0.1), progress=False)
        )

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [target, target]
    assert digest(target) == SHA
    assert len(archive.requests) == 3  # one fetched it, the other waited
    assert os.listdir(tmp_path) == ["a.zip"]
