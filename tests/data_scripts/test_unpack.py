import io
import os
import stat
import zipfile

import pytest

from workbench.datasets.unpack import unpack
from workbench.errors import BrokenFileError, WorkbenchError


def zip_of(path, members):
    """members: name or ZipInfo -> bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members:
            zipped.writestr(name, content)
    return path


def test_plain_files(tmp_path):
    archive = zip_of(tmp_path / "a.zip", [("top/a.txt", b"a"), ("top/b/c.txt", b"c"), ("x", b"")])
    folder = unpack(archive, tmp_path / "out", top="top", needs="a.txt")
    assert (folder / "b" / "c.txt").read_bytes() == b"c"
    assert not (folder / "x").exists()
    again = zip_of(tmp_path / "b.zip", [("only.txt", b"o")])
    unpack(again, tmp_path / "out")
    assert [file.name for file in folder.iterdir()] == ["only.txt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "b.zip", "out"]


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


@pytest.mark.parametrize(
    ("member", "content"),
    [
        ("../outside.txt", b"x"),
        ("a/../../outside.txt", b"x"),
        ("/etc/outside.txt", b"x"),
        ("..\\outside.txt", b"x"),
        ("C:\\outside.txt", b"x"),
        (link("a"), b"/etc/passwd"),
        ("bomb.txt", bytes(50_000_000)),
    ],
    ids=["up", "up inside", "absolute", "backslash", "drive", "link", "bomb"],
)
def test_one_bad_member_refuses_the_whole(tmp_path, member, content):
    (tmp_path / "deep").mkdir()
    archive = zip_of(tmp_path / "deep" / "a.zip", [("good.txt", b"g"), (member, content)])
    with pytest.raises(WorkbenchError, match=r"a\.zip.*refused") as error:
        unpack(archive, tmp_path / "deep" / "out")
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.zip"]
    assert not (tmp_path / "deep" / "out").exists()


def test_too_many_files_or_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.datasets.unpack.MAX_FILES", 3)
    archive = zip_of(tmp_path / "a.zip", [(f"{i}.txt", b"") for i in range(4)])
    with pytest.raises(WorkbenchError, match="more than 3 files"):
        unpack(archive, tmp_path / "out")


def test_damaged_archives_leave_the_old_folder(tmp_path):
    good = zip_of(tmp_path / "good.zip", [("a.txt", os.urandom(100_000)), ("b.txt", b"b")])
    folder = unpack(good, tmp_path / "out")
    whole = good.read_bytes()
    for damaged in (b"", b"no zip", whole[:80], whole[:60] + bytes(20) + whole[80:]):
        (tmp_path / "bad.zip").write_bytes(damaged)
        with pytest.raises(BrokenFileError, match=r"bad\.zip"):
            unpack(tmp_path / "bad.zip", folder)
    assert (folder / "a.txt").stat().st_size == 100_000
    with pytest.raises(BrokenFileError, match="holds no info"):
        unpack(good, folder, needs="info.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.zip", "good.zip", "out"]


def test_an_entry_that_lies_about_its_size(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("a.txt", b"a" * 5000)
    data = buffer.getvalue().replace((5000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(BrokenFileError):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()
