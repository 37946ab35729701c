"""The editor, the film and clips side by side: their Python side."""

import numpy as np
import pytest

from tests.course.widgets.test_prompt_box import send
from workbench.course.widgets import DrumGrid, FilmWidget, compare
from workbench.course.widgets.base import VIEW
from workbench.errors import PromptError, WorkbenchError
from workbench.music.clip import Clip
from workbench.representations.drum_chart import METERS, bar_steps
from workbench.representations.drum_roll import DrumRoll


def array(clip: Clip) -> np.ndarray:
    return DrumRoll.from_clip(clip).to_array()


@pytest.fixture
def clip() -> Clip:
    rows = [(0, 0.1, 36, 100), (1.05, 0.1, 38, 90), (2, 0.1, 36, 80), (6.3, 0.1, 42, 60)]
    return Clip.from_notes(rows, tempo=96, beats=8, caption="rock")


def test_a_clip_goes_through_unchanged(clip):
    grid = DrumGrid(clip)
    np.testing.assert_array_equal(grid.clip.notes, clip.notes)
    assert (grid.clip.tempo, grid.clip.caption, grid.clip.bars) == (96, "rock", 2)


def test_edits_undo_and_clear(clip):
    grid = DrumGrid(clip)
    send(grid, do="set", cells=[[3, 1, 50], [0, 0, 0], [4, 1, 33]], number=7)
    velocity = np.frombuffer(grid.velocity, "u1").reshape(-1, 9)
    assert (velocity[3, 1], velocity[0, 0], velocity[4, 1], grid.sent) == (50, 0, 33, 7)
    notes = grid.clip.notes
    assert len(notes) == 4
    louder = notes[notes["velocity"] == 33]
    assert louder["time"][0] == pytest.approx(1.05, abs=1e-3), "microtiming is kept"
    send(grid, do="clear")
    assert len(grid.clip.notes) == 0
    send(grid, do="undo")
    send(grid, do="undo")
    np.testing.assert_array_equal(grid.clip.notes, clip.notes)
    send(grid, do="undo")
    assert grid.say == "There is nothing to undo."
    send(grid, do="redo")
    assert grid.clip.notes["velocity"].tolist() == notes["velocity"].tolist()
    assert (grid.undos, grid.redos) == (1, 1)
    send(grid, do="keep", cells=[[0, 0, 1]])
    send(grid, do="redo")
    assert grid.say == "There is nothing to redo.", "a new change ends what was undone"


@pytest.mark.parametrize("raw", ["12", "1000", "?", "nan", "fast"])
def test_the_tempo_is_typed(clip, raw):
    grid = DrumGrid(clip)
    send(grid, do="tempo", bpm=raw)
    assert (list(grid.wrong), grid.tempo, grid.undos) == (["tempo"], 96, 0)
    assert "Tempo (BPM): give a number" in grid.say
    send(grid, do="tempo", bpm="128.5")
    assert (grid.wrong, grid.clip.tempo) == ({}, 128.5)
    send(grid, do="undo")
    assert grid.clip.tempo == 96


def test_cells_outside_the_grid_are_left_out(clip):
    grid = DrumGrid(clip)
    send(grid, do="set", cells=[[999, 0, 1], [0, 9, 1], [-1, 0, 1], [0, 0, -7], [1, 1, 9999]])
    added = array(grid.clip) - array(clip)
    assert (added[0, 0], added[1, 1], np.abs(added[:, :9]).sum()) == (-1, 1, 2)
    assert added[1, 10] == 1


@pytest.mark.parametrize(
    "cells", [[["a", 1, 1]], [[1]], [1], [[1, 1, None]], [[0.5, 1, 1]], [[1, 1, float("nan")]], 7]
)
def test_what_is_no_cell_is_told_and_changes_nothing(clip, cells):
    grid = DrumGrid(clip)
    for verb in ("set", "keep"):
        send(grid, do=verb, cells=cells)
        assert grid.say.startswith("cells")
    assert (grid.undos, grid.error) == (0, None)


def test_what_is_no_score_is_refused():
    with pytest.raises(WorkbenchError, match="waveform"):
        DrumGrid(Clip(audio=np.zeros(100), sample_rate=100))
    for odd in ("rock.mid", 5, np.zeros((32, 27))):
        with pytest.raises(WorkbenchError, match="clip"):
            DrumGrid(odd)


