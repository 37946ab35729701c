"""The prompt box's Python side, spoken to as the page does: through its comm's messages."""

import re
import threading

import pytest

from workbench.course.widgets import PromptBox
from workbench.course.widgets.base import VIEW
from workbench.course.widgets.form import fields_of, read_form
from workbench.course.widgets.prompt_box import MOST_CARDS, TAKES
from workbench.errors import PromptError, WorkbenchError
from workbench.music.writing import file_stem
from workbench.systems.ldmg import LDMG
from workbench.systems.prompts import MOST_WORDS, caption_words, words_by_kind
from workbench.systems.registry import SYSTEMS

PROMPTS = {
    "empty": "",
    "blank": "   ",
    "long": "funky " * 1667,
    "unknown": "zorbly quuxified blarg",
    "german": "ein schnelles Schlagzeug mit Geisternoten",
    "japanese": "ゆっくりしたファンクのドラム",
    "emoji": "🥁🔥🥁",
}


def send(widget, **content) -> None:
    """A custom message of the page."""
    data = {"method": "custom", "content": content}
    widget._handle_msg({"content": {"data": data}, "buffers": []})


def draw(box, prompt="funk", **settings) -> None:
    send(box, do="generate", prompt=prompt, settings=settings)
    assert box.wait(60)


@pytest.fixture
def box(small_system) -> PromptBox:
    return PromptBox(small_system, n=2, bars=1, steps=3)


@pytest.mark.parametrize("name", PROMPTS)
def test_every_prompt_generates_takes_and_advice(box, name):
    draw(box, PROMPTS[name])
    assert box.error is None
    assert len(box.takes) == 2
    assert box.advice, "each of these deserves a word of advice"
    assert all("Traceback" not in line and "\n" not in line for line in [*box.advice, box.say])
    assert all(len(card["title"]) < 100 for card in box.cards)


def test_advice_while_typing(box):
    send(box, do="explain", prompt="slow funk, 92 bpm")
    assert box.advice == []
    send(box, do="explain", prompt="funk with zorbly")
    assert any("zorbly" in line for line in box.advice)
    assert box.takes == []


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("steps", "0"),
        ("steps", "5000"),
        ("steps", "2.5"),
        ("bars", "99"),
        ("n", "-1"),
        ("guidance", "nan"),
        ("guidance", "inf"),
        ("tempo", "12"),
        ("tempo", "?"),
        ("seed", "1e30"),
        ("seed", "18446744073709551616"),
        ("seed", "-1"),
        ("seed", "2.5"),
        ("seed", "🥁"),
    ],
)
def test_numbers_out_of_range_are_named(box, field, raw):
    draw(box, **{field: raw})
    assert list(box.wrong) == [field]
    assert "give a" in box.say
    assert box.takes == []
    draw(box, **{field: {"tempo": ""}.get(field, "1")})
    assert box.wrong == {}
    assert box.takes


def test_blank_fields_take_the_defaults(box):
    values, wrong = read_form(
        {"tempo": " ", "steps": "", "guidance": "2,5"}, fields_of(box.system, "generate", TAKES)
    )
    assert wrong == {}
    assert (values["tempo"], values["steps"], values["guidance"]) == (None, 10, 2.5)


@pytest.mark.parametrize(
    ("raw", "seed"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("9007199254740993", 2**53 + 1),
        (" 7 ", 7),
        ("1e3", 1000),
        ("4.0", 4),
    ],
)
def test_a_typed_seed_is_kept_to_its_last_digit(box, raw, seed):
    draw(box, seed=raw)
    assert f"seed {seed}," in box.takes[0].source
    assert box.settings["seed"] == raw


def test_settings_reach_the_system(box):
    draw(box, "rock", bars="2", n="3", tempo="140", seed="5")
    assert [(c.bars, c.tempo, c.caption) for c in box.takes] == [(2, 140.0, "rock")] * 3
    same = box.system.generate("rock", n=3, bars=2, tempo=140, seed=5, steps=3)
    assert [c.midi_bytes() for c in box.takes] == [c.midi_bytes() for c in same]


