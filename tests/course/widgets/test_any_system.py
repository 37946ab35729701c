"""The widgets ask a system what it can: each shipped system in each of them, by no name."""

import numpy as np
import pytest

from tests.course.widgets.test_prompt_box import send
from tests.systems.conftest import SOUND
from workbench.course.widgets import FilmWidget, InpaintingWidget, PromptBox
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.systems.latent_diffusion import LatentDiffusion
from workbench.systems.registry import SYSTEMS
from workbench.systems.system import System

FEW = {"steps": 2, "bars": 1}


@pytest.fixture(scope="module", params=SYSTEMS)
def system(request) -> System:
    return SYSTEMS[request.param].from_pretrained()


@pytest.fixture(scope="module", params=SOUND)
def sound_system(request) -> LatentDiffusion:
    return SYSTEMS[request.param].from_pretrained()


def few(widget) -> dict:
    own = widget.settings  # bars of sound need a tempo and are blank at first
    return {name: value for name, value in FEW.items() if own.get(name) is not None}


def wrong(widget) -> tuple:
    return widget.error, widget.wrong, widget.busy


def test_the_prompt_box_generates_and_varies(system):
    if not {"generate", "text"} <= system.can:
        with pytest.raises(PromptError, match=f"system: {type(system).__name__} cannot"):
            PromptBox(system)
        return
    box = PromptBox(system, n=1, seed=3)
    assert system.makes in box.label
    assert set(box.settings) <= {*system.settings("generate"), "n"}
    words = next(iter(box.chips.values()), ["piano"])[0]
    box.generate(words, n=2, **few(box))
    assert box.wait(120)
    assert wrong(box) == (None, {}, "")
    assert "2 takes" in box.say
    same = system.generate(words, n=2, **{**few(box), "seed": 3})
    for card, clip, again in zip(box.cards, box.takes, same, strict=True):
        assert "<audio" in card["html"]
        assert "seed 3" in card["html"]
        assert card["files"] == (["mid", "wav"] if clip.has_score else ["wav"])
        assert clip.source == again.source
    assert box.can_vary == ("vary" in system.can)
    send(box, do="vary", key=1)
    assert box.wait(120)
    if box.can_vary:
        assert box.error is None
        assert "variation" in box.takes[1].source
        if "prompt" in system.settings("vary"):
            assert box.takes[1].labels["request"]["prompt"] == words
    else:
        assert "cannot vary" in box.say
        assert len(box.takes) == 2


def test_all_words_of_the_chips_are_read(system):
    for words in system.prompt_words().values():
        for word in words:
            assert system.explain_prompt(word).unknown == ()


def test_the_editor_fills_keeps_and_saves(system, monkeypatch):
    paint = InpaintingWidget(system, n=1, seed=5)
    assert len(paint.song["lines"]) > paint.bars[1] > paint.bars[0]
    assert set(paint.settings) <= {*system.settings("inpaint")}
    paint.fill(**{name: value for name, value in few(paint).items() if name != "bars"})
    assert paint.wait(120)
    assert wrong(paint) == (None, {}, "")
    assert len(paint.cards) == 1
    version = paint.versions[0]
    assert "seed 5" in version.source
    assert type(system).__name__ in version.source
    assert version.has_score == paint.clip.has_score
    for card in (paint.original, *paint.cards):
        assert "<audio" in card["html"]
        assert "shaded" in card["html"]
    sent = []
    monkeypatch.setattr(paint, "send", lambda content, buffers=None: sent.append(buffers))
    send(paint, do="keep", key=0)
    assert paint.clip is version
    send(paint, do="download")
    assert sent[-1][0][:4] == (b"MThd" if version.has_score else b"RIFF")
    send(paint, do="undo")
    assert paint.versions == [version]


def test_a_prompt_is_for_systems_that_read_one(system):
    if "prompt" in system.settings("inpaint"):
        assert InpaintingWidget(system, prompt="busy").prompt == "busy"
        return
    with pytest.raises(PromptError, match="prompt='busy'"):
        InpaintingWidget(system, prompt="busy")
    with pytest.raises(PromptError, match="prompt='busy'"):
        InpaintingWidget(system).fill(prompt="busy")


