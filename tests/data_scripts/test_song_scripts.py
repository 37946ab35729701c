"""The song sets' scripts as a user runs them, against a loopback server with real songs."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from workbench import cli
from workbench.datasets import CATALOGUE, load
from workbench.datasets.archives import get
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError

SCRIPTS = Path(__file__).parents[2] / "data_scripts"


def run(cache, script, *arguments):
    return subprocess.run(
        [sys.executable, str(SCRIPTS / script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "WORKBENCH_CACHE": str(cache)},
        cwd=cache,
    )


def zipped(members):
    """members: name -> bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture(scope="session")
def tunes(songs_cache):
    """Twenty real tunes: name -> bytes."""
    folder = songs_cache("nottingham") / "nottingham" / "nottingham" / "MIDI"
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.mid"))[::40]}


@pytest.fixture(scope="session")
def packed(tunes, pop909_root):
    """Small archives laid out as the published ones are."""
    pop = "POP909-Dataset-master"
    songs = {f"{pop}/README.md": b"read me", f"{pop}/data_process/x.py": b"x"}
    for song in sorted(pop909_root.glob("[0-9]*"))[:4]:
        for path in song.iterdir():
            songs[f"{pop}/POP909/{song.name}/{path.name}"] = path.read_bytes()
        version = f"{pop}/POP909/{song.name}/versions/{song.name}-v1.mid"
        songs[version] = (song / f"{song.name}.mid").read_bytes()
    notts = {f"nottingham-dataset-master/MIDI/{name}": data for name, data in tunes.items()}
    notts |= {f"nottingham-dataset-master/MIDI/melody/{n}": data for n, data in tunes.items()}
    table = "canonical_composer,canonical_title,split,year,midi_filename\n" + "".join(
        f"Anon,Tune {name},{split},2004,2004/{name}\n"
        for name, split in zip(tunes, ["train", "validation", "test"] * 20, strict=False)
    )
    maestro = {f"maestro-v3.0.0/2004/{name}": data for name, data in tunes.items()}
    maestro["maestro-v3.0.0/maestro-v3.0.0.csv"] = table.encode()
    return {
        "pop909": zipped(songs),
        "nottingham": zipped(notts),
        "maestro": zipped(maestro),
        "lakh-clean": tarred({f"clean_midi/Anon/{name}": data for name, data in tunes.items()}),
        "lakh": tarred({f"lmd_full/{name[0]}/{name}": data for name, data in tunes.items()}),
    }


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("pop909", ["pop909.py"]),
        ("nottingham", ["nottingham.py"]),
        ("maestro", ["maestro.py"]),
        ("lakh-clean", ["lakh.py"]),
        ("lakh", ["lakh.py", "--full"]),
    ],
)
def test_download_and_load(serve, packed, tunes, tmp_path, monkeypatch, name, command):
    served = serve(packed[name])
    served.faults = ["cut"]
    sha256 = hashlib.sha256(served.content).hexdigest()
    arguments = [*command, "--url", served.url, "--quiet"]
    if CATALOGUE[name].sha256:
        arguments += ["--sha256", sha256]
    done = run(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert CATALOGUE[name].licence in done.stdout
    assert CATALOGUE[name].citation in done.stdout
    assert ("none is published" in done.stdout) == (not CATALOGUE[name].sha256)
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    data = load(name)
    assert len(data) == (4 if name == "pop909" else len(tunes))
    assert (data.skipped, data.info.get("duplicates", [])) == ([], [])
    assert CATALOGUE[name].how_to_get == "python data_scripts/" + " ".join(command)
    requests = len(served.requests)
    assert run(tmp_path, *arguments).returncode == 0
    assert len(served.requests) == requests  # there already


def test_maestros_published_checksum_is_demanded(serve, packed, tmp_path):
    done = run(tmp_path, "maestro.py", "--url", serve(packed["maestro"]).url, "--quiet")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert "70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c" in line
    assert [path.name for path in tmp_path.rglob("*")] == ["downloads"]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["lakh-clean", "pop909"])
