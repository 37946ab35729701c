"""LDMG: coding without seams, drawing, inpainting, training at the smallest size."""

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
import soundfile
import torch
from sklearn.decomposition import PCA

from tests.systems.conftest import gib_needed
from workbench.datasets import load
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.errors import MissingDataError, PromptError, WorkbenchError
from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.dit import DiTConfig, LDMGConditioning
from workbench.models.spectral import level_distance, stft_loss
from workbench.models.spectral_vae import SpectralVAE, SpectralVAEConfig
from workbench.music.audio import resample
from workbench.music.clip import Clip
from workbench.music.loudness import settled
from workbench.systems.ldmg import networks as ldmg_networks
from workbench.systems.ldmg.coding import VAEGAN, finetune_decoder, fit_vae, gan_terms
from workbench.systems.ldmg.config import MEMORY, PROFILES, LDMGConfig, Weights
from workbench.systems.ldmg.system import LDMG
from workbench.systems.ldmg.training import latent_crops, measure_latents
from workbench.systems.musicldm import MusicLDM
from workbench.systems.region import Region
from workbench.systems.sampling import SamplingSettings, circular, overlapping
from workbench.training import fit

WAVEFORM = AudioVAEConfig(width=8, latent=4)
FOURIER = SpectralVAEConfig(width=16, encoder=1, decoder=2, latent=4)


def made(vae=WAVEFORM, **changes) -> LDMG:
    torch.manual_seed(0)
    config = LDMGConfig(
        vae,
        DiTConfig(4, width=32, depth=1, heads=4, genres=2, text=384),
        frames=64,
        genres=("funk", "waltz"),
        **changes,
    )
    return LDMG(config)


def noise(seconds, channels=1, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=(channels, int(seconds * 16000)))).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def trained(audio, tmp_path_factory):
    out = tmp_path_factory.mktemp("ldmg")
    return LDMG.train(audio, "smoke", out=out), out


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
def test_coding_in_pieces_has_no_seams(vae, monkeypatch):
    system = made(vae)
    sound = noise(3)
    whole = system.encode_sound(sound)
    assert whole.shape == (4, np.ceil(48000 / vae.hop))
    heard = system.decode_sound(whole)
    monkeypatch.setattr(ldmg_networks, "PIECE", 50)
    assert len(system.networks.pieces(750)) == 15
    assert torch.allclose(system.encode_sound(sound), whole, atol=1e-5)
    assert np.allclose(system.decode_sound(whole), heard, atol=1e-5)


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
def test_any_length_is_reconstructed(vae):
    system = made(vae)
    for samples in (1, 100, 16001):
        clip = Clip(audio=noise(2)[:, :samples], sample_rate=16000)
        assert system.reconstruct(clip).audio.shape == (1, samples)
    with pytest.raises(PromptError, match=r"sound: .* 1 channels, got 2"):
        system.encode_sound(noise(1, 2))


def test_latents_are_standard_over_the_training_sound(trained, audio):
    system, _ = trained
    z = torch.cat([system.encode_sound(audio[i]) for i in audio.split("train")], dim=1)
    assert z.mean(1).abs().max() < 1e-3
    assert z.square().mean().item() == pytest.approx(1, abs=0.01)
    assert (z.std(1).diff() < 1e-4).all()  # the important ones are larger
    again = system.standardise(system.destandardise(z))
    assert torch.allclose(again, z, atol=1e-4)
    plain = system.destandardise(z)
    assert torch.equal(system.standard(plain), system.standardise(plain))  # the old name


def test_latents_of_single_frames_have_a_variance_of_one_each(audio):
    size = PROFILES["smoke"]
    torch.manual_seed(0)
    system = LDMG(LDMGConfig(size.vae, replace(size.dit, latent=size.vae.latent), frames=64))
    rows = audio.split("train")
    measure_latents(system.networks, audio, rows)
    z = torch.cat([system.encode_sound(audio[i]) for i in rows], dim=1)
    assert z.mean(1).abs().max() < 1e-3
    assert (z.std(1) - 1).abs().max() < 1e-2
    assert torch.allclose(system.standardise(system.destandardise(z)), z, atol=1e-5)