def test_stop_ends_a_drawing(box, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    step = box.step

    def slow(*args):
        begun.set()
        assert go_on.wait(30)
        step(*args)

    monkeypatch.setattr(box, "step", slow)
    draw_before = box.takes
    send(box, do="generate", prompt="funk", settings={"steps": "100"})
    assert begun.wait(30)
    assert box.busy == "Generating"
    send(box, do="generate", prompt="rock", settings={})
    assert "Stop" in box.say
    send(box, do="stop")
    go_on.set()
    assert box.wait(30)
    assert box.say == "Stopped after 0 of 100 steps. There are no takes yet."
    assert (box.busy, box.takes, box.error) == ("", draw_before, None)


def test_kept_takes_stay(box):
    draw(box)
    key = box.cards[1]["key"]
    first = box.takes[1]
    send(box, do="keep", key=key, on=True)
    assert box.kept == [first]
    draw(box, "jazz", seed=1)
    assert box.takes[0] is first
    assert len(box.takes) == 3
    send(box, do="keep", key=key, on=False)
    draw(box)
    assert first not in box.takes
    assert box.kept == []


def test_one_number_for_a_take(box):
    draw(box, "")
    draw(box, "funk", n="3")
    assert [card["title"] for card in box.cards] == [f"Take {i} · funk" for i in (3, 4, 5)]
    for card, clip in zip(box.cards, box.takes, strict=True):
        facts = re.search(r'class="wb-facts">([^<]*)', card["html"])[1]
        assert "seed 0" in facts
        assert "take" not in facts
        assert "take" in clip.source, "from which it can be generated again"
    send(box, do="undo")
    assert [card["title"] for card in box.cards] == ["Take 1 · no prompt", "Take 2 · no prompt"]


def test_takes_come_back(box):
    draw(box)
    first = box.takes
    send(box, do="keep", key=1, on=True)
    draw(box, "jazz", seed=1)
    second = box.takes
    send(box, do="vary", key=1)
    assert box.wait(60)
    for takes, kept in ((second, 1), (first, 1), (first, 0)):
        send(box, do="undo")
        assert box.takes == takes
        assert len(box.kept) == kept
    send(box, do="undo")
    assert (box.takes, box.undos, box.redos) == ([], 0, 4)
    for takes in (first, first, second):
        send(box, do="redo")
        assert box.takes == takes
    draw(box)
    assert box.redos == 0


def test_every_message_with_a_number_is_answered(box, monkeypatch):
    sent = []
    monkeypatch.setattr(box, "send", lambda content, buffers=None: sent.append(content))
    send(box, do="nothing", ping=3)
    send(box, do="explain", prompt="funk", ping=4)
    assert sent == [{"is": "received", "ping": 3}, {"is": "received", "ping": 4}]


def test_vary_puts_a_variation_behind_its_take(box):
    draw(box)
    one, two = box.takes
    send(box, do="vary", key=box.cards[0]["key"])
    assert box.wait(60)
    assert box.takes[0] is one
    assert box.takes[2] is two
    assert "variation" in box.takes[1].source


def test_many_variations_do_not_pile_up(box):
    draw(box)
    key = box.cards[0]["key"]
    send(box, do="keep", key=key, on=True)
    for _ in range(MOST_CARDS):
        send(box, do="vary", key=key)
        assert box.wait(60)
    assert len(box.cards) == MOST_CARDS
    assert len(box.kept) == 1


def test_download(box, monkeypatch):
    draw(box)
    sent = []
    monkeypatch.setattr(box, "send", lambda content, buffers: sent.append((content, buffers[0])))
    for kind in ("mid", "wav"):
        send(box, do="download", key=box.cards[0]["key"], kind=kind)
    (mid, wav) = sent
    name = f"{file_stem(box.takes[0])}.mid"
    assert name.endswith("_1.mid")
    assert mid == ({"is": "file", "name": name}, box.takes[0].midi_bytes())
    assert wav[1][:4] == b"RIFF"


@pytest.mark.parametrize(
    "message",
    [
        {"do": "vary", "key": 99},
        {"do": "keep"},
        {"do": "download", "key": "x"},
        {"do": "nothing"},
        {"do": "msg"},
        {"do": None},
        {},
    ],
)
def test_odd_messages_change_nothing(box, message):
    send(box, **message)
    assert box.wait(10)
    assert (box.takes, box.kept, box.error) == ([], [], None)


def test_errors_become_one_line(box, monkeypatch):
    def broken(*args, **kwargs):
        raise WorkbenchError("tempo=9: give a number from 30 to 300")

    monkeypatch.setattr(box.system, "generate", broken)
    draw(box)
    assert box.say == "tempo=9: give a number from 30 to 300"

    def worse(*args, **kwargs):
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(box.system, "generate", worse)
    draw(box)
    assert "RuntimeError first line" in box.say
    assert "second" not in box.say
    assert isinstance(box.error, RuntimeError)


def test_exported_page_plays_without_the_widget(small_system):
    clips = small_system.generate("funk", n=2, bars=1, steps=2)
    box = PromptBox(small_system, takes=clips)
    assert box.takes == clips
    data = box._repr_mimebundle_()[0]
    assert VIEW in data
    assert data["text/html"].count("data:audio/ogg") == 2
    empty = PromptBox(small_system)._repr_mimebundle_()[0]
    assert "run the cell" in empty["text/html"]


def test_unknown_setting_is_refused(small_system):
    with pytest.raises(TypeError, match="temperature"):
        PromptBox(small_system, temperature=1)


def test_chips_are_words_the_system_reads(box):
    """Its captions had "ghost notes", too, but that is not among the keywords."""
    assert box.chips["Style"] == ["rock", "funk", "jazz", "hip hop"]
    assert box.chips["Feel"] == ["slow"]


@pytest.fixture(scope="module")
def ldmg() -> LDMG:
    return SYSTEMS["sound"].from_pretrained()


def test_a_genre_is_chosen_from_those_of_the_config(ldmg):
    box = PromptBox(ldmg, n=1, steps=1, seconds=1)
    (field,) = [field for field in box.limits if field["name"] == "genre"]
    assert tuple(field["choices"]) == ldmg.config.genres
    assert box.settings["genre"] is None
    draw(box, "", genre="strings")
    assert box.takes[0].labels["request"]["genre"] == "strings"
    assert box.cards[0]["title"] == "Take 1 · strings"
    send(box, do="vary", key=1)
    assert box.wait(60)
    assert box.takes[1].labels["request"]["genre"] == "strings"
    draw(box, "piano", genre="")
    assert "genre" not in box.takes[0].labels["request"]


def test_sound_has_a_tempo_a_metre_bars_and_a_loop(ldmg):
    box = PromptBox(ldmg, n=1, steps=1, tempo=150, bars=1, loop=True)
    assert box.settings["loop"] == "yes"
    draw(box, "rock", meter="3/4")
    (take,) = box.takes
    assert (take.tempo, take.meter, take.bars) == (150, (3, 4), 1)
    assert take.audio.shape[1] == round(3 * 60 / 150 * 16000)
    assert take.labels["request"]["loop"] is True
    draw(box, "rock bagpipe, 200 bpm", tempo="", meter="", loop="")
    (take,) = box.takes
    assert (take.tempo, take.meter, take.bars) == (200, (4, 4), 1)
    assert "loop" not in take.labels["request"]
    assert any("200 BPM" in line for line in box.advice)
    assert any("bagpipe" in line for line in box.advice)
    draw(box, "rock")
    assert "tempo" in f"{box.error} {box.say}"  # for a bar


@pytest.mark.parametrize("genre", ["polka", "DRUMS", "0", " "])
def test_a_genre_that_is_not_offered_is_named(ldmg, genre):
    box = PromptBox(ldmg, genre="drums")
    draw(box, genre=genre)
    assert list(box.wrong) == ["genre"]
    assert "Genre" in box.say
    assert box.takes == []
    for refused in (lambda: box.generate(genre=genre), lambda: PromptBox(ldmg, genre=genre)):
        with pytest.raises(PromptError, match="genre"):
            refused()


def test_systems_without_genres_have_no_genre_field(box):
    assert "genre" not in box.settings
    with pytest.raises(TypeError, match="genre"):
        PromptBox(SYSTEMS["music"].from_pretrained(), genre="rock")


def test_the_words_of_shipped_sound_systems_come_from_their_captions(ldmg):
    music = PromptBox(SYSTEMS["music"].from_pretrained()).chips
    assert {"Genre", "Instrument", "Feel"} == music.keys()
    assert "cello" in music["Instrument"]
    sound = PromptBox(ldmg).chips
    assert sound
    assert "Genre" not in sound  # they have a field of their own
    assert sound.pop("Sound") == list(ldmg.classes)
    assert {word for words in sound.values() for word in words} <= set(ldmg.config.words)


def test_caption_words_are_those_of_two_captions_the_most_frequent_first():
    captions = ["Rock, for Flute, in C# minor", "jazz  for flute, bebop", "jazz, in C minor"]
    captions += ["jazz\nfor flutes", "rocking in C# minor", "rock", ""]
    words = caption_words(captions)
    assert words == ("jazz", "rock", "flute", "C# minor")
    assert words_by_kind(words) == {
        "Genre": ["jazz", "rock"],
        "Instrument": ["flute"],
        "Key": ["C# minor"],
    }
    assert caption_words([]) == ()
    many = caption_words(["oboe viola cello flute celesta piccolo banjo sitar koto harmonica"] * 2)
    assert len(many) == MOST_WORDS


def test_systems_that_follow_charts_have_metre_form_and_steadiness(chart_system, small_system):
    box = PromptBox(chart_system, n=1, bars=3, steps=2, meter=(7, 8))
    assert box.settings["meter"] == "7/8"
    draw(box, form="aab", steady="0.9")
    (take,) = box.takes
    asked = take.labels["request"]
    assert (take.meter, take.bars, asked["form"], asked["steady"]) == ((7, 8), 3, "AAB", 0.9)
    draw(box, "a waltz", meter="", form="", steady="")
    assert box.takes[0].meter == (3, 4)
    assert "form" not in box.takes[0].labels["request"]
    for field, raw in (("meter", "9/8"), ("form", "AXB"), ("steady", "1.5"), ("bars", "17")):
        draw(box, **{field: raw})
        assert list(box.wrong) == [field]
        draw(box, **{field: "1" if field == "bars" else ""})
    with pytest.raises(PromptError, match="meter"):
        PromptBox(chart_system, meter=(9, 8))
    names = {field["name"] for field in PromptBox(small_system).limits}
    assert not names & {"meter", "form", "steady"}


def test_advice_is_for_the_bars_and_the_metre_that_are_chosen(chart_system):
    box = PromptBox(chart_system)
    send(box, do="explain", prompt="rock, fill in bar 6", settings={"bars": "4"})
    assert any("Not possible" in line and "bar 6" in line for line in box.advice)
    send(box, do="explain", prompt="rock, fill in bar 6", settings={"bars": "8", "meter": "5/4"})
    (line,) = box.advice
    assert "5/4" in line
    assert "fill in bar 6" in line
