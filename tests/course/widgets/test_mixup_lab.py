"""The mixup lab in the kernel: lanes, λ, key, clicks, what has no beats."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.course.widgets.test_prompt_box import send
from workbench.course.widgets import MixupLab
from workbench.course.widgets.mixup_lab import RATE, picture
from workbench.datasets.builtin_songs import sample
from workbench.errors import PromptError, WorkbenchError
from workbench.music.clip import Clip
from workbench.representations.mixup import Beats

BEATS = Beats(np.arange(0, 4, 0.5), np.arange(0, 4, 2.0))


def tone(hertz, **labels):
    time = np.arange(4 * RATE) / RATE
    sound = (0.3 * np.sin(2 * np.pi * hertz * time))[None].astype(np.float32)
    known = {
        "beats": " ".join(map(str, BEATS.times)),
        "downbeats": " ".join(map(str, BEATS.downbeats)),
    }
    return Clip(audio=sound, sample_rate=RATE, caption=f"{hertz} Hz", labels={**known, **labels})


def power(sound, hertz):
    return np.abs(np.fft.rfft(sound[0] * np.hanning(sound.shape[1])))[
        round(hertz * sound.shape[1] / RATE)
    ]


class Latents:
    """A system whose latents are the sound itself."""

    networks = SimpleNamespace(latent_mean=0.0)

    def encode_sound(self, sound):
        return sound

    def decode_sound(self, latents):
        return torch.as_tensor(latents)


def test_lanes_are_the_clips_and_their_mixes():
    lab = MixupLab(tone(300), tone(500), Latents(), lam=0.25)
    assert [lane["name"] for lane in lab.lanes] == ["a", "b", "plain", "bam", "blm"]
    assert lab.say == ""
    for name in ("plain", "bam", "blm"):
        sound = lab.made[name][0]
        assert power(sound, 500) / power(sound, 300) == pytest.approx(3, rel=0.1)
    assert "120 BPM" in lab.lanes[0]["text"]
    assert lab.lanes[0]["svg"].count("wb-down") == 2
    assert lab.lanes[0]["svg"].count("wb-beat") == 6


def test_lambda_moves_the_share():
    lab = MixupLab(tone(300), tone(500))
    lab.on_mix({"lam": 1.0})
    assert lab.wait(30)
    sound = lab.made["bam"][0]
    assert power(sound, 300) > 50 * power(sound, 500)
    assert lab.lam == 1.0
    send(lab, do="mix", lam=7)
    assert lab.wait(30)
    assert lab.lam == 1.0
    assert "lam=7" in lab.say


def test_the_second_comes_into_the_firsts_key():
    lab = MixupLab(tone(300, key="C major"), tone(400, key="D major"))
    assert lab.keyed
    lab.on_mix({"lam": 0.0, "in_key": True})
    assert lab.wait(30)
    sound = lab.made["plain"][0]
    lower = 400 / 2 ** (2 / 12)
    assert power(sound, lower) > 10 * power(sound, 400)
    assert not MixupLab(tone(300), tone(400)).keyed


def test_clicks_are_heard_where_asked_for():
    lab, sent = MixupLab(tone(300), tone(500)), []
    lab.send = lambda about, buffers=(): sent.append((about, buffers))
    send(lab, do="play", lane="bam", click=True)
    about, buffers = sent[0]
    assert about["lane"] == "bam"
    assert about["click"] is True
    assert len(buffers[0]) > 1000
    assert not np.allclose(lab.clip("bam", True).audio, lab.clip("bam").audio)
    send(lab, do="play", lane="nonsense")
    assert "lane" in lab.say


def test_without_beats_there_is_plain_mixup_only():
    silent = Clip(audio=np.zeros((1, RATE), dtype=np.float32), sample_rate=RATE)
    lab = MixupLab(tone(300), silent)
    assert [lane["name"] for lane in lab.lanes] == ["a", "b", "plain"]
    assert "Plain mixup only" in lab.say
    assert "no beats found" in lab.lanes[1]["text"]


def test_an_octave_apart_meets_on_every_second_beat():
    slow = tone(500, beats="0 1 2 3", downbeats="0")
    lab = MixupLab(tone(300), slow, Latents())
    assert [lane["name"] for lane in lab.lanes] == ["a", "b", "plain", "bam", "blm"]
    assert "120 BPM" in lab.lanes[3]["text"]
    assert lab.made["bam"][0].shape == (1, 4 * RATE)  # nothing was stretched


@pytest.mark.parametrize("samples", [1, RATE // 8])
def test_what_ends_before_its_beats_is_mixed_plainly(samples):
    short = Clip(
        audio=tone(500).audio[:, :samples],
        sample_rate=RATE,
        labels={"beats": "1 2 3", "downbeats": "1"},
    )
    lab = MixupLab(tone(300), short)
    assert [lane["name"] for lane in lab.lanes] == ["a", "b", "plain"]
    assert "Plain mixup only: b: ends before its first downbeat" in lab.say
    assert lab.made["plain"][0].shape == (1, samples)
    assert "<audio" in lab._repr_mimebundle_()[0]["text/html"]


def test_loud_and_clipped_clips_stay_within_their_lanes():
    loud = Clip(audio=9 * tone(300).audio, sample_rate=RATE, labels=tone(300).labels)
    clipped = Clip(
        audio=(9 * tone(500).audio).clip(-1, 1), sample_rate=RATE, labels=tone(500).labels
    )
    lab = MixupLab(loud, clipped, Latents())
    for lane in lab.lanes:
        sound = lab.made[lane["name"]][0]
        assert np.abs(sound).max() <= 1 + 1e-6
        wave = re.search(r'class="wb-wave" d="([^"]*)"', lane["svg"])[1]
        heights = [float(height) for height in re.findall(r"v([\d.]+)", wave)]
        assert max(heights) <= 64.1
        assert np.abs(lab.clip(lane["name"], click=True).audio).max() <= 1


def test_nan_is_refused_and_a_systems_nan_said():
    broken = tone(300)
    broken.audio[0, 5] = np.nan
    with pytest.raises(WorkbenchError, match="audio holds NaN"):
        MixupLab(tone(500), broken)

    class Broken(Latents):
        def decode_sound(self, latents):
            return torch.full_like(torch.as_tensor(latents), float("nan"))

    lab = MixupLab(tone(300), tone(500), Broken())
    assert [lane["name"] for lane in lab.lanes] == ["a", "b", "plain", "bam"]
    assert "No BLM: decoded holds NaN" in lab.say
    send(lab, do="mix", lam=float("nan"))
    assert lab.wait(30)
    assert lab.lam == 0.5
    assert "lam=nan" in lab.say


def test_scores_are_taken_and_a_page_without_kernel_plays():
    one, other = (song.excerpt(0, 8) for song in sample(2, 3))
    lab = MixupLab(one, other)
    assert lab.sources[0][1].downbeats[:2] == pytest.approx([0, 4 * 60 / one.tempo])
    data, _ = lab._repr_mimebundle_()
    assert data["text/html"].count("<audio") == len(lab.lanes)
    assert "BLM" in lab.say


def test_pictures_and_settings_are_checked():
    assert "&lt;" in picture(np.zeros((1, 100)), Beats(np.empty(0), np.empty(0)), "<b>")
    with pytest.raises(PromptError, match="lam"):
        MixupLab(tone(300), tone(500), lam=2)


@pytest.mark.parametrize("lane", ["plain", "bam"])
def test_a_page_gets_the_parts_and_mixes_them_itself(lane):
    """What the page's gains make of the parts is the mixture of the kernel, at every λ."""
    lab, sent = MixupLab(tone(300), tone(500), lam=0.3), []
    lab.send = lambda about, buffers=(): sent.append((about, buffers))
    send(lab, do="play", lane=lane, parts=True)
    send(lab, do="play", lane=lane, click=True, parts=True)
    send(lab, do="play", lane="a", parts=True)
    assert [len(buffers) for _, buffers in sent] == [2, 3, 1]
    assert sent[0][0]["seconds"] == pytest.approx(4)
    a, b = lab.parts[lane]
    for lam in (0.3, 0.8):
        norm = np.hypot(lam, 1 - lam)
        mixed = lam / norm * a + (1 - lam) / norm * b
        lab._mix(lam, False)
        kernel = lab.made[lane][0]
        assert mixed / np.abs(mixed).max() == pytest.approx(kernel / np.abs(kernel).max(), abs=1e-5)


def test_parts_of_loud_clips_never_clip_whatever_lambda():
    loud = tone(300).audio / np.abs(tone(300).audio).max()
    labels = tone(300).labels
    lab = MixupLab(*(Clip(audio=loud, sample_rate=RATE, labels=labels) for _ in range(2)))
    for a, b in lab.parts.values():
        for lam in np.linspace(0, 1, 11):
            mixed = (lam * a + (1 - lam) * b) / np.hypot(lam, 1 - lam)
            assert np.abs(mixed).max() <= 1 + 1e-6