def test_patches_of_all_components_keep_the_latents(audio):
    """With as many components as numbers nothing is left out; they are scikit-learn's."""
    size = PROFILES["smoke"]
    torch.manual_seed(0)
    numbers = size.vae.latent * size.patch
    config = LDMGConfig(size.vae, replace(size.dit, latent=numbers), frames=16, patch=size.patch)
    networks = LDMG(config).networks
    rows = audio.split("train")
    measure_latents(networks, audio, rows)
    z = networks.encode_frames(audio[rows[0]])
    assert torch.allclose(networks.destandardise(networks.standardise(z)), z, atol=1e-3)
    patches = torch.cat([networks.patches(networks.encode_frames(audio[i])) for i in rows], 1).T
    other = PCA(3).fit(patches.numpy())
    for ours, theirs in zip(networks.latent_directions.numpy(), other.components_, strict=False):
        assert abs(ours @ theirs) == pytest.approx(1, abs=1e-2)


def test_crops_of_latents_are_stretches_of_pieces_drawn_by_length():
    pieces = [100.0 * k + torch.arange(1.0, n + 1).expand(3, n) for k, n in enumerate((90, 10))]
    crops, which = latent_crops(pieces, 500, 20, seed=0)
    assert crops.shape == (500, 3, 20)
    for crop, piece in zip(crops[:, 0], which.tolist(), strict=True):
        first = int(crop[0] - 100 * piece)
        assert torch.equal(
            crop, torch.nn.functional.pad(pieces[piece][0, first - 1 : first + 19], (0, 10 * piece))
        )
    assert which.float().mean() == pytest.approx(0.1, abs=0.05)
    assert torch.equal(crops, latent_crops(pieces, 500, 20, seed=0)[0])
    assert not torch.equal(crops, latent_crops(pieces, 500, 20, seed=1)[0])


def test_training_saves_what_loads_again(trained):
    system, out = trained
    again = LDMG.from_pretrained(out)
    assert again.config == system.config
    assert LDMG.from_config(json.loads(json.dumps(made().config_dict()))).config == made().config
    assert set(system.config.genres) == {
        c.labels["style"] for c in load("builtin-songs", "train", limit=6)
    }
    one = system.generate("slow song", seconds=0.3, steps=3, seed=1)[0].audio
    other = again.generate("slow song", seconds=0.3, steps=3, seed=1)[0].audio
    assert np.allclose(one, other, atol=0.02)  # half precision


def test_clips_are_as_asked(trained):
    system, _ = trained
    heard = []
    clips = system.generate(
        "funk",
        2,
        genre=system.config.genres[0],
        seconds=0.5,
        steps=2,
        seed=3,
        progress=lambda step, steps: heard.append((step, steps)),
    )
    assert heard == [(1, 2), (2, 2)]
    assert [c.audio.shape for c in clips] == [(1, 8000)] * 2
    assert not np.allclose(clips[0].audio, clips[1].audio)
    again = system.generate("funk", 1, genre=system.config.genres[0], seconds=0.5, steps=2, seed=3)
    assert np.allclose(again[0].audio, clips[0].audio, atol=1e-5)
    with pytest.raises(PromptError, match=r"genre='polka'.*ballad"):
        system.generate(genre="polka")
    with pytest.raises(PromptError, match="seconds"):
        system.generate(seconds=0)


def test_longer_than_trained_is_drawn_in_windows():
    calls = []

    def network(x, t):
        calls.append(x.shape[-1])
        return 2 * x

    x = torch.randn(2, 3, 150)
    assert torch.allclose(overlapping(network, 64)(x, torch.zeros(2)), 2 * x, atol=1e-5)
    assert calls == [64] * 4
    across = overlapping(network, 64, axis=1)(x.transpose(1, 2), torch.zeros(2))
    assert torch.allclose(across, 2 * x.transpose(1, 2), atol=1e-5)
    calls.clear()
    overlapping(network, 200)(x, torch.zeros(2))
    assert calls == [150]


