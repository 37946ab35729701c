"""Windows of real music: genres in the training split's shares, and a judge that is found again."""

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from workbench.benchmarks.music_data import MusicBench
from workbench.benchmarks.sound_data import SoundBench
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.datasets.sounds import collect
from workbench.evaluation.table import Report

RATE = 16_000
PIECES = {  # genre: captions of its training pieces, and of its test pieces, one second each
    "hiss": (["x", "x", "", ""], ["x", "x"]),
    "tone": (["x", "x", "x", "x", "x", "x"], ["x", "", "x", "x", "x", "x", "x"]),
    "unheard": ([], ["x"]),
}


@pytest.fixture(scope="module")
def audio(tmp_path_factory):
    top, random = tmp_path_factory.mktemp("sounds"), np.random.default_rng(0)
    lines = ["file,style,split,caption"]
    for genre, both in PIECES.items():
        for split, captions in zip(("train", "test"), both, strict=True):
            for number, caption in enumerate(captions):
                name = f"{genre}-{split}-{number}.wav"
                soundfile.write(top / name, 0.1 * random.normal(size=RATE), RATE)
                lines.append(f"{name},{genre},{split},{caption}")
    (top / "captions.csv").write_text("\n".join(lines) + "\n")
    return prepare_audio(find_audio(top), top / "out", rate=RATE, quiet=True)


def bench(kind, audio, n=200):
    system = SimpleNamespace(config=SimpleNamespace(seconds=0.5))
    return kind(system, audio, Report(), n=n, quick=True)


@pytest.mark.parametrize(("kind", "share"), [(SoundBench, 4 / 10), (MusicBench, 2 / 8)])
def test_windows_have_the_genres_of_the_training_split(audio, kind, share):
    for split in ("train", "test"):
        sounds, rows = bench(kind, audio).windows(split)
        assert sounds.shape == (200, RATE // 2)
        items = [audio.items[i] for i in rows]
        assert {item.split for item in items} == {split}
        found = Counter(item.labels["style"] for item in items)
        assert found.keys() == {"hiss", "tone"}
        assert found["hiss"] / 200 == pytest.approx(share, abs=0.1)
        for genre in found:  # its pieces take turns
            turns = Counter(i for i in rows if audio.items[i].labels["style"] == genre)
            assert max(turns.values()) - min(turns.values()) <= 1
    captions = {item.caption for item in items}
    assert captions == ({"x"} if kind is MusicBench else {"x", ""})


def test_the_judge_is_kept_by_data_length_and_steps(audio, tmp_path, monkeypatch):
    """The name must not change: trained judges in people's caches are found by it."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    first = bench(SoundBench, audio, 4)
    folder = tmp_path / "judges" / "tagger-out-8000-20"
    heard, chances = first.real_predictions
    assert (folder / "best.safetensors").is_file()
    assert (heard.shape, chances.shape) == ((4, 128), (4, 2))
    again = bench(MusicBench, collect(str(audio.folder), RATE), 4)
    assert np.allclose(again.predict(first.real[0])[0], heard, atol=1e-5)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