def test_notes_that_the_grid_does_not_show_and_the_credit_stay(small_system):
    drums = [(0, 0.1, 36, 100), (1, 0.1, 38, 90), (1.05, 0.1, 38, 50), (2, 0.1, 71, 80)]
    notes = Clip.from_notes(drums, beats=8).notes
    piano = Clip.from_notes([(0.3, 2, 60, 70), (5, 1, 64, 70)], drums=False).notes
    clip = Clip.from_notes(np.concatenate([notes, piano]), beats=8, source="Ada's song")
    grid = DrumGrid(clip, small_system)
    said = "2 of other instruments, 1 of percussion outside the nine voices, 1 that share a cell"
    assert said in grid.say
    assert grid.clip.source == "Ada's song"

    def hidden(made):
        return [n for n in made.notes.tolist() if n[2] in (60, 64, 71) or n[3] == 50]

    send(grid, do="set", cells=[[8, 0, 77]])
    assert len(grid.clip.notes) == 7
    assert grid.clip.labels["original"] == "Ada's song"
    send(grid, do="fill", prompt="rock")
    assert grid.wait(60)
    assert {*map(tuple, hidden(clip))} <= {*map(tuple, grid.clip.notes.tolist())}
    assert (grid.clip.labels["original"], grid.clip.labels["system"]) == ("Ada's song", "DrumLDM")
    assert grid.clip.source.startswith("inpainting of Ada's song")
    send(grid, do="undo")
    assert len(grid.clip.notes) == 7


def test_undo_of_a_fill_brings_the_caption_back(clip, small_system):
    grid = DrumGrid(clip.with_(caption="Ada's samba", source="ada.mid"), small_system)
    send(grid, do="keep", cells=[[0, 0, 1]])
    send(grid, do="fill", prompt="funk")
    assert grid.wait(60)
    assert (grid.clip.caption, grid.prompt) == ("funk", "funk")
    assert f"kept 1 of {grid.keep.size} cells" in grid.clip.source
    send(grid, do="undo")
    assert (grid.clip.caption, grid.prompt) == ("Ada's samba", "Ada's samba")
    assert grid.clip.source == "ada.mid"
    send(grid, do="redo")
    assert (grid.clip.caption, grid.prompt) == ("funk", "funk")


def test_fill_keeps_marked_cells(clip, small_system):
    grid = DrumGrid(clip, small_system)
    send(grid, do="keep", cells=[[s, d, 1] for s in range(16) for d in range(9)])
    send(grid, do="fill", prompt="funk")
    assert grid.wait(60)
    assert "the marked cells" in grid.say
    np.testing.assert_array_equal(array(grid.clip)[:16], array(clip)[:16])
    assert not np.array_equal(array(grid.clip)[16:], array(clip)[16:])
    assert grid.clip.caption == "funk"
    send(grid, do="undo")
    np.testing.assert_array_equal(array(grid.clip), array(clip))


def test_fill_without_marks_keeps_the_hits(clip, small_system):
    grid = DrumGrid(clip, small_system)
    send(grid, do="fill")
    assert grid.wait(60)
    hits = array(clip)[:, :9] > 0.5
    assert array(grid.clip)[:, :9][hits].all()
    assert "your hits" in grid.say


def test_an_empty_grid_is_filled_and_kept_silence_stays(small_system):
    grid = DrumGrid(None, small_system)
    send(grid, do="keep", cells=[[s, d, 1] for s in range(16, 32) for d in range(9)])
    send(grid, do="fill", prompt="rock")
    assert grid.wait(60)
    hits = array(grid.clip)[:, :9]
    assert hits[:16].any()
    assert not hits[16:].any()


@pytest.mark.parametrize("meter", METERS)
def test_every_metre_is_edited_and_written(meter, chart_system, tmp_path):
    size = bar_steps(meter)
    grid = DrumGrid(None, chart_system, meter=meter)
    assert (grid.bars, len(grid.counts), grid.meter) == (2, size, f"{meter[0]}/{meter[1]}")
    send(grid, do="set", cells=[[size, 1, 90]])  # snare on the second bar line
    grid.clip.write_midi(tmp_path / "loop.mid")
    back = Clip.read_midi(tmp_path / "loop.mid")
    assert (back.meter, back.bars, back.notes["time"].tolist()) == (meter, 2, [size / 4])
    again = DrumGrid(back, chart_system)
    np.testing.assert_array_equal(array(again.clip), array(grid.clip))
    send(again, do="fill", prompt="rock")
    assert again.wait(60)
    assert (again.clip.meter, again.clip.bars, again.error) == (meter, 2, None)
    send(grid, do="clear")
    send(grid, do="fill", prompt="a waltz")  # the grid's metre, not that of the words
    assert grid.wait(60)
    assert (grid.clip.meter, grid.clip.bars, grid.error) == (meter, 2, None)