def test_what_lies_outside_of_a_sounds_hole_stays(sound_system):
    rate = sound_system.config.rate
    noise = np.random.default_rng(0).standard_normal((1, round(3.2 * rate))).astype("f4")
    clip = Clip(audio=0.1 * noise, sample_rate=rate)
    paint = InpaintingWidget(sound_system, clip, n=1, steps=2, prompt="piano")
    assert paint.song["lines"] == [0, 0.5, 1, 1.5, 2, 2.5, 3.2]
    assert (paint.song["unit"], paint.song["tracks"]) == ("second", [])
    assert max(paint.song["peaks"]) == pytest.approx(np.abs(clip.audio).max(), abs=1e-3)
    for given, cells in (((0.6, 1.4), (1, 3)), ((1, 2), (2, 4)), ((np.float32(2.9), 3.2), (5, 6))):
        paint.fill(seconds=given)
        assert paint.wait(120)
        assert paint.error is None
        assert paint.bars == cells
        first, last = (round(paint.song["lines"][cell] * rate) for cell in cells)
        new, old = paint.versions[0].audio, clip.audio
        assert np.array_equal(new[:, :first], old[:, :first])
        assert np.array_equal(new[:, last:], old[:, last:])
        assert not np.allclose(new[:, first:last], old[:, first:last])
        assert paint.versions[0].labels["request"]["prompt"] == "piano"
    assert "2.5 to 3.2 s" in paint.say
    for bad in ((2, 1), (-1, 2), (0, 99)):
        with pytest.raises(PromptError, match="seconds"):
            paint.fill(seconds=bad)
    with pytest.raises(PromptError, match="bars"):
        paint.fill((0, 1))
    with pytest.raises(PromptError, match="seconds"):
        InpaintingWidget(SYSTEMS["songs"].from_pretrained()).fill(seconds=(0, 1))


def test_a_sound_of_ones_own(sound_system):
    time = np.arange(16000) / 16000
    tone = Clip(audio=0.3 * np.sin(2 * np.pi * 440 * time)[None].astype("f4"), sample_rate=16000)
    paint = InpaintingWidget(sound_system, tone)
    before = paint.clip

    def upload(name, data):
        data_of = {"method": "custom", "content": {"do": "upload", "name": name}}
        paint._handle_msg({"content": {"data": data_of}, "buffers": [data]})

    long = Clip(audio=np.zeros((1, 61 * 800), "f4"), sample_rate=800)
    assert ".wav" in paint.suffixes
    upload("my tone.wav", tone.audio_bytes("wav", 16000))
    assert paint.clip is not before
    assert paint.say == "my tone.wav is loaded: 1.0 seconds."
    for name, data, said in (
        ("tune.mid", b"MThd", "is not a sound file"),
        ("broken.wav", b"RIFF", "cannot be read as sound"),
        ("huge.wav", bytes(20_000_001), "larger than 20 MB"),
        ("long.wav", long.audio_bytes("wav", 800), "60 seconds"),
    ):
        upload(name, data)
        assert said in paint.say
        assert paint.error is None
    send(paint, do="undo")
    assert paint.clip is before


def test_a_song_in_the_hands_of_a_sound_system(sound_system):
    """It is rendered: the filling is a sound, of the bars that were chosen."""
    song = Clip.from_notes([(i, 1, 60 + i % 5, 90) for i in range(8)], drums=False, tempo=120)
    paint = InpaintingWidget(sound_system, song, n=1, steps=2)
    paint.fill((1, 2))
    assert paint.wait(120)
    assert paint.error is None
    assert not paint.versions[0].has_score
    assert "2.0 to 4.0 s are shaded" in paint.cards[0]["html"]
    send(paint, do="keep", key=0)
    assert paint.song["unit"] == "second"


def test_a_film_of_any_system_that_has_one(system, monkeypatch):
    if "film" not in system.can:
        assert not isinstance(system, LatentDiffusion)
        with pytest.raises(PromptError, match="cannot film"):
            FilmWidget.of(system)
        return
    film = FilmWidget.of(system, next(iter(system.prompt_words().values()), [""])[0], steps=3)
    assert len(film.frames) == len(film.clips) == 3
    assert "noise 100%" in film.frames[0]["text"]
    unit = "dB" if not film.clips[-1].has_score else "hit" if film.clips[-1].is_drums else "note"
    assert unit in film.frames[-1]["text"]
    assert len({frame["svg"] for frame in film.frames}) > 1
    sent = []
    monkeypatch.setattr(film, "send", lambda content, buffers: sent.append((content, buffers)))
    send(film, do="play", frame=1)
    assert sent[0][0]["seconds"] == film.clips[1].duration
    assert sent[0][1][0][:4] == b"OggS"


def test_an_editor_needs_a_system_that_inpaints():
    class Silent(System):
        def generate(self, prompt=None, n=1, *, seed=0, progress=None):
            return []

    with pytest.raises(PromptError, match="system: Silent cannot inpaint"):
        InpaintingWidget(Silent())
    with pytest.raises(PromptError, match="system: Silent cannot"):
        PromptBox(Silent())
