"""Embedders: of a function, of latents, of published encoders from small weights saved here."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from transformers import ClapFeatureExtractor

from tests.random_musicnn import write_musicnn
from tests.small_clap import small_clap
from workbench.benchmarks.embedders import embedder
from workbench.errors import CheckpointError, MissingDataError, WorkbenchError
from workbench.evaluation.distances import frechet_distance
from workbench.evaluation.embedders import (
    MusicnnEmbedder,
    VGGishEmbedder,
    clap,
    embed,
    from_sound,
    mono,
    over_time,
)
from workbench.models.vggish import VGGish
from workbench.music.clip import Clip


def tone(hertz: float, seconds: float = 1.0, rate: int = 16_000) -> Clip:
    sound = 0.4 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return Clip(audio=sound, sample_rate=rate, caption=f"{hertz:g} Hz")


def noise(seed: int, seconds: float = 1.0) -> Clip:
    sound = np.random.default_rng(seed).normal(0, 0.1, round(16_000 * seconds)).clip(-1, 1)
    return Clip(audio=sound, sample_rate=16_000)


SILENT = Clip(audio=np.zeros(16_000), sample_rate=16_000)
MELODY = Clip.from_notes([(0, 1, 60, 90), (1, 1, 64, 90)], drums=False)


def levels(sounds):
    """A user's function: the level, and how many samples there are."""
    return np.stack([sounds.square().mean(1), torch.full((len(sounds),), sounds.shape[1])], axis=1)


def test_a_function_of_sounds_hears_every_clip_in_its_place():
    clips = [tone(440), noise(0, 0.5), tone(440, 2.0), SILENT, MELODY, noise(1, 0.5)]
    made = embed(clips, from_sound(levels, 16_000))
    assert made.shape == (6, 2)
    assert made[:4, 1].tolist() == [16_000, 8_000, 32_000, 16_000]
    assert made[0, 0] == pytest.approx(0.08, rel=1e-3)
    assert made[3, 0] == 0
    assert made[4, 0] > 1e-5  # the score was played
    fixed = embed(clips, from_sound(levels, 16_000, seconds=1.0))
    assert set(fixed[:, 1]) == {16_000}
    assert mono(tone(440, 0.25), 16_000, 1.0)[4000:].tolist() == [0.0] * 12_000


def test_latents_of_any_length_become_one_row():
    latents = {1.0: np.array([[1.0, 3.0], [5.0, 5.0]]), 2.0: np.array([[2.0], [7.0]])}
    made = embed([tone(1, 1.0), tone(1, 2.0)], over_time(lambda clip: latents[clip.duration]))
    assert made.tolist() == [[2, 5, 1, 0], [2, 7, 0, 0]]


def test_a_plain_function_will_do_and_nonsense_is_named():
    clips = [tone(100), tone(200)]
    assert embed(clips, lambda clips: np.eye(2)).dtype == np.float64
    with pytest.raises(WorkbenchError, match=r"made shape \(3, 2\) of 2 clips"):
        embed(clips, lambda clips: np.zeros((3, 2)))
    with pytest.raises(WorkbenchError, match=r"NaN or infinity of clip 1 \(200 Hz\)"):
        embed(clips, lambda clips: np.array([[1.0], [np.nan]]))
    with pytest.raises(WorkbenchError, match="clips is empty"):
        embed([], levels)


@pytest.fixture(scope="module")
def clap_folder(tmp_path_factory):
    """CLAP of two small layers, saved as the published ones are; it hears 2 s at a time."""
    top = tmp_path_factory.mktemp("clap")
    model, tokenizer = small_clap(top)
    model.save_pretrained(top)
    tokenizer.save_pretrained(top)
    ClapFeatureExtractor(
        64, hop_length=1580, max_length_s=2, truncation="rand_trunc"
    ).save_pretrained(top)
    return top, model


def test_clap_says_what_transformers_says(clap_folder):
    folder, model = clap_folder
    clips = [tone(440, 2.0, 48_000), tone(880, 2.0, 48_000)]
    made = embed(clips, clap(folder))
    extractor = ClapFeatureExtractor.from_pretrained(folder)
    features = extractor([c.audio[0] for c in clips], sampling_rate=48_000, return_tensors="pt")
    with torch.no_grad():
        pooled = model.audio_model(features["input_features"]).pooler_output
        theirs = torch.nn.functional.normalize(model.audio_projection(pooled), dim=-1)
    assert made == pytest.approx(theirs.numpy(), abs=1e-4)


def test_clap_hears_long_clips_whole_and_the_same_each_time(clap_folder):
    hear = clap(clap_folder[0])
    both = Clip(
        audio=np.concatenate([tone(440, 2.0).audio[0], tone(3000, 2.5).audio[0]]),
        sample_rate=16_000,
    )
    made = embed([both, both, tone(440, 2.0), tone(3000, 2.0), SILENT], hear)
    assert made[0].tolist() == made[1].tolist()
    mean = made[2] + made[3]
    assert made[0] @ mean / np.linalg.norm(mean) > 0.99
    with pytest.raises(CheckpointError, match="CLAP cannot be loaded"):
        clap(clap_folder[0] / "nothing")


