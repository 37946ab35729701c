"""The script that brings MusiCNN: pip takes the wheel from a folder, no index is asked."""

import numpy as np
import pytest
import torch

from tests.data_scripts import scripts
from tests.models.test_musicnn import published_names
from tests.tensorflow_files import bundle_of
from workbench.datasets.download import digest
from workbench.evaluation.embedders import MusicnnEmbedder
from workbench.models.musicnn import Musicnn

WHEEL = "musicnn-0.1.0-py3-none-any.whl"


def write_wheel(path, checkpoints):
    """A wheel that pip accepts, with these TensorFlow checkpoints."""
    files = {}
    for name, tensors in checkpoints.items():
        parts = zip((".index", ".data-00000-of-00001"), bundle_of(tensors), strict=True)
        files |= {f"musicnn/{name}/{part}": content for part, content in parts}
    scripts.write_wheel(path, "musicnn", "0.1.0", files)


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return scripts.module_of("musicnn")


def test_weights_arrive_from_the_package(script, tmp_path, monkeypatch, capsys):
    tensors = {
        name: published_names(seed) for seed, name in enumerate(("MTT_musicnn", "MSD_musicnn"))
    }
    extra = {"dense/kernel/Adam": np.ones(3, np.float32), "beta1_power": np.float32(0.5)}
    write_wheel(tmp_path / WHEEL, {name: {**own, **extra} for name, own in tensors.items()})
    monkeypatch.setattr(script, "SHA256", digest(tmp_path / WHEEL))
    assert script.main([]) == 0
    assert "musicnn-msd.safetensors" in capsys.readouterr().out
    for training in ("mtt", "msd"):
        expected = Musicnn.of_tensorflow(tensors[f"{training.upper()}_musicnn"]).state_dict()
        loaded = MusicnnEmbedder(training).network.state_dict()
        assert all(torch.equal(loaded[name], value) for name, value in expected.items())
    (tmp_path / WHEEL).unlink()
    assert script.main([]) == 0  # the wheel is in the cache


def test_another_checksum_is_refused(script, tmp_path, capsys):
    write_wheel(tmp_path / WHEEL, {})
    assert script.main([]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip cannot download it" in error
    assert "--wheel" in error
    assert not list(tmp_path.glob("cache/**/*.whl"))


def test_a_wheel_that_is_here_will_do_and_a_broken_one_is_named(script, tmp_path, capsys):
    wheel = tmp_path / "other.whl"
    wheel.write_text("an error page")
    assert script.main(["--wheel", str(wheel)]) == 1
    assert "other.whl" in capsys.readouterr().err
    write_wheel(wheel, {"MTT_musicnn": {"dense/kernel": np.ones((2, 2), np.float32)}})
    assert script.main(["--wheel", str(wheel)]) == 1
    assert "no valid weights of MusiCNN" in capsys.readouterr().err
    assert not list(tmp_path.glob("cache/*.safetensors"))
