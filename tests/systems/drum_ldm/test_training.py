"""Training of DrumLDM, all stages, and what the shipped systems reach on unheard sessions."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.datasets import cut_loops, load
from workbench.errors import CheckpointError, MissingDataError
from workbench.evaluation.drums import reconstruction
from workbench.music.clip import Clip
from workbench.representations.drum_roll import rolls_of
from workbench.representations.text import KeywordText
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.drum_ldm.config import PROFILES
from workbench.systems.drum_ldm.loops import Loops, loops_of, splits_of, weights_of
from workbench.systems.drum_ldm.networks import DrumNetworks
from workbench.systems.drum_ldm.training import Start, recipe, tempo_regression


def test_smoke_training_leaves_a_whole_system(smoke_folder):
    names = {path.name for path in smoke_folder.iterdir()}
    assert names == {
        "config.json",
        "model.safetensors",
        "README.md",
        "training.json",
        "contrastive",
        "autoencoder",
        "diffusion",
    }
    assert "workbench train drums --dataset builtin" in (smoke_folder / "README.md").read_text()


def test_training_again_goes_on_where_it_was(smoke_folder):
    """All stages are done, so nothing is trained, and the weights are the same."""
    before = DrumLDM.from_pretrained(smoke_folder).networks.state_dict()
    after = DrumLDM.train("builtin", "smoke", text="keywords", out=smoke_folder, seed=1)
    for name, value in after.networks.state_dict().items():
        assert torch.allclose(value.float(), before[name].float(), atol=2e-3), name


def test_the_papers_networks_train_and_draw(tmp_path, monkeypatch):
    """The published architecture through the same three stages, at a size for a test."""
    smoke, paper = PROFILES["smoke"], PROFILES["paper"]
    config = replace(paper.config, contrastive=smoke.config.contrastive)
    monkeypatch.setitem(PROFILES, "tiny-paper", replace(smoke, config=config))
    system = DrumLDM.train("builtin", "tiny-paper", text="keywords", out=tmp_path)
    clip = system.generate("rock", bars=4, steps=3)[0]
    assert clip.beats == 16
    assert system.encode([clip]).shape == (1, 128)
    kept = system.inpaint(clip, keep_bars=[0], steps=3) if len(clip.notes) else [clip]
    assert kept[0].beats == 16


def test_loops_share_their_phrases():
    clips = load("builtin", split="test", limit=20).clips
    clips = cut_loops([clip for clip in clips if clip.beats >= 32], bars=8)
    loops = loops_of(clips, KeywordText(), seed=0)
    assert len(loops.texts) == len(set(loops.texts)) == len(loops.vectors)
    assert loops.phrase.max() == len(loops.texts) - 1
    again = loops_of(clips, KeywordText(), seed=0)
    assert again.texts == loops.texts


def _loops(performance, style, n):
    labels = {"performance": performance, "style": style}
    notes = load("builtin", split="test", limit=1)[0].notes
    return [Clip.from_notes(notes, tempo=100, drums=True, labels=labels) for _ in range(n)]


def test_long_performances_do_not_dominate_a_word():
    """A take of 300 windows weighs as one of 16, and no less than all its style's share."""
    clips = _loops("long", "rock", 300) + _loops("short", "rock", 16) + _loops("rare", "pop", 2)
    weights = weights_of(clips).numpy()
    long, short, rare = weights[:300].sum(), weights[300:316].sum(), weights[316:].sum()
    assert long == pytest.approx(short)
    assert rare / (long + short) == pytest.approx((2 / 32) ** 0.5)
    assert weights.mean() == pytest.approx(1)


def test_going_on_from_a_checkpoint_trains_the_denoiser_only(smoke_folder, tmp_path):
    out = tmp_path / "further"
    system = DrumLDM.train("builtin", "smoke", text="keywords", out=out, seed=2, start=smoke_folder)
    kept = DrumLDM.from_pretrained(smoke_folder).networks.state_dict()
    moved = {
        name.split(".")[0]
        for name, value in system.networks.state_dict().items()
        if not torch.allclose(value.float(), kept[name].float(), atol=1e-6)
    }
    assert "denoiser" in moved
    assert moved <= {"denoiser", "tempo_weights", "forms"}
    assert not (out / "autoencoder").exists()
    card = (out / "README.md").read_text()
    assert f"--start {smoke_folder}" in card
    assert "| autoencoder, of" in card


def test_going_on_with_another_text_encoder_trains_the_encoders_again(smoke_folder, tmp_path):
    config = replace(PROFILES["smoke"].config, text="bert")
    theirs = DrumNetworks(config).state_dict()
    start = Start("loops", config, theirs, {"stages": {"autoencoder": {"steps": 7}}})
    recipe_of = recipe("builtin", "smoke", 0, text="keywords", start=start)
    networks = DrumLDM.from_config(recipe_of.config).networks
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    left = recipe_of.stages(networks)
    assert [stage.name for stage in left] == ["contrastive", "diffusion"]
    assert recipe_of.about["kept"] == ["autoencoder"]
    assert recipe_of.about["stages"] == {"autoencoder": {"steps": 7}}
    own = networks.state_dict()
    new = {name for name in own if own[name].shape != theirs[name].shape}
    assert new
    assert all("text" in name or name == "tempo_weights" for name in new)
    for name in own:
        same = before[name] if name in new else theirs[name]
        assert torch.equal(own[name], same), name


