"""The benchmarks of MidiGPT and DiffusionLM, run whole at the smallest size on built-in songs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import symusic

from workbench.benchmarks import piano, song_bands, song_many, songs
from workbench.benchmarks.piano_data import copied, grams
from workbench.benchmarks.song_context import context
from workbench.benchmarks.song_control import chord_in, control, value_in
from workbench.benchmarks.song_data import SongBench, until_end
from workbench.benchmarks.song_inpainting import (
    FILLERS,
    LABELS,
    MEASURES,
    cost_of,
    inpainting,
    measure,
    no_suffix,
)
from workbench.benchmarks.song_other import performed
from workbench.datasets import builtin_songs
from workbench.evaluation.inpainting import PROMPTS, cases
from workbench.evaluation.table import Report, cell
from workbench.models.gpt import GPTConfig
from workbench.music.clip import Clip
from workbench.representations.controls import CHORDS, KINDS, Controls
from workbench.representations.hints import ORDERS
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.midigpt import MidiGPT, MidiGPTConfig
from workbench.systems.midigpt.training import songs_of


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    out = tmp_path_factory.mktemp("gpt")
    MidiGPT.train("builtin-songs", "smoke", out=out)
    return out


@pytest.fixture(scope="module")
def bench(gpt):
    vocabulary = MidiGPT.from_pretrained(gpt).vocabulary
    config = GPTConfig(vocabulary.size, context=1024, width=16, depth=1, heads=2)
    system = MidiGPT(MidiGPTConfig(config), vocabulary)  # untrained, but four bars fit
    return SongBench(system, "builtin-songs", Report(), cases=2, quick=True)


def test_song_sections_print_and_write(gpt, tmp_path, capsys):
    out = tmp_path / "songs.json"
    arguments = ["--checkpoint", str(gpt), "--dataset", "builtin-songs", "--quick"]
    code = songs.main([*arguments, "--only", "likelihood", "other", "speed", "--out", str(out)])
    assert code == 0
    found = json.loads(out.read_text())["sections"]
    assert set(found) == {"likelihood", "other", "speed"}
    held, played = (row for row in found["other"]["rows"][:2])
    assert held[2] == played[2]  # the same notes
    assert played[4] > held[4]  # cost more off the beat
    names = [row[0] for row in found["likelihood"]["rows"]]
    assert "MidiGPT" in names
    assert sum(name.startswith("Markov") for name in names) == 4
    costs = [row[1] for row in found["likelihood"]["rows"]]
    assert costs == sorted(costs)
    assert found["speed"]["cached"] > 0
    assert "bits per note" in capsys.readouterr().out


def test_fillings_have_the_bars_of_the_hole(bench):
    clips = [clip for clip, _ in bench.held]
    chosen = cases(clips, bench.vocabulary, bench.system.config.gpt.context, bench.cases)
    assert len(chosen) == 2
    assert LABELS.keys() == FILLERS.keys()
    for case in chosen:
        for filler in FILLERS.values():
            filling = filler(bench, case)
            assert len(filling.bars) == 4
            assert len(measure(bench, case, filling)) == len(MEASURES)
        before = case.song.notes[case.song.notes[:, 0] == case.first - 1]
        again = FILLERS["repeat"](bench, case).notes
        assert again[again[:, 0] == 3][:, 1:].tolist() == before[:, 1:].tolist()


def test_the_section_of_inpainting_has_its_rows_by_id(bench, capsys):
    inpainting(bench)
    section = bench.report.sections["inpainting"]
    assert len(section["rows"]) == len(FILLERS)
    assert cell(section, "real", "copied") is not None
    costs = [cell(section, row, "nats per note of the true bars") for row in ("own", "rebuilt")]
    assert all(cost > 0 for cost in costs)
    assert cell(section, "trivial", "nats per note of the true bars") > 0
    assert len(section["advantage"]) == 4


def test_the_nearest_place_of_a_song_that_repeats_is_its_repetition(bench):
    clips = [clip for clip, _ in bench.held]
    case = cases(clips, bench.vocabulary, 1024, 1)[0]
    both = case.song.notes.copy()
    both[:, 0] += len(case.song.bars)
    song = replace(
        case.song, notes=np.concatenate([case.song.notes, both]), bars=np.tile(case.song.bars, 2)
    )
    found = FILLERS["nearest"](bench, replace(case, song=song))
    assert found.notes.tolist() == case.truth.notes.tolist()


def test_drums_and_other_notes_of_bands_are_counted(bench, monkeypatch):
    monkeypatch.setattr(song_bands, "SETS", ("builtin-songs", "game-midi"))
    monkeypatch.setattr(song_bands, "SHORTEST", 8)
    monkeypatch.setenv("WORKBENCH_CACHE", "nowhere")
    song_bands.bands(bench)
    section = bench.report.sections["bands"]
    drums, others = section["rows"][:2]
    assert drums[0] == "builtin-songs: drum hits"
    song = songs_of("builtin-songs", "test", 3)[0]
    assert sum(song_bands.notes_in(song, 0, song.bars)) == len(song.notes)
    assert drums[2] > 0
    assert others[2] > 0
    assert 0 <= drums[5] <= 1
    assert "game-midi is left out" in section["notes"][1]


def test_many_fillings_are_counted_by_collection(bench, monkeypatch):
    monkeypatch.setattr(song_many, "SETS", ("game-midi", "builtin-songs"))
    monkeypatch.setattr(song_many, "LENGTH", 2)
    monkeypatch.setattr(song_many, "SIDE", 1)
    monkeypatch.setattr(song_many, "measure", lambda *_: [0.5] * len(MEASURES))
    monkeypatch.setenv("WORKBENCH_CACHE", "nowhere")
    song_many.many(replace(bench, fillings=3))
    section = bench.report.sections["many"]
    made, true, *_, worst, _ = section["rows"]
    assert (made[0], made[1]) == ("builtin-songs", 3)
    assert true[0] == "builtin-songs: true bars"
    outside = 2 + song_many.FAULTS.index("outside")
    assert made[outside] == true[outside] == 0
    assert worst[1] == 1
    assert "game-midi is left out" in section["notes"][-1]


def test_faults_of_a_filling_are_found_on_its_tracks(bench):
    """The four bars of one track are emptied, of another moved up; a note after them is removed."""
    clip = songs_of("builtin-songs", "test", 1)[0]
    case = next(iter(song_many.holes([clip], bench.vocabulary, 1, 0)), None)
    assert case is not None
    wall = song_many.Wall(100, 1000)
    right = song_many.faults(case, clip, wall)
    assert right[song_many.FAULTS.index("outside")] == 0
    begin, end = (clip.bar_lines[case.first + i] * clip.score.tpq for i in (0, song_many.LENGTH))
    score = clip.score.copy()
    tuned = [track for track in score.tracks if not track.is_drum]
    tuned[0].notes = [note for note in tuned[0].notes if not begin <= note.time < end]
    for note in tuned[1].notes:
        note.pitch = min(127, note.pitch + 48 * (begin <= note.time < end))
    wrong = song_many.faults(case, clip.with_score(score), song_many.Wall(0, 1000))
    assert wrong[0] == 1
    assert wrong[1] > right[1]
    assert wrong[2] > right[2]
    assert wrong[3] == 0
    last = [note for note in tuned[1].notes if note.time >= end][-1]
    tuned[1].notes = [note for note in tuned[1].notes if note.time != last.time]
    assert song_many.faults(case, clip.with_score(score), wall)[3] == 1


def test_context_and_control_are_measured(bench):
    vocabulary = bench.vocabulary
    size = vocabulary.size + Controls.size
    config = GPTConfig(size, 1024, width=16, depth=1, heads=2, echoes=len(ORDERS), clock=True)
    system = MidiGPT(MidiGPTConfig(config), vocabulary)
    other = SongBench(system, "builtin-songs", Report(), cases=2, quick=True)
    context(other)
    names = [row[0] for row in other.report.sections["context"]["rows"]]
    assert [name.split()[0] for name in names] == ["64", "256", "1024", "1024"]
    assert all(row[1] > 0 for row in other.report.sections["context"]["rows"])
    assert other.report.sections["context"]["rows"][0][2] == 0
    control(other)
    rows = other.report.sections["control"]["rows"]
    names = {row[0] for row in rows}
    for kind in ("density", "polyphony"):
        assert {f"builtin-songs: {kind}", f"all: {kind}"} <= names
    for _, asked, free, count in rows:
        assert 0 <= asked <= 1
        assert 0 <= free <= 1
        assert count > 0
    chosen = cases([clip for clip, _ in other.held], vocabulary, 1024, 1)[0]
    whole, half = (cost_of(other, chosen, prompt) for prompt in (PROMPTS["middle"], no_suffix))
    assert whole > 0
    assert half > 0
    assert whole != half


def test_controls_are_counted_on_the_tracks_of_the_file():
    """Two tracks of one program: eighths in 6/8, and a chord that is held."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 6, 8))
    for pitches, step, length in (((60,), 240, 240), ((57, 60, 64), 720, 700)):
        score.tracks.append(symusic.Track("", 0))
        for time in range(0, 2880, step):
            for pitch in pitches:
                score.tracks[-1].notes.append(symusic.Note(time, length, pitch, 80))
    clip = Clip(score)
    found = [[value_in(clip, i, 1, kind) for kind in KINDS] for i in (0, 1)]
    assert found[0] == [6, 1, 60, 1]
    assert found[1] == [2, 3, pytest.approx(60 + 1 / 3), pytest.approx(700 / 240)]
    assert CHORDS[chord_in(clip, 1)] == "Am"


