import gzip
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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


def with_header(data, at, value):
    """Zip bytes with another 16-bit field in each member's headers: 6 flags, 8 way of packing."""
    data = bytearray(data)
    for mark, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        place = data.find(mark)
        while place >= 0:
            data[place + at + shift : place + at + shift + 2] = value.to_bytes(2, "little")
            place = data.find(mark, place + 4)
    return bytes(data)


@pytest.mark.parametrize(
    ("at", "value", "reason"),
    [
        (6, 1, "is encrypted"),
        (6, 65, "is encrypted"),
        (8, 99, "cannot be unpacked"),
        (8, 9, "cannot be unpacked"),
        (6, 32, "cannot be unpacked"),
    ],
    ids=["password", "strong password", "AES", "deflate64", "patched data"],
)
def test_what_python_cannot_unpack_names_file_and_member(tmp_path, at, value, reason):
    whole = zip_of(tmp_path / "a.zip", [("songs/one.mid", b"MThd")]).read_bytes()
    (tmp_path / "a.zip").write_bytes(with_header(whole, at, value))
    with pytest.raises(BrokenFileError, match=rf"a\.zip: 'songs/one\.mid' {reason}") as told:
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@settings(max_examples=150, deadline=None)
@given(
    way=st.sampled_from(WAYS),
    changes=st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), max_size=6),
    cut=st.integers(0, 400),
)
@example(way=zipfile.ZIP_STORED, changes=[(7, 8), (30, 255)], cut=0)
def test_a_zip_with_odd_bytes_is_unpacked_or_refused_in_one_line(
    tmp_path_factory, way, changes, cut
):
    folder = tmp_path_factory.mktemp("zip")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", way) as zipped:
        zipped.writestr("a.txt", b"word " * 40)
        zipped.writestr("é/b.txt", b"b")
    data = bytearray(buffer.getvalue())
    for place, value in changes:
        data[place % len(data)] = value
    (folder / "a.zip").write_bytes(data[: len(data) - cut % len(data)] if cut > 300 else data)
    try:
        unpack(folder / "a.zip", folder / "out")
    except WorkbenchError as error:
        assert "\n" not in str(error)  # noqa: PT017


# ---------------------------------------------------------------- .tar.gz


def tar_of(path, members):
    """members: (name, bytes) or a TarInfo without content."""
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as packed:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                packed.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            packed.addfile(info, io.BytesIO(member[1]))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_tar_plain_files(tmp_path):
    long = "top/" + "long name " * 15 + "é 2:00.mid"
    archive = tar_of(
        tmp_path / "a.tar.gz",
        [
            special("top", tarfile.DIRTYPE),
            ("top/a.mid", b"a"),
            ("x", b""),
            (long, b"c"),
            ("./top/d.mid", os.urandom(200_000)),
        ],
    )
    folder = unpack(archive, tmp_path / "out", top="top", needs="*.mid")
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["a.mid", "d.mid", Path(long).name]
    assert (folder / "d.mid").stat().st_size == 200_000
    assert not os.access(folder / "a.mid", os.X_OK)
    again = tar_of(tmp_path / "b.tar.gz", [("any/only.txt", b"o")])
    unpack(again, tmp_path / "out", top="*")
    assert [file.name for file in folder.iterdir()] == ["only.txt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tar.gz", "b.tar.gz", "out"]


@pytest.mark.parametrize(
    "member",
    [
        ("../outside.txt", b"x"),
        ("a/../../outside.txt", b"x"),
        ("/etc/outside.txt", b"x"),
        ("..\\outside.txt", b"x"),
        ("C:\\outside.txt", b"x"),
        special("a", tarfile.SYMTYPE, "/etc/passwd"),
        special("a", tarfile.SYMTYPE, "good.txt"),
        special("a", tarfile.LNKTYPE, "good.txt"),
        special("a", tarfile.FIFOTYPE),
        special("a", tarfile.CHRTYPE),
    ],
    ids=[
        "up",
        "up inside",
        "absolute",
        "backslash",
        "drive",
        "link out",
        "link in",
        "hard link",
        "pipe",
        "device",
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_one_bad_member_refuses_the_whole_tar(tmp_path, member, place):
    (tmp_path / "deep").mkdir()
    members = [("good.txt", b"g")]
    members.insert(place, member)
    archive = tar_of(tmp_path / "deep" / "a.tar.gz", members)
    with pytest.raises(WorkbenchError, match=r"a\.tar\.gz.*refused") as error:
        unpack(archive, tmp_path / "deep" / "out")
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.tar.gz"]
    assert not (tmp_path / "deep" / "out").exists()


def test_limits_of_a_tar(tmp_path):
    archive = tar_of(tmp_path / "a.tar.gz", [(f"{i}.txt", bytes(100)) for i in range(4)])
    with pytest.raises(WorkbenchError, match="more than 3 files"):
        unpack(archive, tmp_path / "out", max_files=3)
    with pytest.raises(WorkbenchError, match="refused"):
        unpack(archive, tmp_path / "out", max_bytes=399)
    assert len(list(unpack(archive, tmp_path / "out", max_files=4, max_bytes=400).iterdir())) == 4
    bomb = tmp_path / "bomb.tar.gz"
    bomb.write_bytes(archive.read_bytes() + gzip.compress(bytes(60 << 20)))  # after its end
    with pytest.raises(WorkbenchError, match="refused"):
        unpack(bomb, tmp_path / "out", max_bytes=1 << 20)
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_a_tar_cut_anywhere_leaves_the_old_folder(tmp_path):
    members = [(f"{i}.mid", os.urandom(3000)) for i in range(20)]
    whole = tar_of(tmp_path / "good.tar.gz", members).read_bytes()
    folder = unpack(tmp_path / "good.tar.gz", tmp_path / "out")
    bad = tmp_path / "bad.tar.gz"
    cuts = [whole[: len(whole) * part // 12] for part in range(1, 12)]
    flipped = whole[:30_000] + bytes([whole[30_000] ^ 1]) + whole[30_001:]
    for damaged in (*cuts, whole[:-1], whole[:-8], flipped, whole[:2], b"\x1f\x8bno gzip"):
        bad.write_bytes(damaged)
        with pytest.raises(BrokenFileError, match=r"bad\.tar\.gz"):
            unpack(bad, folder)
    assert len(list(folder.iterdir())) == 20
    with pytest.raises(BrokenFileError, match="holds no info"):
        unpack(tmp_path / "good.tar.gz", folder, needs="info.csv")
    with pytest.raises(BrokenFileError, match="holds no files in top"):
        unpack(tmp_path / "good.tar.gz", folder, top="top")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.tar.gz", "good.tar.gz", "out"]
