"""The inpainting widget's Python side, spoken to as the page does."""

import re

import numpy as np
import pytest
import symusic

from workbench.course.widgets import InpaintingWidget
from workbench.datasets.builtin_songs import sample


@pytest.fixture
def widget(small_gpt) -> InpaintingWidget:
    return InpaintingWidget(small_gpt, sample(1, 3, "pop")[0], n=2)


def send(widget, buffers=(), **content) -> None:
    """A custom message of the page."""
    data = {"method": "custom", "content": content}
    widget._handle_msg({"content": {"data": data}, "buffers": list(buffers)})


def fill(widget, **settings) -> None:
    send(widget, do="fill", settings=settings)
    assert widget.wait(60)


def test_what_the_page_is_shown(widget):
    song = widget.song
    assert sorted(song["tracks"]) == [
        "Acoustic Grand Piano",
        "Drums",
        "Electric Bass (finger)",
        "Voice Oohs",
    ]
    assert len(song["notes"]) == len(widget.clip.notes)
    assert song["lines"] == [4.0 * i for i in range(9)]
    assert widget.bars == (4, 8)


def test_fill_keep_undo_and_download(widget):
    before = widget.clip
    widget.hole = [2, 4]
    fill(widget)
    assert widget.error is None
    assert [card["title"] for card in widget.cards] == ["Version 1", "Version 2"]
    assert all("<audio" in card["html"] for card in widget.cards)
    version = widget.versions[1]
    outside = (before.notes["time"] < 8) | (before.notes["time"] >= 16)
    kept = (version.notes["time"] < 8) | (version.notes["time"] >= 16)
    assert version.notes[kept].tolist() == before.notes[outside].tolist()
    send(widget, do="keep", key=1)
    assert widget.clip is version
    assert (widget.undos, widget.bars, widget.cards) == (2, (2, 4), [])
    sent = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    send(widget, do="download")
    assert sent[0][0]["name"].endswith("-filled.mid")
    assert sent[0][1][0] == version.midi_bytes()
    send(widget, do="undo")
    assert widget.clip is before
    assert widget.versions[1] is version
    assert len(widget.cards) == 2
    send(widget, do="undo")
    assert (widget.cards, widget.original, widget.versions) == ([], {}, [])
    send(widget, do="undo")
    assert widget.say == "There is nothing to undo."
    for _ in range(2):
        send(widget, do="redo")
    assert widget.clip is version
    send(widget, do="keep", key=0)
    assert "version" in widget.say


def bars_drawn(html) -> list[int]:
    return [int(number) for number in re.findall(r"y=&quot;12&quot;>(\d+)<", html)]


@pytest.mark.parametrize(
    ("hole", "drawn", "shaded"),
    [
        ([4, 6], range(3, 9), "bars 5 to 6 are"),
        ([7, 8], range(6, 9), "bar 8 is"),
        ([0, 1], range(1, 4), "bar 1 is"),
    ],
)
def test_cards_show_the_original_and_the_songs_bar_numbers(widget, hole, drawn, shaded):
    widget.hole = hole
    fill(widget, n="1")
    assert widget.original["title"] == "Original"
    cards = [widget.original["html"], widget.cards[0]["html"]]
    for html in cards:
        assert bars_drawn(html) == list(drawn)
        assert f"bars {drawn[0]} to {drawn[-1]}, {shaded} shaded" in html
        assert html.count("class=&quot;h&quot;") == 1
        rows = [int(bar) for bar in re.findall(r"<tr><td>(\d+)<td>", html)]
        assert rows
        assert set(rows) <= set(drawn)


def test_an_upload_can_be_undone(widget):
    before = widget.clip
    send(widget, [midi()], do="upload", name="my tune.mid")
    assert widget.clip is not before
    send(widget, do="undo")
    assert widget.clip is before


def test_only_ticked_tracks_are_written(widget):
    widget.chosen = [widget.song["tracks"].index("Voice Oohs")]
    fill(widget, n="1")
    version = widget.versions[0]
    for program in (0, 33):
        own = widget.clip.notes[widget.clip.notes["program"] == program]
        assert version.notes[version.notes["program"] == program].tolist() == own.tolist()
    widget.chosen = []
    fill(widget)
    assert "Tick at least one track" in widget.say


@pytest.mark.parametrize(
    ("field", "raw"), [("temperature", "9"), ("n", "0"), ("top_p", "nan"), ("seed", "🎹")]
)
def test_numbers_out_of_range_are_named(widget, field, raw):
    fill(widget, **{field: raw})
    assert list(widget.wrong) == [field]
    assert widget.versions == []


def test_it_can_be_heard_while_it_is_written(widget):
    sent = []
    widget.send = lambda content, buffers=None: sent.append((content, buffers))
    widget.follow = True
    widget.hole = [1, 7]
    fill(widget, n="1")
    assert widget.error is None
    sounds = [(about["seconds"], data[0]) for about, data in sent if about["is"] == "sound"]
    assert all(data[:4] == b"OggS" for _, data in sounds)
    assert [s for s, _ in sounds] == sorted(s for s, _ in sounds)
    assert widget.progress == [6, 6]


def midi(tracks=1, beats=8.0) -> bytes:
    score = symusic.Score(480)
    for number in range(tracks):
        score.tracks.append(symusic.Track("", number % 128, False))
        score.tracks[-1].notes.append(symusic.Note(int(480 * beats), 480, 60, 80))
    return score.dumps_midi()


def test_an_own_file(widget):
    send(widget, [midi()], do="upload", name="my tune.mid")
    assert widget.say == "my tune.mid is loaded: 3 bars."
    assert widget.song["title"] == "my tune"
    fill(widget)
    assert widget.error is None


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.wav", b"RIFF", "is not a MIDI file"),
        ("a.mid", b"MThd nothing", "cannot be read as MIDI"),
        ("a.mid", b"", "cannot be read as MIDI"),
        ("a.mid", b"\0" * 1_000_001, "larger than 1 MB"),
        ("a.mid", symusic.Score(480).dumps_midi(), "no notes"),
        ("a.mid", midi(70), "more than 64 tracks"),
        ("a.mid", midi(beats=9000), "more than an hour"),
        ("", b"x", "not a MIDI file"),
    ],
)
def test_broken_and_oversized_files_are_answered_kindly(widget, name, data, said):
    before = widget.clip
    send(widget, [data], do="upload", name=name)
    assert said in widget.say
    assert "\n" not in widget.say
    assert widget.clip is before
    assert widget.error is None


def test_stop_keeps_the_song(widget):
    before = widget.clip
    widget.hole = [0, 8]
    send(widget, do="fill", settings={"n": "8"})
    send(widget, do="stop")
    assert widget.wait(60)
    assert widget.clip is before
    assert widget.busy == ""


@pytest.mark.filterwarnings("ignore:bars")
def test_metres_that_tokens_do_not_name_are_filled(widget):
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 7, 8))
    score.tracks.append(symusic.Track("", 0, False))
    for step in np.arange(12):
        score.tracks[0].notes.append(symusic.Note(int(step) * 480, 480, 60, 80))
    send(widget, [score.dumps_midi()], do="upload", name="seven.mid")
    fill(widget)
    assert widget.versions
    assert widget.error is None
