"""A large collection: the same result however it was made, broken files named, nothing twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import symusic

from workbench.errors import MissingDataError
from workbench.representations import collection
from workbench.representations.collection import Collection, prepare
from workbench.representations.remi import encode


def tune(folder: Path, name: str, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    for step in range(30):
        note = symusic.Note(step * 240, 200, int(rng.integers(40, 90)), 80)
        score.tracks[0].notes.append(note)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)
    return path


@pytest.fixture
def songs(tmp_path, monkeypatch):
    monkeypatch.setattr(collection, "SHARD", 4)
    folder = tmp_path / "songs"
    for i in range(14):
        tune(folder, f"{i % 3}/{i:02d}.mid", i)
    tune(folder, "0/copy.mid", 3)  # the music of 0/03.mid under a later name
    (folder / "1" / "broken.mid").write_bytes(b"MThd nothing")
    return folder


def test_what_it_holds(songs, tmp_path):
    made = prepare(songs, tmp_path / "out", workers=2, quiet=True)
    assert len(made) == 14
    assert made.names == sorted(made.names)
    for number, name in enumerate(made.names):
        assert made[number].tolist() == encode(symusic.Score(songs / name)).tolist()
    assert [path for path, _ in made.skipped] == ["1/broken.mid"]
    assert "broken.mid" in made.skipped[0][1]
    assert made.duplicates == [("0/copy.mid", "0/03.mid")]
    assert isinstance(made.ids, np.memmap)
    assert made.ids.dtype == np.uint16
    assert made[-1].tolist() == made[13].tolist()
    with pytest.raises(IndexError):
        made[14]
    assert "14 songs" in repr(Collection(tmp_path / "out"))


def test_any_number_of_workers_gives_the_same(songs, tmp_path):
    one = prepare(songs, tmp_path / "one", workers=1, quiet=True)
    two = prepare(songs, tmp_path / "two", workers=2, quiet=True)
    for name in ("ids.npy", "offsets.npy", "collection.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes()


def test_it_goes_on_where_it_was_and_notices_changes(songs, tmp_path):
    out = tmp_path / "out"
    whole = prepare(songs, out, workers=1, quiet=True)
    before = {p: p.stat().st_mtime_ns for p in (out / "shards").iterdir()}
    first = sorted(before)[0]
    first.unlink()
    second = sorted(before)[1]
    second.write_bytes(second.read_bytes()[:100])  # cut short, as by a full disk
    again = prepare(songs, out, workers=1, quiet=True)
    assert again.names == whole.names
    kept = [p for p in before if p not in (first, second)]
    assert all(p.stat().st_mtime_ns == before[p] for p in kept)
    tune(songs, "0/00.mid", 99)
    os.utime(songs / "0" / "00.mid", ns=(1, 1))
    changed = prepare(songs, out, workers=1, quiet=True)
    assert changed[0].tolist() != whole[0].tolist() or changed.names != whole.names


def dies_on_two(score):
    """An encoder that takes its whole process down on one song."""
    ids = encode(score)
    if len(ids) and int(ids.sum()) % 7 == dies_on_two.unlucky:
        os.kill(os.getpid(), signal.SIGKILL)
    return ids


dies_on_two.unlucky = 2


def test_a_worker_that_dies_costs_its_own_file_only(songs, tmp_path):
    sums = {f: int(encode(symusic.Score(f)).sum()) % 7 for f in songs.rglob("[0-9]*.mid")}
    doomed = {f.relative_to(songs).as_posix() for f, s in sums.items() if s == 2}
    made = prepare(songs, tmp_path / "out", encode=dies_on_two, workers=2, quiet=True)
    assert {path for path, why in made.skipped if "died" in why} >= doomed
    assert len(made) == 14 - len(doomed)


def pitches(score):
    """Another encoder."""
    return np.array([note.pitch for track in score.tracks for note in track.notes])


def test_another_encoder_does_not_find_the_first_ones_shards(songs, tmp_path):
    prepare(songs, tmp_path / "out", workers=1, quiet=True)
    again = prepare(songs, tmp_path / "out", encode=pitches, workers=1, quiet=True)
    assert again[0].tolist() == pitches(symusic.Score(songs / again.names[0])).tolist()


def test_killed_in_the_middle_nothing_is_half_written(songs, tmp_path):
    code = (
        "import sys, time\n"
        "from workbench.representations import collection\n"
        "from workbench.representations.remi import encode\n"
        "collection.SHARD = 4\n"
        "from workbench.datasets.shards import Shards\n"
        "write = Shards.write\n"
        "def slow(*args):\n    write(*args)\n    print('shard', flush=True)\n    time.sleep(30)\n"
        "Shards.write = slow\n"
        "if __name__ == '__main__':\n"
        "    collection.prepare(sys.argv[1], sys.argv[2], workers=1, quiet=True)\n"
    )
    script = tmp_path / "run.py"
    script.write_text(code)
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, str(script), str(songs), str(out)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout.readline() == "shard\n"
    run.kill()
    run.wait()
    time.sleep(0)
    assert not (out / "collection.json").exists()
    with pytest.raises(MissingDataError, match="no prepared collection"):
        Collection(out)
    assert len(prepare(songs, out, workers=1, quiet=True)) == 14


def test_a_folder_without_music_is_named(tmp_path):
    with pytest.raises(MissingDataError, match="holds no MIDI files"):
        prepare(tmp_path, tmp_path / "out")