def test_a_start_of_another_shape_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="drums-groove-keywords"):
        DrumLDM.train(
            "builtin", "smoke", text="keywords", out=tmp_path, start="drums-groove-keywords"
        )


def test_tempo_is_learned_from_words():
    """Slow, plain and fast phrases at 60, 120 and 240: the regression finds −1, 0 and 1."""
    vectors = torch.eye(3)
    phrase = torch.tensor([[0] * 6, [1] * 6, [2] * 6]).repeat(50, 1)
    tempo = torch.tensor([-1.0, 0.0, 1.0]).repeat(50)
    loops = Loops(torch.zeros(150, 1, 27), tempo, phrase, ["slow", "rock", "fast"], vectors)
    weights = tempo_regression(loops)
    guesses = torch.cat([vectors, torch.ones(3, 1)], dim=1) @ weights
    assert torch.allclose(guesses, torch.tensor([-1.0, 0.0, 1.0]), atol=0.05)


def test_a_small_folder_of_ones_own_can_be_trained_on(tmp_path):
    for i, clip in enumerate(load("builtin", split="test", limit=6)):
        clip.write_midi(tmp_path / "mine" / f"loop {i}.mid")
    split = splits_of(str(tmp_path / "mine"))
    assert {name: len(clips) for name, clips in split.items()} == {"train": 5, "validation": 1}
    system = DrumLDM.train(str(tmp_path / "mine"), "smoke", text="keywords", out=tmp_path / "out")
    assert len(system.generate("rock", steps=2)) == 1


def test_a_folder_without_drums_is_named(tmp_path):
    clip = load("builtin", split="test", limit=1)[0]
    notes = clip.notes.copy()
    notes["is_drum"] = False
    Clip.from_notes(notes, tempo=100, drums=False).write_midi(tmp_path / "piano.mid")
    with pytest.raises(MissingDataError, match="no drum"):
        DrumLDM.train(str(tmp_path), "smoke", text="keywords", out=tmp_path / "out")


@pytest.fixture(scope="module")
def held_out(groove_root):
    return cut_loops(load("groove", split="test"), bars=8, hop_bars=16)


@pytest.mark.parametrize("name", ["drums-groove-bert", "drums-groove-keywords"])
def test_shipped_autoencoders_rebuild_unheard_sessions(name, held_out):
    system = DrumLDM.from_pretrained(name)
    rolls = rolls_of(held_out, slots=2)
    with torch.no_grad():
        tensor = torch.from_numpy(rolls)
        heard = system.autoencoder.decode(system.autoencoder.encode(tensor)).numpy()
    for first in (slice(27), slice(27, 54)):
        scores = reconstruction(rolls[..., first], heard[..., first])
        assert scores["f1"] >= (0.99 if first.start is None else 0.85)
        assert scores["velocity_error"] <= 0.06


def test_shipped_text_finds_its_loops(held_out):
    """A caption's own loop among the first tenth of 200, far more often than one time in ten."""
    system = DrumLDM.from_pretrained("drums-groove-bert")
    picks = np.random.default_rng(0).choice(len(held_out), 200, replace=False)
    clips = [held_out[i] for i in picks]
    scores = system.embed_text([clip.caption for clip in clips]) @ system.embed_clips(clips).T
    rank = (scores > scores.diagonal()[:, None]).sum(1)
    assert float((rank < 20).float().mean()) > 0.4


def test_shipped_system_does_as_it_is_told():
    """Asked against not asked, on the measured traits: a model deaf to text stays at a tie."""
    from workbench.datasets.captions import facts_of

    system = DrumLDM.from_pretrained("drums-groove-bert")

    def share(prompt, trait):
        clips = system.generate(prompt, n=16, seed=11, tempo=100)
        return np.mean([trait in facts_of(clip).traits for clip in clips])

    for trait, asked, other in [
        ("busy", "a busy funk beat", "a sparse, simple beat"),
        ("ride", "jazz on the ride cymbal", "rock beat on closed hi-hats"),
    ]:
        assert share(asked, trait) >= share(other, trait) + 0.4, trait


def test_a_feel_alone_asks_for_a_beat():
    """No text of training says "open hats" and not what has them."""
    system = DrumLDM.from_pretrained("drums-groove-bert")
    words = "open hats", "a beat with open hats", "a fill with open hats"
    bare, beat, fill = (
        rolls_of(system.generate(text, bars=2, steps=5, tempo=100)) for text in words
    )
    assert np.array_equal(bare, beat)
    assert not np.array_equal(bare, fill)
    assert system.tempo_of("open hats, 100 bpm") == 100
    assert system.tempo_of("open hats") == system.tempo_of("a beat with open hats")