def test_a_loop_is_denoised_in_windows_that_wrap_around():
    lengths = []

    def network(x, t):
        lengths.append(x.shape[-1])
        return torch.nn.functional.avg_pool1d(x, 5, 1, 2, count_include_pad=False)

    across = circular(lambda x, t: network(x.transpose(1, 2), t).transpose(1, 2), 64, axis=1)
    for length in (1, 30, 64, 150):
        x = torch.randn(2, 3, length)
        y = circular(network, 64)(x, torch.zeros(2))
        assert y.shape == x.shape
        assert torch.allclose(across(x.transpose(1, 2), torch.zeros(2)), y.transpose(1, 2))
    around = torch.cat([x[..., -2:], x, x[..., :2]], -1)
    expected = torch.nn.functional.avg_pool1d(around, 5, 1)
    assert torch.allclose(y, expected, atol=0.15)  # edges of windows have a low weight
    assert set(lengths) == {64}


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
def test_a_latent_that_is_rolled_decodes_to_a_loop_that_is_rolled(vae):
    """So no place of a loop differs from the others, its seam neither."""
    system, frames = made(vae), 90
    z = torch.randn(4, frames, generator=torch.Generator().manual_seed(3))
    loop = system._loop(z, frames * vae.hop)
    assert loop.shape == (1, frames * vae.hop)
    for k in (1, 40):
        rolled = system._loop(torch.roll(z, k, 1), frames * vae.hop)
        assert np.allclose(rolled, np.roll(loop, k * vae.hop, 1), atol=1e-4)


def test_a_loop_has_no_seam(trained):
    system, _ = trained
    for prompt, given in (("", {"tempo": 133, "bars": 1}), ("", {"seconds": 1.1})):
        (clip,) = system.generate(prompt, loop=True, steps=2, seed=3, **given)
        steps = np.abs(np.diff(clip.audio[0]))
        assert abs(clip.audio[0, 0] - clip.audio[0, -1]) <= np.quantile(steps, 0.999)


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("bpm", "meter", "bars"), [(97, (4, 4), 1), (143.7, (3, 4), 2)])
def test_clips_last_whole_bars_exactly(bpm, meter, bars, loop):
    system = made(FOURIER)
    quarters = bars * 4 * meter[0] / meter[1]
    (clip,) = system.generate(tempo=bpm, meter=meter, bars=bars, loop=loop, steps=1)
    assert clip.audio.shape == (1, round(quarters * 60 / bpm * 16000))
    assert (clip.tempo, clip.meter, clip.beats, clip.bars) == (bpm, meter, quarters, bars)
    assert clip.tempo_known
    assert clip.labels["request"]["bars"] == bars
    (named,) = system.generate(f"{bpm:g} bpm", meter=meter, bars=bars, loop=loop, steps=1)
    assert named.audio.shape == clip.audio.shape
    assert named.tempo == bpm


def test_rescaled_guidance_keeps_the_scale_of_latents():
    """Strong guidance makes latents several times as large, unless it is rescaled."""
    spread = {}
    for rescale in (0.0, 1.0):
        system = made(rescale=rescale)
        for weight in system.networks.dit.parameters():
            torch.nn.init.normal_(weight, std=0.2)
        request, noise = system.conditioning(["funk"] * 4), system.noise(range(4))
        for guidance in (1.0, 20.0):
            z = system.sample(noise, request, SamplingSettings(4, guidance, "ddim", 0))
            spread[rescale, guidance] = float(z.std())
    assert spread[0.0, 1.0] == spread[1.0, 1.0]
    assert spread[0.0, 20.0] > 1.5 * spread[1.0, 20.0]
    assert spread[1.0, 20.0] < 1.2 * spread[1.0, 1.0]