def test_an_archive_cut_short_unnoticed_is_removed_and_fetched_anew(serve, packed, cache, name):
    whole = packed[name]
    served = serve(whole[: len(whole) * 2 // 3])
    with pytest.raises(BrokenFileError, match=r"is not a valid (zip|tar\.gz) file"):
        get(name, served.url, quiet=True)
    assert list((cache / "downloads").iterdir()) == []
    assert not (cache / name).exists()
    served.content = whole
    get(name, served.url, quiet=True)
    assert len(load(name)) > 3


def test_again_replaces_and_a_failure_keeps_what_was_there(serve, packed, tunes, cache):
    get("lakh-clean", serve(packed["lakh-clean"]).url, quiet=True)
    first = next(iter(tunes))
    small = serve(tarred({f"clean_midi/B/{first}": tunes[first]}))
    small.faults = [404]
    with pytest.raises(MissingDataError, match="404"):
        get("lakh-clean", small.url, again=True, quiet=True)
    other = serve(packed["nottingham"])  # not the archive that was meant
    with pytest.raises(BrokenFileError, match=r"holds no \*/\*\.mid"):
        get("lakh-clean", other.url, again=True, quiet=True)
    assert len(load("lakh-clean")) == len(tunes)
    get("lakh-clean", small.url, again=True, quiet=True)
    assert len(load("lakh-clean")) == 1


def test_the_command_line_gets_a_set(serve, packed, cache, monkeypatch, capsys):
    from dataclasses import replace

    served = serve(packed["nottingham"])
    entry = replace(CATALOGUE["nottingham"], url=served.url)
    monkeypatch.setitem(CATALOGUE, "nottingham", entry)
    assert cli.main(["data", "get", "nottingham"]) == 0
    said = capsys.readouterr().out
    assert "GPL-3.0" in said
    assert str(cache / "nottingham") in said
    assert len(load("nottingham", limit=3)) == 3


def test_what_has_no_archive(cache):
    with pytest.raises(WorkbenchError, match=r"openscore-lieder.*there is: .*groove"):
        get("openscore-lieder")
    for name, entry in CATALOGUE.items():
        assert (entry.archive is None) == (not entry.url)
        assert not entry.archive or (SCRIPTS / f"{name.split('-')[0]}.py").is_file()


def test_fma_comes_in_two_archives(serve, tmp_path, monkeypatch):
    """SHA-1 is what is published; a subset alone is refused until its metadata is there."""
    track = b"ID3" + bytes(500)
    table = (
        b",set,set,track,track,track,artist,track\n"
        b",split,subset,genre_top,title,license,name,duration\n"
        b"track_id,,,,,,,\n"
        b"2,training,small,Hip-Hop,Food,CC BY,AWOL,7200\n"
        b"3,training,small,Hip-Hop,Bread,CC BY,AWOL,3600\n"
        b"4,training,large,Jazz,Wine,CC BY,Kurt,3600\n"
    )
    for name, members in (
        ("metadata", {"fma_metadata/tracks.csv": table}),
        ("small", {"fma_small/000/000002.mp3": track}),
    ):
        served = serve(zipped(members))
        arguments = ["fma.py", "--subset", name, "--url", served.url, "--quiet", "--sha256"]
        wrong = run(tmp_path, *arguments, hashlib.sha1(b"other").hexdigest())
        assert wrong.returncode == 2
        assert "checksum is" in wrong.stderr
        done = run(tmp_path, *arguments, hashlib.sha1(served.content).hexdigest())
        assert done.returncode == 0, done.stderr
        assert done.stdout.split("genre")[-1].split()[3:7] == ["Hip-Hop", "2", "1", "3"]
        assert ("Jazz" in done.stdout) == (name == "metadata")
    assert (tmp_path / "fma-small" / "000" / "000002.mp3").read_bytes() == track
    assert (tmp_path / "fma-metadata" / "tracks.csv").read_bytes() == table
    assert run(tmp_path, "fma.py", "--subset", "huge").returncode == 2
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    with pytest.raises(WorkbenchError, match="collect"):
        load("fma-small")
