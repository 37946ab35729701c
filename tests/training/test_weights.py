"""Weight files: whole or not at all, and only where they fit."""

import pytest
import torch
from torch import nn

from workbench.errors import CheckpointError, WorkbenchError
from workbench.training.weights import load_file_into, save_weights


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 1))


def test_a_full_disk_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    save_weights(net(), path)
    before = path.read_bytes()

    def full(tensors, target, **more):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.training.weights.save_file", full)
    with pytest.raises(WorkbenchError, match="disk is full"):
        save_weights(net(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_weights_of_another_network_are_refused(tmp_path):
    save_weights(nn.Linear(3, 3), tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="another system or size"):
        load_file_into(net(), tmp_path / "w.safetensors")


def test_a_pickle_is_not_loaded(tmp_path):
    path = tmp_path / "w.safetensors"
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="no readable safetensors"):
        load_file_into(net(), path)