def test_another_metre_keeps_the_times_of_hits(clip):
    grid = DrumGrid(clip)
    times = clip.notes["time"].tolist()
    send(grid, do="meter", meter="6/8")
    assert (grid.clip.meter, grid.bars, grid.clip.beats, grid.keep.shape) == ((6, 8), 3, 9, (36, 9))
    assert grid.clip.notes["time"].tolist() == times
    send(grid, do="meter", meter="9/8")
    assert ("Metre" in grid.say, list(grid.wrong), grid.meter) == (True, ["meter"], "6/8")
    send(grid, do="undo")
    assert (grid.clip.meter, grid.bars, len(grid.velocity)) == ((4, 4), 2, 32 * 9)
    long = DrumGrid(None)
    send(long, do="bars", bars="16")
    send(long, do="meter", meter="2/4")
    assert ("32 bars" in long.say, long.meter, long.bars) == (True, "4/4", 16)


def test_bars_are_added_and_removed_at_the_end():
    rows = [(0, 0.1, 38, 70), (3.95, 0.1, 36, 100), (4, 0.1, 42, 50), (7.95, 0.1, 36, 90)]
    clip = Clip.from_notes(rows, beats=8, anticipation=0.125, source="Ada", caption="rock")
    grid = DrumGrid(clip)
    assert array(clip)[:, 18].min() < 0, "the last kick is an early first beat"
    for bars in ("5", "16", "2", "1"):
        before = array(grid.clip)
        send(grid, do="bars", bars=bars)
        after = array(grid.clip)
        both = min(len(before), len(after))
        np.testing.assert_allclose(after[:both], before[:both], atol=1e-2)
        assert not after[both:].any()
        assert (grid.bars, grid.clip.bars, grid.clip.caption) == (int(bars), int(bars), "rock")
    for wrong in ("0", "17", "1.5", "?"):
        send(grid, do="bars", bars=wrong)
        assert (list(grid.wrong), grid.bars) == (["bars"], 1)
    for _ in range(4):
        send(grid, do="undo")
    np.testing.assert_array_equal(grid.clip.notes, clip.notes)


def test_clips_of_more_than_16_bars_and_a_second_metre_are_refused(clip):
    with pytest.raises(WorkbenchError, match="16 bars, got 17"):
        DrumGrid(clip.with_(beats=68))
    with pytest.raises(WorkbenchError, match="meter"):
        DrumGrid(clip, meter=(3, 4))
    with pytest.raises(WorkbenchError, match="5/16"):
        DrumGrid(None, meter=(5, 16))


@pytest.fixture
def grooves(clip) -> list[Clip]:
    rows = [(t + 0.04, 0.1, pitch, 40) for t in range(8) for pitch in (36, 38, 42)]
    return [clip.with_(caption=""), Clip.from_notes(rows, beats=8, caption="late and soft")]


USES = {
    "humanise": {},
    "fill": {"bar": 1},
    "add": {"drum": 5},
    "transfer": {"groove": 1},
    "tap": {"onsets": [-0.05, 0.6, 1.3]},
}


@pytest.mark.parametrize("tool", USES)
def test_groove_tools(clip, grooves, chart_system, tool):
    grid = DrumGrid(clip, chart_system, grooves=grooves)
    assert grid.tools == list(USES)
    before = array(clip)
    send(grid, do="groove", tool=tool, prompt="funk", **USES[tool])
    assert (grid.busy, grid.wait(60), grid.error) != ("", True, None)
    after = array(grid.clip)
    changed = np.frombuffer(grid.changed, "u1").reshape(-1, 9).astype(bool)
    assert changed.any()
    np.testing.assert_allclose(after[:, :9][~changed], before[:, :9][~changed])
    hits = after[:, :9] > 0.5
    if tool in ("humanise", "transfer"):
        np.testing.assert_array_equal(hits, before[:, :9] > 0.5)
    elif tool == "fill":
        assert not changed[:16].any()
    elif tool == "add":
        assert not changed[:, [d for d in range(9) if d != 5]].any()
    else:  # a twentieth of a second before the end, beats 1 and 2
        times = sorted(t for t, _, pitch, *_ in grid.clip.notes.tolist() if pitch in (36, 38))
        np.testing.assert_allclose(times, [0.6 * 1.6, 1.3 * 1.6, 8 - 0.05 * 1.6], atol=0.01)
    assert grid.clip.caption == "funk"
    send(grid, do="undo")
    assert (grid.clip.caption, grid.undos) == ("rock", 0)
    np.testing.assert_array_equal(grid.clip.notes, clip.notes)


def test_marked_cells_stay_whatever_the_tool(clip, grooves, chart_system):
    grid = DrumGrid(clip, chart_system, grooves=grooves)
    send(grid, do="keep", cells=[[s, d, 1] for s in range(4, 24) for d in range(9)])
    for tool, more in USES.items():
        send(grid, do="groove", tool=tool, **more)
        assert grid.wait(60)
        np.testing.assert_array_equal(array(grid.clip)[4:24], array(clip)[4:24])


