"""Systems of sound that are trained on beats: what they receive, and that it changes the result."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from workbench.errors import PromptError
from workbench.models.dit import DiT, DiTConfig, LDMGConditioning
from workbench.models.music_ldm import (
    FiLMTransformer,
    FiLMUNet,
    MusicLDMConditioning,
    MusicLDMSizes,
)
from workbench.music.clip import Clip
from workbench.representations.beat_channels import CHANNELS, beat_channels, regular_beats
from workbench.representations.beat_tracking import TRACKED, known_beats
from workbench.representations.mixup import Beats
from workbench.systems.beat_grid import BeatGrid
from workbench.systems.ldmg import LDMG
from workbench.systems.ldmg.training import Latents
from workbench.systems.musicldm import MusicLDM
from workbench.systems.musicldm.mixing import mixes_of, windows_of
from workbench.systems.prepared import load_prepared, save_prepared
from workbench.systems.region import Region
from workbench.systems.sampling import circular, overlapping
from workbench.systems.sound_training import Data

SIZES = MusicLDMSizes(embed=4, latent=2, unet=(16, 16), beat=CHANNELS)
NETWORKS = {
    "LDMG": lambda: DiT(DiTConfig(2, width=16, depth=1, heads=2, text=4, beat=CHANNELS)),
    "MusicLDM": lambda: FiLMUNet(SIZES),
    "MusicLDM of patches": lambda: FiLMTransformer(replace(SIZES, transformer=(16, 1, 2))),
}
LATENTS = {"LDMG": (3, 2, 10), "MusicLDM": (3, 2, 10, 8), "MusicLDM of patches": (3, 2, 10, 1)}
EMPTY = torch.zeros(3, 0, 0)


def conditioning(name, beat):
    if name == "LDMG":
        words = torch.ones(3, 5, dtype=torch.bool)
        return LDMGConditioning(torch.zeros(3, dtype=torch.long), torch.ones(3, 5, 4), words, beat)
    return MusicLDMConditioning(torch.ones(3, 4), torch.ones(3, dtype=torch.bool), beat)


def a_beat(frames=10):
    return beat_channels(regular_beats(1, 120, (4, 4)), frames, 0.1).expand(3, -1, -1)


@pytest.fixture(params=NETWORKS)
def name(request):
    return request.param


def learnt(name):
    """A network whose layers that are zero at first are not."""
    torch.manual_seed(0)
    network = NETWORKS[name]().eval()
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.2)
    return network


def test_at_first_the_beat_changes_nothing_and_then_it_is_learnt(name):
    torch.manual_seed(0)
    network, x, t = NETWORKS[name](), torch.randn(LATENTS[name]), torch.tensor([10, 500, 900])
    plain = network(x, t, *conditioning(name, EMPTY))
    assert torch.equal(network(x, t, *conditioning(name, a_beat())), plain)
    layer = getattr(network, "beat_in", None) or network.beat_embedder
    step = torch.optim.AdamW(network.parameters(), 1e-2)
    for _ in range(3):  # the other layers that are zero at first learn before it
        step.zero_grad()
        network(x, t, *conditioning(name, a_beat())).sub(1).square().mean().backward()
        step.step()
    assert layer.weight.grad.abs().max() > 0
    assert layer.weight.abs().max() > 0


def test_an_unknown_beat_is_the_same_as_none(name):
    network, x, t = learnt(name), torch.randn(LATENTS[name]), torch.tensor([10, 500, 900])
    with torch.inference_mode():
        unknown = network(x, t, *conditioning(name, torch.zeros(3, CHANNELS, 10)))
        none = network(x, t, *conditioning(name, EMPTY))
        known = network(x, t, *conditioning(name, a_beat()))
    assert torch.allclose(unknown, none, atol=1e-6)
    assert not torch.allclose(known, none, atol=1e-2)


def test_guidance_keeps_the_beat_and_training_drops_it_on_its_own(name):
    given = conditioning(name, a_beat())
    assert torch.equal(given.unconditional().beat, given.beat)
    torch.manual_seed(0)
    rows = [given.dropped(0.5) for _ in range(300)]
    kept = torch.cat([row.beat[:, -1, 0] for row in rows]) > 0
    other = torch.cat([row.text_mask[:, 0] if name == "LDMG" else row.mask for row in rows])
    assert kept.float().mean() == pytest.approx(0.5, abs=0.06)
    assert (kept & other).float().mean() == pytest.approx(0.25, abs=0.06)
    whole = torch.cat([row.beat for row in rows])
    assert ((whole == 0).all(1).all(1) == ~kept).all()  # all channels of an item, or none


@pytest.mark.parametrize("extend", [overlapping, circular])
def test_windows_receive_the_beat_of_their_place(name, extend):
    """A network that returns its beat returns that of the whole, if windows are cut alike."""
    timed = type(conditioning(name, EMPTY)).timed
    axis = 2

    def network(x, t, *fields):
        (beat,) = (fields[i] for i in timed)
        shown = beat[:, :2]
        assert shown.shape[-1] == x.shape[axis]
        return shown if x.ndim == 3 else shown[..., None].expand_as(x)

    frames = 40
    x = torch.zeros(3, 2, frames, *LATENTS[name][3:])
    beat = a_beat(frames)
    found = extend(network, 16, axis, timed)(x, torch.zeros(3), *conditioning(name, beat))
    expected = beat[:, :2] if x.ndim == 3 else beat[:, :2, :, None].expand_as(x)
    assert torch.allclose(found, expected, atol=1e-5)


# --- training -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[LDMG, MusicLDM])
def trained(request, audio, tmp_path_factory):
    out = tmp_path_factory.mktemp("beat")
    return request.param.train(audio, "smoke", out=out), out


def beat_layer(system):
    networks = system.networks
    return (networks.dit if isinstance(system, LDMG) else networks.denoiser).beat_embedder


def test_training_teaches_the_beat_and_generation_follows_it(trained, monkeypatch):
    system, out = trained
    assert system.knows_beats
    assert beat_layer(system).weight.abs().max() > 0
    again = type(system).from_pretrained(out)
    assert again.knows_beats
    with torch.no_grad():  # more than a few steps teach
        beat_layer(again).weight.normal_(std=0.5)
    monkeypatch.setattr(BeatGrid, "mixed", None)  # nothing is averaged
    asked = {"steps": 2, "seed": 3}
    (slow,) = again.generate("", tempo=90, bars=1, **asked)
    (fast,) = again.generate("", tempo=180, bars=2, **asked)
    (free,) = again.generate("", seconds=4 * 60 / 90, **asked)
    (loop,) = again.generate("", tempo=143, bars=1, meter=(3, 4), loop=True, **asked)
    assert slow.audio.shape == fast.audio.shape == free.audio.shape
    assert loop.audio.shape == (1, round(3 * 60 / 143 * 16000))
    assert np.array_equal(again.generate("", tempo=90, bars=1, **asked)[0].audio, slow.audio)
    for one, other in ((slow, fast), (slow, free)):
        assert not np.array_equal(one.audio, other.audio)
    assert all(np.isfinite(clip.audio).all() for clip in (slow, fast, free, loop))


def test_the_card_says_whether_the_network_knows_beats(trained):
    system, out = trained
    report = json.loads((out / "training.json").read_text())
    assert report["beats"] == report["pieces"]  # all of them are rendered
    assert f"{report['beats']} of its {report['pieces']} pieces" in (out / "README.md").read_text()
    assert "averaging" in system.card({k: v for k, v in report.items() if k != "beats"})


def test_the_denoiser_of_a_loop_receives_whole_bars(trained, monkeypatch):
    system, _ = trained
    seen = []

    def sample(noise, given, *more, **others):
        seen.append(given)
        return noise

    monkeypatch.setattr(system, "sample", sample)
    system.generate("funk", 2, tempo=97, meter=(3, 4), bars=2, loop=True)
    system.generate("funk", 2, seconds=1)
    (known, unknown) = seen
    frames = known.beat.shape[2]
    assert known.beat.shape == (2, CHANNELS, frames)
    assert torch.equal(known.unconditional().beat, known.beat)
    at = 2 * torch.pi * torch.arange(frames) / frames
    for channel, turns in ((0, 6), (2, 2)):
        assert torch.allclose(known.beat[0, channel], torch.cos(turns * at), atol=1e-4)
        assert torch.allclose(known.beat[0, channel + 1], torch.sin(turns * at), atol=1e-4)
    assert not unknown.beat.any()


def test_a_tempo_can_be_followed_in_three_ways(trained, monkeypatch):
    system, _ = trained
    seen = []

    def sample(noise, given, *more, project=None, **others):
        seen.append((bool(given.beat.any()), project is not None))
        return noise

    monkeypatch.setattr(system, "sample", sample)
    for way in ("network", "averages", "both"):
        monkeypatch.setattr(system, "beat_by", way)
        system.generate(tempo=100, bars=1)
        system.generate(seconds=1)
    assert seen[::2] == [(True, False), (False, True), (True, True)]
    assert seen[1::2] == [(False, False)] * 3


def beats_of_samples(system, monkeypatch):
    """A list that receives the beat channels of each sampling from now on."""
    seen, plain = [], system.sample

    def sample(noise, given, *more, **others):
        seen.append(given.beat)
        return plain(noise, given, *more, **others)

    monkeypatch.setattr(system, "sample", sample)
    return seen


def test_a_clip_is_edited_with_its_own_beat(trained, monkeypatch):
    system, _ = trained
    seen = beats_of_samples(system, monkeypatch)
    sound = 0.1 * np.random.default_rng(0).normal(size=(1, 32_000)).astype(np.float32)
    timed = Clip(audio=sound, sample_rate=16_000, tempo=120, beats=4.0)
    free = Clip(audio=sound, sample_rate=16_000)
    for clip in (timed, free):
        system.vary(clip, 2, steps=1)
        system.inpaint(clip, Region(seconds=(0.5, 1)), steps=1)
    frames = seen[0].shape[2]
    expected = beat_channels(regular_beats(2, 120, (4, 4)), frames, system.hop / 16_000, end=2.0)
    assert torch.allclose(seen[0], expected.expand(2, -1, -1), atol=1e-5)
    assert torch.allclose(seen[1], expected[None], atol=1e-5)
    assert not seen[2].any()
    assert not seen[3].any()


def test_prepared_data_hold_the_beats(audio, tmp_path):
    for system in (LDMG, MusicLDM):
        recipe = system.recipe(audio, "smoke", 0)
        folder = save_prepared(tmp_path / system.__name__, system.__name__, recipe)
        data = load_prepared(folder, system.__name__).stages.keywords["data"]
        for i in data.rows:
            known = known_beats(audio.items[i].labels)
            again = known_beats(data.audio.items[i].labels)
            assert len(known.times) > 8
            assert np.allclose(again.times, known.times)


# --- what the networks learn from ---------------------------------------------------------------


def test_crops_for_ldmg_have_the_beats_of_their_place(audio):
    data = Data.of(audio, audio.rate).with_texts(pieces=True)
    system = LDMG.from_config(LDMG.recipe(audio, "smoke", 0).config)
    hop, frames = system.hop / audio.rate, 16
    bank = Latents(system.networks, data, data.rows)
    z, given = bank.crops(5, frames, seed=1)
    assert z.shape == (5, system.config.latent, frames)
    assert given.beat.shape == (5, CHANNELS, frames)
    wholes = {
        i: (
            system.encode_sound(audio[i]),
            beat_channels(known_beats(audio.items[i].labels), audio.lengths[i] // 256 + 1, hop),
        )
        for i in data.rows
    }
    for row, beat in zip(z, given.beat, strict=True):
        found = [
            float((beats[:, start : start + frames] - beat).abs().max())
            for latents, beats in wholes.values()
            for start in range(latents.shape[1] - frames + 1)
            if torch.allclose(latents[:, start : start + frames], row, atol=1e-2)
        ]
        assert len(found) == 1
        assert found[0] < 2e-3  # half precision


def test_windows_and_mixes_for_musicldm_have_their_beats(audio):
    system = MusicLDM.from_config(MusicLDM.recipe(audio, "smoke", 0).config)
    coder, rows = (system.networks, system.embedder), audio.split("train")
    real = windows_of(*coder, audio, rows, 5, seed=2)
    frames, step = real.z.shape[2], system.hop / audio.rate
    pieces, starts = audio.crop_positions(
        5, round(system.config.seconds * audio.rate), seed=2, rows=rows
    )
    for beat, piece, start in zip(real.beat, pieces, starts, strict=True):
        known = known_beats(audio.items[piece].labels)
        expected = beat_channels(known, frames, step, start=start / audio.rate)
        assert torch.allclose(beat, expected, atol=1e-5)
    blm = mixes_of(*coder, audio, rows, 5, "blm", seed=2)
    assert torch.allclose(blm.beat[:, 2, 0], torch.ones(5), atol=1e-3)  # begins at a downbeat
    assert (blm.beat[:, 5, 0] > 0.99).all()
    assert (blm.beat[:, 7] == 1).all()
    assert (mixes_of(*coder, audio, rows, 3, "plain", seed=2).beat == 0).all()
    guessed = audio.labelled({i: {TRACKED: "yes"} for i in rows})  # as if a tracker had found them
    for unknown in (
        windows_of(*coder, guessed, rows, 3, seed=2),
        mixes_of(*coder, guessed, rows, 3, "bam", seed=2),
    ):
        assert unknown.beat.shape == (3, CHANNELS, frames)
        assert not unknown.beat.any()


def test_checkpoints_without_beats_ignore_them():
    torch.manual_seed(0)
    old = {
        "LDMG": DiT(DiTConfig(2, width=16, depth=1, heads=2, text=4)),
        "MusicLDM": FiLMUNet(replace(SIZES, beat=0)),
    }
    for name, network in old.items():
        assert not [key for key in network.state_dict() if "beat" in key]
        for weights in network.parameters():
            torch.nn.init.normal_(weights, std=0.2)
        x, t = torch.randn(LATENTS[name]), torch.tensor([10, 500, 900])
        with torch.inference_mode():
            given = network(x, t, *conditioning(name, a_beat()))
            assert torch.equal(given, network(x, t, *list(conditioning(name, EMPTY))[:-1]))
    assert LDMG.from_pretrained("sound-ldmg").knows_beats
    assert MusicLDM.from_pretrained("music-ldm").knows_beats


def test_beats_of_a_tracker_are_not_exact_and_a_bar_has_two_ends():
    labels = {"beats": "0 0.5 1", "downbeats": "0"}
    assert known_beats(labels).times.tolist() == Beats.read(labels).times.tolist() == [0, 0.5, 1]
    assert not len(known_beats({**labels, TRACKED: "yes"}).times)
    assert not len(known_beats({}).times)
    one_bar = known_beats({**labels, "meter": "3/4"})
    assert one_bar.downbeats.tolist() == [0, 1.5]
    assert known_beats({**labels, "meter": "?"}).downbeats.tolist() == [0]


def test_a_batch_receives_the_beats_of_each_clip(trained, monkeypatch):
    system, _ = trained
    seen = beats_of_samples(system, monkeypatch)
    prompts = (["rock", "jazz"], [None, None])
    if isinstance(system, MusicLDM):
        prompts = (system.embedder.embed_text(prompts[0]),)
    beats = [regular_beats(2, 90, (3, 4)), Beats(np.empty(0), np.empty(0))]
    given = {"seeds": [0, 1], "seconds": 1.0, "steps": 1}
    system.generate_batch(*prompts, beats=beats, **given)
    rows = [beat_channels(own, seen[0].shape[2], system.hop / 16_000) for own in beats]
    assert torch.equal(seen[0], torch.stack(rows))
    assert not seen[0][1].any()
    with pytest.raises(PromptError, match=r"beats: .*got 1 for 2"):
        system.generate_batch(*prompts, beats=beats[:1], **given)