@pytest.fixture(scope="module")
def vggish_file(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("vggish") / "vggish.safetensors"
    network = VGGish((2, 3, 4, 4, 5, 5), hidden=16, dim=8)
    for weight in network.parameters():
        if weight.ndim > 1:
            torch.nn.init.kaiming_normal_(weight)
    save_file(network.state_dict(), path)
    return path


def test_vggish_hears_patches_and_clips(vggish_file):
    hear = embedder(f"vggish:{vggish_file}")
    assert isinstance(hear, VGGishEmbedder)
    clips = [tone(440, 2.0), noise(0, 1.0), tone(440, 0.2), SILENT, MELODY]
    rows, of = hear.patches(clips)
    assert np.bincount(of).tolist()[:4] == [2, 1, 1, 1]
    made = embed(clips, hear)
    assert made.shape == (5, 8)
    assert made[0] == pytest.approx(rows[:2].mean(0))


def test_vggish_hears_noise_grow(vggish_file):
    """Through the whole chain: the more noise, the longer the distance."""
    hear = VGGishEmbedder(vggish_file)
    clean = [tone(200 + 20 * i) for i in range(16)]
    far = []
    for level in (0.0, 0.02, 0.2):
        noisy = [
            Clip(
                audio=0.5 * c.audio + level * np.random.default_rng(i).normal(size=16_000),
                sample_rate=16_000,
            )
            for i, c in enumerate(clean)
        ]
        quiet = [Clip(audio=0.5 * c.audio, sample_rate=16_000) for c in clean]
        far.append(frechet_distance(embed(noisy, hear), embed(quiet, hear)))
    assert far[0] == pytest.approx(0, abs=1e-9)
    assert far == sorted(far)


def test_what_is_no_vggish_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot be read .* data_scripts/vggish"):
        VGGishEmbedder(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("not weights")
    with pytest.raises(CheckpointError, match="VGGish cannot be read"):
        VGGishEmbedder(tmp_path / "text.safetensors")
    save_file({"other": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="its parameters are not those of VGGish"):
        VGGishEmbedder(tmp_path / "other.safetensors")


@pytest.fixture
def musicnn_cache(tmp_path, monkeypatch):
    """A cache folder with MusiCNN of random weights."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    write_musicnn(tmp_path)
    (tmp_path / "musicnn-mtt.safetensors").unlink()
    return tmp_path


def test_musicnn_embeds_and_tags(musicnn_cache):
    judge = embedder("musicnn")
    assert isinstance(judge, MusicnnEmbedder)
    clips = [tone(440, 4.0), noise(0, 1.0), tone(440, 0.2), SILENT, MELODY]
    made = embed(clips, judge)
    assert made.shape == (5, 200)
    sounds = np.stack([tone(440, 4.0).audio[0], noise(1, 4.0).audio[0]])
    vectors, likelihoods = judge.predict(sounds)
    assert vectors[0] == pytest.approx(made[0], abs=1e-5)
    assert likelihoods.shape == (2, 50) == (2, len(judge.names))
    assert ((likelihoods > 0) & (likelihoods < 1)).all()
    assert not np.allclose(vectors[0], vectors[1])


def test_missing_or_other_weights_of_musicnn_are_named(musicnn_cache):
    with pytest.raises(MissingDataError, match=r"musicnn-mtt\.safetensors .* data_scripts/musicnn"):
        embedder("musicnn:mtt")
    with pytest.raises(WorkbenchError, match="training"):
        embedder("musicnn:vgg")
    save_file({"output.bias": torch.zeros(3)}, musicnn_cache / "musicnn-mtt.safetensors")
    with pytest.raises(CheckpointError, match="parameters are not those of MusiCNN"):
        embedder("musicnn:mtt")


@pytest.mark.filterwarnings("error::DeprecationWarning")
@pytest.mark.parametrize("name", ["music-ldm", "sound-ldmg"])
def test_shipped_systems_embed(name):
    """Real weights: a melody is nearer to itself, played softer, than to noise or to silence."""
    soft = Clip(audio=0.7 * MELODY.waveform(16_000, loop=False), sample_rate=16_000)
    made = embed([MELODY, soft, noise(3, 1.0), SILENT], embedder(name))
    near, *far = np.linalg.norm(made[1:] - made[0], axis=1)
    assert near < 0.7 * min(far)


def test_a_system_that_hears_nothing_is_refused():
    with pytest.raises(WorkbenchError, match="songs-gpt: a checkpoint of MidiGPT"):
        embedder("songs-gpt")
