"""The benchmark of tokenisers: what each says it loses is what it is known to lose."""

import json

import numpy as np
import pytest
import symusic

from workbench import cli
from workbench.benchmarks import tokenisers
from workbench.evaluation.table import Report
from workbench.music.clip import Clip
from workbench.representations.tokenisers import tokenisers as every_way


def song(seed: int, programs=(0, 5), bars=4, drums=False) -> Clip:
    """Sixteenths in 4/4 on the grid of all tokenisers, no two alike: nothing has to be lost but
    velocity. The second note of each bar is at velocity 90."""
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    for program in programs:
        track = symusic.Track(program=program, is_drum=drums)
        for bar in range(bars):
            for number, step in enumerate(sorted(rng.choice(16, 5, replace=False))):
                pitch = int(rng.integers(36, 90))
                velocity = 90 if number == 1 else 64
                start = (16 * bar + int(step)) * 120
                track.notes.append(symusic.Note(start, 120, pitch, velocity, "tick"))
        score.tracks.append(track)
    score.tempos.append(symusic.Tempo(0, 120.0, ttype="tick"))
    return Clip(score, beats=4.0 * bars)


@pytest.fixture(scope="module")
def kinds():
    return every_way([song(seed) for seed in range(20, 40)])


def table(kinds, clips) -> dict:
    report = Report()
    tokenisers.measure(kinds, clips, report)
    section = report.sections["tokenisers"]
    return {row[0]: dict(zip(section["columns"], row, strict=True)) for row in section["rows"]}


def test_songs_on_the_grid_keep_notes_onsets_and_durations(kinds):
    rows = table(kinds, [song(0), song(1)])
    assert list(rows) == [
        "REMI",
        "REMI + BPE",
        "TSD",
        "MIDI-Like",
        "Structured",
        "Octuple",
        "p/v/d with rhythm",
        "p/v/d",
        "MMM",
    ]
    for name, row in rows.items():
        if name not in ("p/v/d", "p/v/d with rhythm"):  # merge tracks, so what they double
            assert row["notes lost %"] == row["tracks lost"] == 0, name
        else:
            assert row["tracks lost"] == 2
        if name != "p/v/d":
            assert row["onset error ms"] == pytest.approx(0, abs=1e-6), name
            assert row["duration error beats"] == pytest.approx(0, abs=1e-6), name
    assert rows["p/v/d"]["onset error ms"] > 100
    # 64 and 90 come back as 96: a fifth of the notes is 6 off, the others 32
    assert rows["MMM"]["velocity error"] == pytest.approx((6 + 4 * 32) / 5)
    assert rows["REMI"]["velocity error"] < 4
    assert rows["REMI"]["vocabulary"] < rows["REMI + BPE"]["vocabulary"]


def test_lengths_are_what_the_encodings_need(kinds):
    rows = table(kinds, [song(0)])
    assert rows["Octuple"]["tokens per note"] == 7
    assert rows["p/v/d"]["tokens per note"] == 3
    assert rows["REMI + BPE"]["tokens per note"] < rows["REMI"]["tokens per note"]
    # each of 2 tracks and 4 bars has 5 notes, on and off, and 3 + 3 tokens around them at least
    assert rows["MMM"]["tokens per note"] > (40 * 2 + 8 * 2 + 2 * 4) / 40
    assert rows["REMI"]["tokens per bar"] == rows["REMI"]["tokens per note"] * 10


def test_tracks_of_one_program_merge_and_tempo_changes_go(kinds):
    clip = song(0, programs=(7, 7))
    clip.score.tempos.append(symusic.Tempo(960, 90.0, ttype="tick"))
    rows = table(kinds, [clip])
    assert {row["tempo changes lost"] for row in rows.values()} == {1}
    assert (rows["REMI"]["tracks lost"], rows["MMM"]["tracks lost"]) == (1, 0)


def test_drums(kinds):
    rows = table(kinds, [song(3, programs=(0,), drums=True)])
    assert rows["p/v/d"]["notes lost %"] == 100
    for name in ("REMI", "TSD", "MIDI-Like", "Structured", "Octuple", "MMM"):
        assert rows[name]["notes lost %"] == 0, name
        assert np.isnan(rows[name]["duration error beats"])


def test_the_command_writes_its_table(tmp_path, capsys):
    for seed in range(30):
        song(seed).write_midi(tmp_path / f"{seed}.mid")
    out = tmp_path / "table.json"
    told = ["evaluate", "tokenisers", "--dataset", str(tmp_path), "--limit", "2"]
    assert cli.main([*told, "--out", str(out)]) == 0
    section = json.loads(out.read_text())["sections"]["tokenisers"]
    assert len(section["rows"]) == 9
    assert section["title"] in capsys.readouterr().out


def test_a_folder_that_is_not_there(tmp_path, capsys):
    with pytest.raises(SystemExit):
        tokenisers.main(["--dataset", str(tmp_path / "none")])
    assert "none" in capsys.readouterr().err