def test_an_edit_takes_the_marks_of_changes_away(clip, chart_system):
    grid = DrumGrid(clip, chart_system)
    send(grid, do="groove", tool="humanise")
    assert grid.wait(60)
    assert any(grid.changed)
    send(grid, do="set", cells=[[1, 1, 50]])
    assert not any(grid.changed)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"tool": "dance"}, "tool"),
        ({"tool": "transfer", "groove": 0}, "grooves"),
        ({"tool": "fill", "bar": 2}, "bar"),
        ({"tool": "fill"}, "bar"),
        ({"tool": "add", "drum": 9}, "drum"),
        ({"tool": "tap", "onsets": []}, "onsets"),
        ({"tool": "tap", "onsets": ["x"]}, "onsets"),
        ({"tool": "tap", "onsets": [99.0, -2.0]}, "tap"),
    ],
)
def test_what_a_groove_tool_cannot_do_is_said(clip, chart_system, asked, said):
    grid = DrumGrid(clip, chart_system)
    send(grid, do="groove", **asked)
    assert said in grid.say
    assert (grid.error, grid.undos, grid.busy) == (None, 0, "")


def test_grids_without_a_system_or_hits_say_so(clip, chart_system):
    alone = DrumGrid(clip)
    send(alone, do="groove", tool="humanise")
    assert ("needs a system" in alone.say, alone.tools) == (True, [])
    empty = DrumGrid(None, chart_system)
    send(empty, do="groove", tool="humanise")
    assert empty.wait(60)
    assert ("no drum notes" in empty.say, empty.error) == (True, None)


def test_too_long_a_clip_is_answered(small_system):
    rows = [(b, 0.1, 36, 100) for b in range(32)]
    grid = DrumGrid(Clip.from_notes(rows, beats=32), small_system)  # it draws 4 bars at most
    send(grid, do="fill")
    assert grid.wait(60)
    assert "bars, got 8" in grid.say
    assert grid.error is None


def test_play_sends_the_sound(clip, monkeypatch):
    grid, sent = DrumGrid(clip), []
    monkeypatch.setattr(grid, "send", lambda content, buffers: sent.append((content, buffers)))
    send(grid, do="play")
    assert sent[0][0] == {"is": "sound", "seconds": clip.duration}
    assert sent[0][1][0][:4] == b"OggS"


def test_film(small_system, monkeypatch):
    film = FilmWidget.of(small_system, "rock", bars=1, steps=4)
    assert len(film.frames) == 4
    assert film.frame == 3
    assert "noise 100%" in film.frames[0]["text"]
    sent = []
    monkeypatch.setattr(film, "send", lambda content, buffers: sent.append((content, buffers)))
    send(film, do="play", frame=1)
    send(film, do="play", frame=77)
    assert [about["frame"] for about, _ in sent] == [1, 77]
    with pytest.raises(WorkbenchError, match="frames"):
        FilmWidget([])


def test_fallbacks(clip, small_system):
    for widget in (DrumGrid(clip), FilmWidget.of(small_system, "x", bars=1, steps=2)):
        data = widget._repr_mimebundle_()[0]
        assert VIEW in data
        assert "data:audio/ogg" in data["text/html"]


def test_a_blind_comparison_names_nothing_but_letters(clip):
    titles = ["the recording", "generated", "chance level"]
    clips = [clip.with_(caption=title, source=f"by {title}") for title in titles]
    shown = compare(clips, titles, blind=True)
    page = shown._repr_mimebundle_()["text/html"]
    players, _, key = page.partition("<details>")
    for title in titles:
        assert title not in players
        assert title not in repr(shown)
        assert key.count(title) == 1
    assert players.count('class="wb-clip"') == 3
    assert "<svg" not in players
    assert "<table" not in players
    for letter in "ABC":
        assert f'<div class="wb-title">Clip {letter}</div>' in players
        assert f"Clip {letter}: " in key
    again = compare(clips, titles, blind=True)._repr_mimebundle_()["text/html"]
    assert again.partition("<details>")[2] == key
    with pytest.raises(PromptError, match="blind='yes'"):
        compare(clips, blind="yes")


def test_blind_orders_are_shuffled_evenly():
    """Over many pairs of titles, the first title is about as often clip A as clip B."""
    from workbench.course.widgets.side_by_side import blindly
    from workbench.music.clip import Clip

    beep = Clip.from_notes([(0, 0.1, 36, 90)], tempo=120)
    first = 0
    for i in range(40):
        key = blindly([beep, beep], [f"one {i}", f"two {i}"]).partition("<details>")[2]
        first += key.index(f"one {i}") < key.index(f"two {i}")
    assert 10 <= first <= 30


def test_compare(clip):
    both = compare([clip, clip], ["before", "after"])
    html = both._repr_mimebundle_()["text/html"]
    assert html.count("data:audio/ogg") == 2
    assert "before" in html
    assert "rock" in repr(compare([clip]))
    with pytest.raises(WorkbenchError, match="titles"):
        compare([clip], ["a", "b"])
