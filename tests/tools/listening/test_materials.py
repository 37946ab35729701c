"""Tests of every kind of system, beside people and the control."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tools.listening.conftest import tone
from workbench import Clip, cli
from workbench.datasets import load
from workbench.datasets.audio import AudioItem, prepare_audio
from workbench.errors import MissingDataError, WorkbenchError
from workbench.models.audio_vae import AudioVAEConfig
from workbench.models.dit import DiTConfig
from workbench.systems.diffusion_lm import DiffusionLM
from workbench.systems.diffusion_lm.controls import DENSITIES, REGISTERS, level, measures
from workbench.systems.ldmg import LDMG, LDMGConfig
from workbench.systems.system import System
from workbench.tools.listening.design import read_key
from workbench.tools.listening.materials import (
    SLOWEST,
    drum_materials,
    folder_materials,
    piano_materials,
    sound_materials,
    system_materials,
)


def test_drum_materials_are_four_sources_on_the_same_words(small_system):
    both = {"mine": small_system, "other": small_system}
    made = drum_materials(both, "builtin", prompts=3, seed=1)
    words = [m.prompt for m in made if m.source == "human"]
    assert len(set(words)) == 3
    assert {m.source for m in made} == {"human", "mine", "other", "empty prompt"}
    for source in ("mine", "other", "empty prompt"):
        assert [m.prompt for m in made if m.source == source] == words
    control = [m.clip for m in made if m.source == "empty prompt"]
    drawn = [m.clip for m in made if m.source == "mine"]
    assert all(clip.caption == "" for clip in control)
    notes = {clip.notes.tobytes() for clip in [*control, *drawn]}
    assert len(notes) == 6  # none is drawn from the noise of another
    with pytest.raises(WorkbenchError, match="prompts must be at most"):
        drum_materials({"mine": small_system}, "builtin", prompts=10_000)
    with pytest.raises(WorkbenchError, match="at least one"):
        drum_materials({}, "builtin")


class Metronome(System):
    """Four hits a bar, as loud as the seed says: another system that makes loops for words."""

    def generate(self, prompt=None, n=1, *, bars=8, seed=0, progress=None):
        notes = [(i, 0.1, 36, 40 + seed % 80) for i in range(4 * bars)]
        return [Clip.from_notes(notes, beats=4 * bars).with_(caption=prompt or "")] * n


def test_any_system_that_makes_loops_may_be_compared(small_system):
    made = drum_materials({"ours": Metronome(), "LDM": small_system}, "builtin", prompts=2, seed=1)
    words = [m.prompt for m in made if m.source == "human"]
    clips = [m.clip for m in made if m.source == "ours"]
    assert [clip.caption for clip in clips] == words
    assert [clip.bars for clip in clips] == [8, 8]
    assert len({int(clip.notes["velocity"][0]) for clip in clips}) == 2  # each from its own seed
    assert [m.clip.caption for m in made if m.source == "empty prompt"] == ["", ""]


def test_a_folder_of_clips_is_a_test(tmp_path, capsys):
    for i, source in enumerate(("band", "robot")):
        (tmp_path / source).mkdir()
        for j, name in enumerate(("slow_funk", "fast_jazz")):
            clip = Clip(audio=tone(200 + 50 * i + 20 * j), sample_rate=16000)
            clip.write_audio(tmp_path / source / f"{name}.wav")
    (tmp_path / "band" / "notes.txt").write_text("not a clip")
    out = tmp_path / "test"
    arguments = ["--clips", str(tmp_path), "--out", str(out), "--design", "ab"]
    assert cli.main(["listen", "make", *arguments]) == 0
    key = read_key(out / "key.json")
    assert key["sources"] == ["band", "robot"]
    assert key["prompts"] == ["fast jazz", "slow funk"]
    assert cli.main(["listen", "make", *arguments]) == 2  # answers to it may be on their way
    assert read_key(out / "key.json") == key
    assert "key.json" in capsys.readouterr().err
    (tmp_path / "robot" / "slow_funk.wav").write_bytes(b"no sound")
    arguments[3] = str(tmp_path / "another")
    assert cli.main(["listen", "make", *arguments]) == 2
    assert "slow_funk.wav" in capsys.readouterr().err
    with pytest.raises(MissingDataError, match="no folders with clips"):
        folder_materials(out)
    with pytest.raises(MissingDataError, match="folder for each source"):
        folder_materials(tmp_path / "none")


def sources_of(made):
    """Source → (words, clip) of each, in order."""
    return {
        source: [(m.prompt, m.clip) for m in made if m.source == source]
        for source in dict.fromkeys(m.source for m in made)
    }


def test_a_song_has_its_hole_alone_written_anew():
    made = sources_of(system_materials(["songs-gpt"], "builtin-songs", prompts=2, seed=3))
    assert [*made] == ["human", "songs-gpt", "songs-gpt, one candidate", "empty prompt"]
    made.pop("songs-gpt, one candidate")
    for (words, song), (again, filled), (third, control) in zip(*made.values(), strict=True):
        assert words == again == third
        assert song.bars == filled.bars == control.bars == 6
        begin, end = song.bar_lines[[2, 4]]

        def outside(clip, begin=begin, end=end):
            notes = clip.notes[(clip.notes["time"] < begin) | (clip.notes["time"] >= end)]
            return np.stack([notes[name] for name in ("time", "pitch", "velocity")])

        assert np.allclose(outside(song), outside(filled), atol=1e-3)
        assert np.allclose(outside(song), outside(control), atol=1e-3)
        assert len(song.notes) > outside(song).shape[1]
        assert len({c.notes.tobytes() for c in (song, filled, control)}) == 3
        assert song.tempo >= SLOWEST


def test_songs_of_several_folders_are_people_s(tmp_path):
    for name, clip in zip(("ann", "bob"), load("builtin-songs", limit=2).clips, strict=True):
        (tmp_path / name / "test").mkdir(parents=True)
        clip.with_(tempo=120).write_midi(tmp_path / name / "test" / "song.mid")
    dataset = f"{tmp_path / 'ann'}+{tmp_path / 'bob'}"
    made = sources_of(system_materials(["songs-gpt"], dataset, prompts=2))
    assert len({clip.notes.tobytes() for _, clip in made["human"]}) == 2
    with pytest.raises(
        WorkbenchError, match=r"prompts must be at most 2, .*held-out songs of 8 bars"
    ):
        system_materials(["songs-gpt"], dataset, prompts=3)


def test_what_is_asked_of_the_piano_is_what_the_human_window_has(tmp_path):
    system = DiffusionLM.train("builtin-songs", "smoke", out=tmp_path)
    made = sources_of(piano_materials({"mine": system}, "builtin-songs", prompts=2, seed=2))
    words = [words for words, _ in made["human"]]
    assert len(set(words)) == 2
    assert all([w for w, _ in made[source]] == words for source in ("mine", "empty prompt"))
    for said, clip in made["human"]:
        _, density, pitch = measures(system.code.windows(clip, 1)[:1], system.code)
        traits = (
            DENSITIES[level(density, system.config.density)[0]],
            REGISTERS[level(pitch, system.config.register)[0]],
        )
        assert said.endswith(", ".join(traits))
    for said, clip in made["mine"]:
        key = said.removeprefix("piano with the notes of ").split(",")[0]
        assert f"key {key}" in clip.caption
    assert all(clip.caption == "piano, uncontrolled" for _, clip in made["empty prompt"])


def test_sound_is_compared_with_people_and_not_with_the_grammar(tmp_path):
    random, items = np.random.default_rng(0), []
    for number, (caption, played) in enumerate(
        [("slow funk", "mine"), ("a waltz", "mine"), ("fast rock", "builtin-songs")]
    ):
        path = tmp_path / f"{number}.wav"
        Clip(audio=0.2 * random.normal(size=(1, 40_000)), sample_rate=16000).write_audio(path)
        labels = {"set": played, "style": "funk"}
        items.append(AudioItem(path, caption=caption, labels=labels, split="test"))
    prepare_audio(items, tmp_path / "out", rate=16000, quiet=True)
    torch.manual_seed(0)
    vae = AudioVAEConfig(width=8, latent=4)
    dit = DiTConfig(4, width=32, depth=1, heads=4, genres=1, text=384)
    system = LDMG(LDMGConfig(vae, dit, frames=64, genres=("funk",)))
    dataset = str(tmp_path / "out")
    made = sources_of(sound_materials({"mine": system}, dataset, prompts=2, seed=1))
    assert {words for words, _ in made["human"]} == {"slow funk", "a waltz"}
    assert {clip.caption for _, clip in made["mine"]} == {"funk, slow funk", "funk, a waltz"}
    assert {clip.caption for _, clip in made["empty prompt"]} == {"unconditional"}
    lengths = {clip.audio.shape[1] for clips in made.values() for _, clip in clips}
    assert lengths == {round(system.config.seconds * 16000)}
    with pytest.raises(
        WorkbenchError, match=r"prompts must be at most 2, .*held-out pieces .*got 3"
    ):
        sound_materials({"mine": system}, dataset, prompts=3)


def test_like_is_compared_with_like(tmp_path, small_system):
    with pytest.raises(WorkbenchError, match="a DrumLDM, songs-gpt is a MidiGPT; a test compares"):
        system_materials(["drums-groove-bert", "songs-gpt"])
    for name in ("a", "b"):
        small_system.save_pretrained(tmp_path / name / "drums")
    with pytest.raises(WorkbenchError, match="have the same name"):
        system_materials([str(tmp_path / name / "drums") for name in ("a", "b")], "builtin")
    (tmp_path / "a" / "drums" / "config.json").write_text('{"system": "Piano"}')
    with pytest.raises(WorkbenchError, match=r"'Piano'.*DrumLDM, MidiGPT"):
        system_materials([str(tmp_path / "a" / "drums")])
