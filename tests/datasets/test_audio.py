"""Folders of audio: captions and splits, decoding, crops; odd and broken files."""

import csv
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile

from workbench.datasets.audio import AudioCollection, decode, find_audio, prepare_audio
from workbench.datasets.folder import split_of_path
from workbench.errors import BrokenFileError, MissingDataError, PromptError


def tone(path, hertz=440.0, seconds=1.0, rate=44100, channels=2, gain=0.5):
    t = np.arange(int(seconds * rate)) / rate
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.tile(gain * np.sin(2 * np.pi * hertz * t)[:, None], channels), rate)
    return path


@pytest.fixture
def folder(tmp_path):
    top = tmp_path / "music"
    rows = []
    for i in range(12):
        name = f"album{i % 3}/song{i}.wav"
        tone(
            top / name,
            200 + 50 * i,
            1.0 + 0.1 * i,
            rate=(16000, 22050, 44100, 48000)[i % 4],
            channels=1 + i % 2,
        )
        licence = ("CC0", "CC-BY-NC")[i % 2]
        rows.append(
            {
                "Clip": name,
                "artist": f"artist {i % 6}",
                "licence": licence,
                "text_hint": f"hum number {i}",
            }
        )
    rows.append({"Clip": "gone.wav", "artist": "", "licence": "", "text_hint": ""})
    with (top / "manifest.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return top


def test_the_table_gives_captions_labels_and_splits(folder):
    items = find_audio(folder)
    assert len(items) == 12
    assert {item.caption for item in items} == {f"hum number {i}" for i in range(12)}
    splits = {}
    for item in items:
        splits.setdefault(item.labels["artist"], set()).add(item.split)
    assert all(len(found) == 1 for found in splits.values())  # an artist is in one split only
    free = find_audio(folder, licences=("CC0", "CC-BY-4"))
    assert {item.labels["licence"] for item in free} == {"CC0"}
    assert len(free) == 6
    with pytest.raises(MissingDataError, match="none of its 12 audio files is left"):
        find_audio(folder, licences=("MIT",))
    with pytest.raises(PromptError, match="split"):
        find_audio(folder, "dev")


def test_a_folder_without_a_table_is_read_by_its_names(tmp_path):
    tone(tmp_path / "test" / "slow_hum.flac")
    (item,) = find_audio(tmp_path)
    assert item.split == "test"
    assert "hum" in item.caption
    with pytest.raises(MissingDataError, match="holds no audio"):
        find_audio(tmp_path / "nothing")
    (tmp_path / "captions.csv").write_text("title\nx\n")
    with pytest.raises(MissingDataError, match="no column of paths"):
        find_audio(tmp_path)


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_and_channels_keep_pitch_and_level(tmp_path, rate, channels):
    path = tone(tmp_path / "a.wav", 500.0, 1.0, rate=48000, channels=2)
    sound = decode(path, rate, channels).astype(float) / 32767
    assert sound.shape == (rate, channels)
    spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(rate)))
    assert np.argmax(spectrum) == pytest.approx(500, abs=1)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.02)


def test_collection_holds_what_the_files_hold(folder, tmp_path):
    (folder / "album0" / "broken.wav").write_bytes(b"RIFF nothing")
    tone(folder / "album0" / "silent.wav", gain=0.0)
    tone(folder / "album0" / "short.wav", seconds=1 / 44100, hertz=0)
    (folder / "manifest.csv").unlink()
    items = find_audio(folder)
    made = prepare_audio(items, tmp_path / "out", rate=16000, workers=2, quiet=True)
    assert len(made) == 12
    left_out = dict(made.skipped)
    assert set(left_out) == {f"album0/{n}.wav" for n in ("broken", "silent", "short")}
    assert "silent" in left_out["album0/silent.wav"]
    assert isinstance(made.samples, np.memmap)
    for number, item in enumerate(made.items):
        expected = decode(item.path, 16000).T.astype(np.float32) / 32767
        assert np.allclose(made[number], expected)
    one = prepare_audio(items, tmp_path / "one", rate=16000, workers=1, quiet=True)
    assert np.array_equal(one.samples, made.samples)
    again = AudioCollection(tmp_path / "out")
    assert "12 pieces" in repr(again)
    assert again.seconds == pytest.approx(sum(1 + 0.1 * i for i in range(12)), abs=0.01)
    other = prepare_audio(items, tmp_path / "out", rate=8000, workers=1, quiet=True)
    assert other.seconds == pytest.approx(again.seconds, abs=0.01)
    assert other.rate == 8000