def test_without_a_tempo_sampling_is_the_plain_one():
    system, settings = made(FOURIER), SamplingSettings(2, 2.0, "dpm++", 5)
    (clip,) = system.generate("funk", seconds=0.7, steps=2, seed=5)
    seeds = settings.seeds(1)
    noise = system.noise(seeds, system.frames_of(0.7))
    z = system.sample(noise, system.conditioning(["funk"]), settings, seeds=seeds)
    plain = system.decode_sound(z[0])[:, :11200]
    centred = plain - plain.mean(1, keepdims=True)
    assert np.abs(plain.mean(1)).max() > 1e-4 > 1e-6 > np.abs(clip.audio.mean(1)).max()
    assert np.array_equal(clip.audio, settled(centred, system.config.rate))
    assert not clip.tempo_known
    assert set(clip.labels["request"]) == {"prompt", "seconds", "steps", "guidance", "sampler"}
    (kept,) = system.generate("funk", seconds=0.7, tempo=120, steps=2, seed=5)
    assert kept.audio.shape == clip.audio.shape
    assert not np.allclose(kept.audio, clip.audio, atol=1e-3)
    two = system.generate("funk", 2, seconds=0.7, tempo=120, steps=2, seed=5)
    assert np.allclose(two[0].audio, kept.audio, atol=1e-5)  # a take does not depend on n


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"bars": 2}, "bars: needs a tempo"),
        ({"meter": (3, 4)}, "meter: needs a tempo"),
        ({"tempo": 500}, "tempo.*500"),
        ({"tempo": 100, "bars": 0}, "bars.*0"),
        ({"tempo": 100, "bars": 1, "seconds": 2}, "seconds: .*bars"),
        ({"loop": "yes"}, "loop: .*yes"),
    ],
)
def test_a_beat_that_cannot_be_kept_names_the_argument(given, named):
    with pytest.raises(PromptError, match=named):
        made().generate("funk", steps=1, **given)


def test_what_a_prompt_asks_in_vain_is_said():
    system = made(vocabulary=("funk", "drums"))
    assert system.explain_prompt("funk drums").messages == ()
    assert "bagpipe" in system.explain_prompt("funk bagpipe").messages[0]
    with pytest.warns(UserWarning, match="900 BPM"):
        system.generate("funk, 900 bpm", seconds=0.2, steps=1)


def test_inpainting_leaves_the_rest_alone():
    system = made()
    sound = noise(1)
    clip = Clip(audio=sound, sample_rate=16000)
    filled = system.inpaint(clip, (0.25, 0.5), steps=2)[0].audio
    assert np.array_equal(filled[:, :4000], sound[:, :4000])
    assert np.array_equal(filled[:, 8000:], sound[:, 8000:])
    assert not np.allclose(filled[:, 4500:7500], sound[:, 4500:7500], atol=1e-3)
    for hole in ((0.5, 0.5), (-0.1, 0.2), (0.5, 1.2)):
        with pytest.raises(PromptError, match=r"seconds: .*empty|hole: "):
            system.inpaint(clip, hole)


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (44100, 1), (16000, 2), (11025, 1)])
def test_inpainting_keeps_the_rate_and_channels_of_the_clip(rate, channels):
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (channels, rate)).astype(np.float32)
    (filled,) = made().inpaint(
        Clip(audio=sound, sample_rate=rate), Region(seconds=(0.25, 0.5)), steps=2
    )
    assert (filled.sample_rate, filled.audio.shape) == (rate, sound.shape)
    begin, end = round(0.25 * rate), round(0.5 * rate)
    assert np.array_equal(filled.audio[:, :begin], sound[:, :begin])
    assert np.array_equal(filled.audio[:, end:], sound[:, end:])
    fade = round(0.03 * rate)
    new = filled.audio[:, begin + fade : end - fade]
    assert not np.allclose(new, sound[:, begin + fade : end - fade], atol=1e-3)
    assert np.array_equal(new, np.repeat(new[:1], channels, axis=0))  # mono, on all channels


def test_a_generated_region_fits_the_loudness_and_time_of_the_clip():
    system = made()
    clip = Clip(audio=noise(1), sample_rate=16000)
    (own,) = system.inpaint(clip, Region(seconds=(0.25, 0.75)), steps=2)
    higher = Clip(audio=resample(noise(1), 16000, 48000), sample_rate=48000)
    (filled,) = system.inpaint(higher, Region(seconds=(0.25, 0.75)), steps=2)
    back = resample(filled.audio, 48000, 16000)[:, 4800:11200]
    assert np.corrcoef(back[0], own.audio[0, 4800:11200])[0, 1] > 0.9


def clip_of(sound):
    return Clip(audio=sound, sample_rate=16000)


ODD = {
    "silence": np.zeros((1, 9000), np.float32),
    "one sample": np.array([[0.4]]),
    "too loud": 50 * noise(0.5),
    "clipped": (50 * noise(0.5)).clip(-1, 1),
}