def test_performed_songs_sound_the_same_off_their_beats():
    clip = builtin_songs.sample(1, seed=5)[0].with_(tempo=97.0)
    again = performed(clip)
    assert again.tempo == 120
    for field in ("pitch", "velocity", "program"):
        assert sorted(again.notes[field]) == sorted(clip.notes[field])
    assert again.notes["time"] / 2 == pytest.approx(clip.notes["time"] * 60 / 97, abs=0.002)
    assert (again.notes["time"] % 0.25 > 0.02).mean() > 0.5


def test_until_end_cuts_there():
    assert until_end(np.array([4, 7, 2, 9]), 2).tolist() == [4, 7]
    assert until_end([4, 7], 2).tolist() == [4, 7]


def test_grams_and_copying():
    known = np.tile(np.arange(10, 140), (2, 1))
    assert len(grams(known)) == 121
    assert copied(known, grams(known)) == 1.0
    assert copied(known[:, ::-1], grams(known)) == 0.0


def test_a_missing_checkpoint_is_one_line(tmp_path, capsys):
    assert songs.main(["--checkpoint", str(tmp_path / "no")]) == 1
    assert piano.main(["--checkpoint", str(tmp_path / "no")]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2


def test_piano_sections_print_and_write(tmp_path, capsys):
    out = tmp_path / "piano.json"
    DiffusionLM.train("builtin-songs", "smoke", process="continuous", out=tmp_path / "piano")
    code = piano.main(
        [
            "--checkpoint",
            str(tmp_path / "piano"),
            "--dataset",
            "builtin-songs",
            "--quick",
            "--only",
            "bits",
            "samples",
            "notes",
            "fillings",
            "music",
            "control",
            "--out",
            str(out),
        ]
    )
    assert code == 0
    found = json.loads(out.read_text())["sections"]
    bound = found["bits"]["bound"]
    parts = sum(bound[k] for k in ("prior", "denoising", "first step", "rounding"))
    assert bound["total"] == pytest.approx(parts, rel=1e-3)
    assert found["samples"]["validity"][0] == 1.0  # by the grammar
    assert cell(found["samples"], "real", "permitted words") == 1.0
    assert cell(found["samples"], "trivial", "permitted words") < 0.6
    notes = {row[0]: row[1:] for row in found["notes"]["rows"]}
    assert notes["DiffusionLM, 10 steps"][:2] == [0, 0]  # by the grammar
    assert all(2 < row[2] <= 32 for row in notes.values())  # notes per bar
    assert found["fillings"]["dropped"] < 0.3
    assert found["fillings"]["own"] == 0
    assert {row[0] for row in found["control"]["rows"]} == {"density", "register", "key"}
    costs = {row[0]: row[1] for row in found["bits"]["rows"]}
    assert sum(name.startswith("Markov chain of order") for name in costs) == 6
    # these songs repeat their words of one kind, which chains of fewer than four words do not see
    assert costs["Markov chain of order 4"] < costs["Markov chain of order 3"]
    music = {row[0]: row for row in found["music"]["rows"]}
    assert music["held-out windows"][-2] is None
    assert all(0 <= row[-2] <= 1 for name, row in music.items() if name != "held-out windows")
    assert "judge" in capsys.readouterr().out