def test_crops_and_windows_come_from_their_pieces(folder, tmp_path):
    made = prepare_audio(find_audio(folder), tmp_path / "out", rate=16000, quiet=True)
    assert made.lengths.tolist() == [made[i].shape[1] for i in range(len(made))]
    crops, which = made.crops(40, 12000, seed=3)
    assert crops.shape == (40, 1, 12000)
    again, same = made.crops(40, 12000, seed=3)
    assert np.array_equal(crops, again)
    assert (which == same).all()
    for crop, number in zip(crops[:8], which, strict=False):
        whole = made[number][0]
        hits = np.flatnonzero(np.isclose(whole[: len(whole) - 11999], crop[0, 0]))
        assert any(np.array_equal(whole[h : h + 12000], crop[0]) for h in hits)
    rows = made.split("train")
    assert set(made.crops(20, 1000, seed=0, rows=rows)[1]) <= set(rows)
    padded, which = made.crops(4, 50_000, seed=0)
    assert not padded[0, 0, made[which[0]].shape[1] :].any()
    windows, numbers = made.windows(4000)
    assert len(windows) == sum(made[i].shape[1] // 4000 for i in range(len(made)))
    assert np.array_equal(windows[0], made[numbers[0]][:, :4000])


def test_one_file_of_each_trouble(tmp_path):
    with pytest.raises(BrokenFileError, match="silent"):
        decode(tone(tmp_path / "s.wav", gain=0.0), 16000)
    loud = tmp_path / "loud.wav"
    time = np.arange(16000) / 16000
    soundfile.write(loud, (9 * np.sin(2 * np.pi * 200 * time)).clip(-1, 1), 16000)
    with pytest.raises(BrokenFileError, match=r"loud\.wav is clipped: 9\d% of its samples"):
        decode(loud, 16000)
    faint = tmp_path / "faint.wav"
    soundfile.write(faint, 5e-5 * np.sin(time), 16000, subtype="FLOAT")
    with pytest.raises(BrokenFileError, match=r"faint\.wav is silent"):
        decode(faint, 16000)
    opposite = tmp_path / "opposite.wav"
    soundfile.write(
        opposite, np.stack([0.3 * np.sin(900 * time), -0.3 * np.sin(900 * time)], 1), 16000
    )
    with pytest.raises(BrokenFileError, match=r"channels cancel.*prepare it in stereo"):
        decode(opposite, 16000)
    assert np.abs(decode(opposite, 16000, 2)).max() > 9000
    with pytest.raises(PromptError, match="rate 0"):
        prepare_audio(find_audio(tmp_path), tmp_path / "out", rate=0)
    with pytest.raises(MissingDataError, match="no prepared audio"):
        AudioCollection(tmp_path)


def test_a_little_clipping_is_music(tmp_path):
    time = np.arange(16000) / 16000
    soundfile.write(tmp_path / "a.wav", (1.04 * np.sin(2 * np.pi * 200 * time)).clip(-1, 1), 16000)
    sound = decode(tmp_path / "a.wav", 8000)
    assert abs(int(sound.max())) == abs(int(sound.min())) == 32767  # and did not wrap around


def test_a_piece_of_one_sample_is_a_piece(tmp_path):
    for i, seconds in enumerate((1 / 16000, 1.0)):
        soundfile.write(tmp_path / f"{i}.wav", np.full(int(seconds * 16000), 0.5), 16000)
    made = prepare_audio(find_audio(tmp_path), tmp_path / "out", rate=16000, quiet=True)
    assert [made[i].shape for i in range(2)] == [(1, 1), (1, 16000)]
    crops, which = made.crops(8, 100, seed=0, rows=[0])
    assert (which == 0).all()
    assert (crops[:, 0, 0] == made[0][0, 0]).all()
    assert not crops[:, 0, 1:].any()
    assert (made.crops(50, 100, seed=0)[1] == 1).all()  # drawn as rarely as it is short
    assert len(made.windows(100)[0]) == 160
    made.check_enough([0, 1], 1.0)
    with pytest.raises(MissingDataError, match=r"0\.00 s of sound to train on"):
        made.check_enough([0], 1.0)
    with pytest.raises(MissingDataError, match="no piece to sample from"):
        made.crops(8, 100, seed=0, rows=[])


def test_what_is_left_out_is_told(tmp_path, capsys):
    tone(tmp_path / "good.wav")
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    tone(tmp_path / "still.wav", gain=0.0)
    prepare_audio(find_audio(tmp_path), tmp_path / "out", rate=16000)
    told = capsys.readouterr().out
    assert "2 files are left out, the first: " in told
    assert told.count("bad.wav") == 1
    (tmp_path / "good.wav").unlink()
    with pytest.raises(MissingDataError, match=r"no file can be used; 2 files .*bad\.wav cannot"):
        prepare_audio(find_audio(tmp_path), tmp_path / "none", rate=16000, quiet=True)


def test_real_clips_with_their_manifest(songs_cache, tmp_path):
    top = songs_cache("cc-music-clips") / "cc-music-clips" / "cc-music-clips"
    items = find_audio(top, licences=("CC0", "CC-BY-3", "CC-BY-4"))
    assert len(items) >= 100
    made = prepare_audio(items[:12], tmp_path, rate=16000, quiet=True)
    assert len(made) == 12
    assert 90 < made.seconds <= 181
    assert all(np.abs(made[i]).max() > 0.05 for i in range(12))


TABLES = {
    "a file": "file,caption\n{},drums\n",
    "Hugging Face": "file_name;caption\r\n{};drums\r\n",
    "Windows": "File Name\tCaption\n.\\{}\tdrums\n",
    "Excel": 'sep=;\n"Path";"TEXT"\n"{}";"drums"\n',
    "pandas": ",clip,description\n0,{},drums\n",
    "twice": "filename,caption\n{0},drums\n{0}, drums\n",
}


@pytest.mark.parametrize("layout", TABLES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_tables_of_any_program_find_their_files(tmp_path, layout, encoding):
    file = tone(tmp_path / "é" / "Ünder.wav", seconds=0.1)
    text = TABLES[layout].format("é/ünder.WAV" if layout == "Windows" else "é/Ünder.wav")
    (tmp_path / "Metadata.CSV").write_bytes(text.encode(encoding))
    (item,) = find_audio(tmp_path)
    assert (item.path, item.caption) == (file, "drums")


def test_a_name_that_macos_took_apart_is_found(tmp_path):
    file = tone(tmp_path / unicodedata.normalize("NFD", "é.wav"), seconds=0.1)
    (tmp_path / "captions.tsv").write_text("file\tcaption\né.wav\tdrums\n", encoding="utf-8")
    assert [item.path for item in find_audio(tmp_path)] == [file]


@pytest.mark.parametrize("word", ["Dev", " valid", "VAL", "Validation ", "testing", "TRAINING"])
def test_a_split_has_many_names(tmp_path, word):
    tone(tmp_path / "a.wav", seconds=0.1)
    (tmp_path / "captions.csv").write_text(f"file,Split\na.wav,{word}\n")
    (item,) = find_audio(tmp_path)
    assert item.split == split_of_path(Path(word.strip()) / "a.wav")
    assert item.split[:2].lower() == {"d": "va"}.get(word[0].lower(), word.strip()[:2].lower())


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("file,split\na.wav,holdout\n", r"line 2, column 'split': 'holdout'"),
        ("file,split\na.wav,train/val\n", r"line 2, column 'split'"),
        ("file,caption\na.wav,x\na.wav,y\n", r"line 3, column 'file'.*in line 2 already"),
        ("file,split\nA.wav,train\na.wav,test\n", r"line 3, column 'file'"),
        ("file,caption\n../a.wav,x\n", r"line 2, column 'file'.*leads out of the folder"),
        ("file,caption\n,x\n", r"line 2, column 'file': names no file"),
        ("file,caption\na.wav,one, two\n", r"line 2, column 3"),
    ],
)
def test_no_line_is_passed_over(tmp_path, table, reason):
    tone(tmp_path / "a.wav", seconds=0.1)
    (tmp_path / "captions.csv").write_text(table)
    with pytest.raises(BrokenFileError, match=reason):
        find_audio(tmp_path)


def test_a_spreadsheet_is_not_passed_over(tmp_path):
    tone(tmp_path / "a.wav", seconds=0.1)
    (tmp_path / "captions.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(BrokenFileError, match=r"captions\.xlsx: is a spreadsheet"):
        find_audio(tmp_path)
    (tmp_path / "captions.csv").write_text("file,license\na.wav,CC0\n")  # saved beside it
    assert find_audio(tmp_path, licences=("CC0",))[0].labels == {"licence": "CC0"}


def test_files_that_are_not_there_are_counted(tmp_path):
    tone(tmp_path / "a.wav", seconds=0.1)
    names = ["a", "n" * 5000, "gone"]
    (tmp_path / "captions.csv").write_text("file\n" + "".join(f"{n}.wav\n" for n in names))
    with pytest.warns(UserWarning, match=r"captions\.csv: 2 of 3 files.*line 3"):
        assert len(find_audio(tmp_path)) == 1