@pytest.mark.parametrize("vae", [WAVEFORM, FOURIER])
@pytest.mark.parametrize("name", ODD)
def test_odd_clips_come_back_finite_and_as_long(name, vae):
    system, clip = made(vae), clip_of(ODD[name])
    made_clips = [
        system.reconstruct(clip),
        *system.vary(clip, 2, steps=2),
        *system.inpaint(clip, (0, clip.duration), steps=2),
    ]
    for one in made_clips:
        assert one.audio.shape == clip.audio.shape
        assert np.isfinite(one.audio).all()
        assert np.abs(one.audio).max() <= 1


def test_around_a_hole_a_loud_clip_is_only_turned_down():
    sound = 5 * noise(1)
    filled = made().inpaint(clip_of(sound), (0.25, 0.5), steps=2)[0].audio
    expected = sound / np.abs(sound).max()
    assert np.allclose(filled[:, :4000], expected[:, :4000], atol=1e-6)
    assert np.allclose(filled[:, 8000:], expected[:, 8000:], atol=1e-6)


def test_the_shipped_system_leaves_silence_silent():
    system = LDMG.from_pretrained("sound-ldmg")
    assert np.abs(system.reconstruct(clip_of(ODD["silence"])).audio).max() < 0.01


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_is_refused_however_it_came_in(bad):
    system, clip = made(), clip_of(noise(0.5))
    clip.audio[0, 100] = bad
    for use in (system.reconstruct, system.vary, lambda c: system.inpaint(c, (0.1, 0.2))):
        with pytest.raises(WorkbenchError, match="audio holds NaN or infinite"):
            use(clip)
    with pytest.raises(WorkbenchError, match="sound holds NaN or infinite"):
        system.encode_sound(clip.audio)
    with pytest.raises(PromptError, match=r"sound: .*got 0"):
        system.encode_sound(np.zeros((1, 0)))
    with pytest.raises(PromptError, match=r"hole: .* holds no sample at 16000 Hz"):
        system.inpaint(clip_of(noise(0.5)), (0.1, 0.10001))


def test_damaged_weights_are_told_where_they_draw():
    system = made()
    next(system.networks.dit.parameters()).data.fill_(np.nan)
    for draw in (
        lambda: system.generate(seconds=0.2, steps=2),
        lambda: system.vary(clip_of(noise(0.2)), steps=2),
    ):
        with pytest.raises(WorkbenchError, match="ended in NaN or infinite numbers: the weights"):
            draw()


def test_variations_begin_at_the_reconstruction():
    system = made()
    clip = Clip(audio=noise(0.5), sample_rate=16000, caption="noise")
    same = system.vary(clip, strength=0)[0]
    assert np.allclose(same.audio, system.reconstruct(clip).audio, atol=1e-5)
    assert same.caption == "noise"
    assert not np.allclose(system.vary(clip, strength=1, steps=2)[0].audio, same.audio, atol=1e-3)


def test_each_player_learns_from_its_own_terms_only():
    torch.manual_seed(0)
    module = VAEGAN(AudioVAE(AudioVAEConfig(width=8, latent=4)), 8)
    terms = gan_terms(module, 0.1 * torch.randn(2, 1, 4096), Weights())
    judge, vae = (list(part.parameters()) for part in (module.discriminator, module.vae))

    def touched(name, parameters):
        grads = torch.autograd.grad(terms[name], parameters, retain_graph=True, allow_unused=True)
        return any(g is not None and g.abs().sum() > 0 for g in grads)

    assert touched("discriminator", judge)
    assert not touched("discriminator", vae)
    assert touched("adversarial", vae)
    assert not touched("adversarial", judge)
    assert touched("matching", vae)
    for name in ("convergence", "spectrum", "kl"):
        assert not touched(name, judge)
    assert all(torch.isfinite(value) for value in terms.values())
    alone = gan_terms(VAEGAN(module.vae, 0), 0.1 * torch.randn(2, 1, 4096), Weights())
    assert set(alone) == {"convergence", "spectrum", "kl"}  # a width of 0: nobody to please


