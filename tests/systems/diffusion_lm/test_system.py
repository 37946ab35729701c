"""DiffusionLM end to end at a small size, and what may be asked of it."""

import inspect

import numpy as np
import pytest

from workbench.datasets.builtin_songs import sample
from workbench.errors import CheckpointError, PromptError
from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.representations.pvd import CLS, LENGTH, PVD, SEP
from workbench.systems.diffusion_lm import DiffusionLM, PianoConfig
from workbench.systems.diffusion_lm.controls import (
    classes_of,
    key_signature,
    labels_of,
    level,
    measures,
)
from workbench.systems.diffusion_lm.training import piano_of, sets_of, shift, windows_of


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("piano")
    return DiffusionLM.train("builtin-songs", "smoke", process="continuous", out=out), out


def test_training_saves_what_loads_again(trained):
    system, out = trained
    again = DiffusionLM.from_pretrained(out)
    assert again.config == system.config
    assert "workbench train piano" in (out / "README.md").read_text()
    words = again.draw(2, steps=4, seed=3)
    assert words.shape == (2, LENGTH)
    assert (words[:, 0] == CLS).all()
    assert (words[:, -1] == SEP).all()
    assert (again.draw(2, steps=4, seed=3) == words).all()
    assert (again.draw(2, steps=4, seed=4) != words).any()


def test_clips_control_and_progress(trained):
    system, _ = trained
    heard = []
    clips = system.generate(
        {"density": "busy", "key": "Bb major"},
        n=2,
        steps=3,
        tempo=72,
        progress=lambda step, steps, words: heard.append((step, steps, words.shape)),
    )
    assert len(clips) == 2
    assert heard == [(i, 3, (2, LENGTH)) for i in (1, 2, 3)]
    assert clips[0].caption == "piano, density busy, key Bb major"
    assert clips[0].tempo == 72


def test_filling_keeps_every_other_note(trained):
    system, _ = trained
    clip = piano_of(sample(1, 2, "pop")[0])
    filled = system.fill(clip, (1, 2), n=2, steps=3)
    kept = clip.notes
    outside = kept[(kept["time"] < 4) | (kept["time"] >= 8)]
    for version in filled:
        notes = {tuple(n) for n in version.notes.tolist()}
        assert {tuple(n) for n in outside.tolist()} <= notes
    with pytest.raises(PromptError, match=r"bars: \(40, 41\)"):
        system.fill(clip, (40, 41))
    with pytest.raises(PromptError, match="too few notes"):
        system.fill(clip.excerpt(0, 1), (0, 1))


def test_bits_are_a_bound_by_terms(trained):
    system, _ = trained
    found = system.bits(system.windows(sample(2, 1))[:4], draws=2)
    assert set(found) == {"prior", "denoising", "first step", "rounding", "total", "error"}
    assert found["total"] > found["rounding"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"colour": "red"}, "'colour'.*key, density"),
        ({"density": "heavy"}, "'heavy'.*sparse, medium, busy"),
        ({"key": "H major"}, "'H major' is unknown"),
        ({"style": "polka"}, "'polka'.*builtin-songs"),
    ],
)
def test_unknown_wishes_are_refused_kindly(trained, asked, said):
    with pytest.raises(PromptError, match=said):
        trained[0].generate(asked, steps=2)


def test_odd_settings_are_refused_kindly(trained):
    system = trained[0]
    for wrong, said in (
        ({"steps": 0}, "steps=0"),
        ({"sampler": "euler"}, "euler"),
        ({"n": 0}, "n=0"),
    ):
        with pytest.raises(PromptError, match=said):
            system.draw(**({"n": 1} | wrong))
    with pytest.raises(PromptError, match=r"backbone: .*'gru'"):
        DiffusionLM.train(backbone="gru")


def test_a_prompt_is_explained(trained):
    reading = trained[0].explain_prompt("not busy, Gm, then F major, polka")
    assert reading.understood == ("key G minor",)
    assert [reason.split(":")[0] for reason in reading.refused] == ["“not busy”", "F major"]
    assert reading.unknown == ("then", "polka")
    assert [message.split(":")[0] for message in reading.messages] == [
        *("Not understood", "Not possible", "Not possible")
    ]
    with pytest.warns(UserWarning, match="F major"):
        (clip,) = trained[0].generate("G minor or F major", steps=2)
    assert clip.caption == "piano, key G minor"


def test_the_masked_process_is_the_default():
    for function in (DiffusionLM.train, DiffusionLM.recipe):
        assert inspect.signature(function).parameters["process"].default == "masked"


def test_a_vocabulary_that_does_not_fit_is_refused_by_name():
    config = PianoConfig(DiffusionLMConfig(vocab=7), ControlConfig())
    with pytest.raises(CheckpointError, match=r"vocabulary: \d+ words do not fit .* 7"):
        DiffusionLM(config)


@pytest.mark.parametrize(
    ("name", "signature"),
    [("C major", 0), ("a minor", 0), ("F# minor", 9), ("Bb", 10), ("gb major", 6), ("Eb minor", 6)],
)
def test_keys_by_name(name, signature):
    assert classes_of({"key": name}, ()) == {"key": signature}


def test_the_key_is_measured_by_its_scale():
    c_major = np.array([60, 62, 64, 65, 67, 69, 71, 72, 67])
    for tonic in range(12):
        assert key_signature(c_major + tonic) == tonic
    assert key_signature(np.array([60, 67, 72, 64])) == 0  # tonic and fifth decide


def test_measures_follow_the_notes():
    code = PVD()
    clips = [piano_of(clip) for clip in sample(6, 4)]
    windows = windows_of(clips, code, 8, ["builtin-songs"])
    key, density, pitch = measures(windows.ids.numpy(), code)
    for row, k, d, p in zip(windows.ids.numpy(), key, density, pitch, strict=True):
        notes = code.notes(row)
        assert p == pytest.approx(notes["pitch"].mean())
        assert k == key_signature(notes["pitch"])
        assert d > len(notes) / (notes["time"].max() // 4 + 1) - 1e-9
    moved = shift(windows.ids, windows.ids.new_full((len(key),), 2), code).numpy()
    assert (measures(moved, code)[0] == (key + 2) % 12).all()
    labels = labels_of(windows.ids.numpy(), code, np.zeros(len(key)))
    assert set(level(labels.notes_per_bar, labels.density_limits)) <= {0, 1, 2}


def test_only_the_piano_is_read():
    clip = sample(1, 9)[0]
    assert set(piano_of(clip).notes["program"]) == {0}
    assert len(piano_of(clip).notes) < len(clip.notes)


def test_a_song_that_is_in_two_data_sets_counts_in_the_first(tmp_path):
    songs = sample(12, 2, "pop")
    for name, some in (("a", songs[:8]), ("b", songs[5:])):
        (tmp_path / name).mkdir()
        for clip in some:
            clip.write_midi(
                tmp_path / name / f"{name} {len(list((tmp_path / name).iterdir()))}.mid"
            )
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    splits = [sets_of(f"{a}+{b}", split, None) for split in ("train", "validation", "test")]
    found = [(clip.notes.tobytes(), clip.labels["set"]) for clips in splits for clip in clips]
    assert len({notes for notes, _ in found}) == len(found) == 12
    assert [name for _, name in found].count(a) == 8