def test_the_terms_of_the_gan_by_hand(monkeypatch):
    """Lesson 06, equations (4) and (8): each term from the networks' outputs, in NumPy."""
    torch.manual_seed(0)
    module = VAEGAN(AudioVAE(AudioVAEConfig(width=8, latent=4)), 8)
    sound = 0.1 * torch.randn(2, 1, 4096)
    weights = Weights(spectrum=2.0, kl=0.03, adversarial=0.7, matching=0.4)
    monkeypatch.setattr("workbench.systems.ldmg.coding.some_windows", lambda: (512, 64))
    with torch.no_grad():
        torch.manual_seed(1)
        terms = {name: float(value) for name, value in gan_terms(module, sound, weights).items()}
        torch.manual_seed(1)  # the same noise
        decoded, mean, logvar = module.vae(sound)
        real, fake = (
            [[x.numpy() for x in scale] for scale in module.discriminator(s)]
            for s in (sound, decoded)
        )
    mu, ln_var = mean.double().numpy(), logvar.double().numpy()
    kl = np.mean((mu**2 + np.exp(ln_var) - 1 - ln_var) / 2)
    scores = np.mean([scale[-1].mean() for scale in fake])
    margins = [
        np.maximum(0, 1 - r[-1]).mean() + np.maximum(0, 1 + f[-1]).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    ratios = [
        np.abs(a - b).mean() / np.abs(a).mean()
        for r, f in zip(real, fake, strict=True)
        for a, b in zip(r[:-1], f[:-1], strict=True)
    ]
    spectral = {"convergence": [], "spectrum": []}
    for window in (512, 64):
        hann = scipy.signal.get_window("hann", window)
        a, b = (
            np.abs(np.stack([stft_frames(row, hann) for row in x[:, 0].double().numpy()]))
            for x in (sound, decoded)
        )
        apart = np.sqrt(((a - b) ** 2).sum((1, 2)) / (a**2).sum((1, 2)))
        spectral["convergence"].append(apart.mean())
        spectral["spectrum"].append(
            np.abs(np.log(np.maximum(a, 1e-4)) - np.log(np.maximum(b, 1e-4))).mean()
        )
    assert terms == pytest.approx(
        {
            "convergence": 2.0 * np.mean(spectral["convergence"]),
            "spectrum": 2.0 * np.mean(spectral["spectrum"]),
            "kl": 0.03 * kl,
            "adversarial": -0.7 * scores,
            "matching": 0.4 * np.mean(ratios),
            "discriminator": np.mean(margins),
        },
        rel=1e-3,
    )


def stft_frames(row, hann):
    """Spectra of centred frames, hop a quarter of the window, relative to the window's sum."""
    padded = np.pad(row, len(hann) // 2, mode="reflect")
    starts = range(0, len(padded) - len(hann) + 1, len(hann) // 4)
    return np.stack([np.fft.rfft(padded[s : s + len(hann)] * hann) for s in starts]) / hann.sum()


def test_a_step_that_is_not_finite_moves_neither_player(tmp_path):
    sound = 0.1 * torch.randn(8, 1, 4096, generator=torch.Generator().manual_seed(0))
    plan = replace(PROFILES["smoke"].coding, steps=4, batch=2, every=4, keep="last", clip=5.0)

    def run(sound, name):
        torch.manual_seed(0)
        module = VAEGAN(AudioVAE(AudioVAEConfig(width=8, latent=4)), 8)
        before = torch.cat([p.detach().flatten().clone() for p in module.parameters()])
        done = fit(
            module, (sound,), lambda m, x: gan_terms(m, x, Weights()), plan, tmp_path / name, seed=0
        )
        return before, torch.cat([p.flatten() for p in done.module.parameters()]), done.skipped

    one = sound.clone()
    one[3, 0, 100] = float("nan")
    before, after, skipped = run(one, "one")
    assert skipped == 1
    assert after.isfinite().all()
    assert not torch.equal(before, after)
    before, after, skipped = run(torch.full_like(sound, float("inf")), "all")
    assert skipped == 4
    assert torch.equal(before, after)


def test_a_gan_that_diverges_stops_and_names_its_terms(audio, tmp_path):
    from workbench.systems.ldmg.training import config_of

    rows, size = audio.split("train"), PROFILES["smoke"]
    system = LDMG(config_of(audio, rows, size))
    plan = replace(size.coding, lr=1e8, warmup=1, steps=40)
    said = r"ten losses in a row are not finite.*\(.*discriminator.*\); take another seed"
    with pytest.raises(WorkbenchError, match=said):
        fit_vae(
            system.networks.vae,
            audio,
            rows,
            rows,
            plan,
            tmp_path,
            crop=size.crop,
            width=size.width,
            weights=size.weights,
            seed=0,
        )


def test_the_memory_that_a_profile_needs_is_about_right():
    """Of the largest stage; the table adds what no count shows."""
    size = PROFILES["gpu"]
    config = LDMGConfig(
        size.vae,
        replace(size.dit, genres=8, text=384),
        frames=size.frames,
        patch=size.patch,
        genres=tuple("abcdefgh"),
    )
    system = LDMG(config)
    network = system.networks.dit

    def loss(n):
        asked = LDMGConditioning(
            torch.zeros(n, dtype=torch.long), *system.text.pieces(["slow piano"] * n)
        )
        return system.diffusion.loss(network, torch.randn(n, size.dit.latent, size.frames), *asked)

    need = gib_needed(network, loss, size.diffusion.batch)
    context = 0.5  # of CUDA itself
    assert need < MEMORY["gpu"] - context < 2 * need
    assert list(MEMORY) == list(PROFILES)


def test_the_vae_learns(audio, tmp_path):
    """In two minutes' worth of seconds: better than silence and than at the beginning."""
    from workbench.systems.ldmg.training import config_of

    rows, kept = audio.split("train"), audio.split("validation")
    size = PROFILES["smoke"]
    system = LDMG(config_of(audio, rows, size))
    sound = torch.from_numpy(audio.crops(16, size.crop, seed=0, rows=kept)[0])
    with torch.inference_mode():
        before = float(stft_loss(sound, system.networks.vae(sound)[0])[1])
    plan = replace(size.coding, steps=60, every=60, lr=2e-3)
    log = fit_vae(
        system.networks.vae,
        audio,
        rows,
        kept,
        plan,
        tmp_path,
        crop=size.crop,
        width=size.width,
        weights=size.weights,
        seed=0,
    ).log
    assert log[-1]["val_spectrum"] < 0.8 * before
    assert log[-1]["val_convergence"] < 1.0  # silence has exactly 1


def decoded_level(audio, kept, size, weights):
    """The level distance of a VAE with these weights on the crops that validation hears."""
    vae = SpectralVAE(size.vae).eval()
    vae.load_state_dict(weights)
    sound = torch.from_numpy(audio.crops(16, size.crop, seed=0, rows=kept)[0])
    with torch.no_grad():
        return level_distance(sound, vae.decode(vae.encode(sound)[0])[..., : size.crop])


def test_a_finished_decoder_is_nearer_in_level_and_leaves_the_encoder(audio, tmp_path):
    rows, kept, size = audio.split("train"), audio.split("validation"), PROFILES["smoke"]
    torch.manual_seed(0)
    vae = SpectralVAE(size.vae)
    before = {name: p.clone() for name, p in vae.state_dict().items()}
    plan = replace(size.decoder_finetune, steps=40, every=20, lr=2e-3)
    log = finetune_decoder(
        vae, audio, rows, kept, plan, tmp_path, crop=size.crop, weights=size.weights, seed=0
    ).log
    start = float(decoded_level(audio, kept, size, before))
    assert log[-1]["val_level"] < 0.9 * start
    for name, after in vae.state_dict().items():
        assert torch.equal(after, before[name]) == name.startswith("encoder"), name
    assert all(p.requires_grad for p in vae.parameters())


def test_what_does_not_fit_is_said(audio, tmp_path):
    other = prepare_audio(audio.items, tmp_path / "slow", rate=8000, quiet=True)
    with pytest.raises(PromptError, match=r"dataset: .*16000.*8000"):
        LDMG.train(other, "smoke", out=tmp_path)


def test_a_folder_of_single_samples_is_too_little_to_train_on(tmp_path):
    lines = ["file,split"]
    for i in range(4):
        soundfile.write(tmp_path / f"{i}.wav", np.full(1, 0.5 - 0.1 * i), 16000)
        lines.append(f"{i}.wav,{'train' if i < 2 else 'validation'}")
    (tmp_path / "captions.csv").write_text("\n".join(lines) + "\n")
    few = prepare_audio(find_audio(tmp_path), tmp_path / "out", rate=16000, quiet=True)
    for system in (LDMG, MusicLDM):
        with pytest.raises(MissingDataError, match=r"0\.00 s of sound to train on, a window lasts"):
            system.train(few, "smoke", out=tmp_path / "run")
