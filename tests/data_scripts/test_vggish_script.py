"""The script that brings VGGish, against a loopback server with a small network."""

import importlib.util
import io
from pathlib import Path

import pytest
import torch

from workbench.evaluation.embedders import VGGishEmbedder
from workbench.models.vggish import VGGish

SCRIPT = Path(__file__).parents[2] / "data_scripts" / "vggish.py"


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    spec = importlib.util.spec_from_file_location("vggish_script", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_weights_arrive_as_safetensors(script, serve, tmp_path, capsys):
    network = VGGish((2, 3, 4, 4, 5, 5), hidden=16, dim=8)
    packed = io.BytesIO()
    torch.save(network.state_dict(), packed)
    assert script.main(["--url", serve(packed.getvalue()).url]) == 0
    assert str(tmp_path / "vggish.safetensors") in capsys.readouterr().out
    loaded = VGGishEmbedder(tmp_path / "vggish.safetensors").network
    for name, value in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)


@pytest.mark.parametrize("content", ["half a network", "an error page"])
def test_what_is_no_vggish_leaves_nothing(script, serve, tmp_path, capsys, content):
    packed = io.BytesIO(content.encode())
    if content == "half a network":
        packed = io.BytesIO()
        torch.save({"features.0.weight": torch.zeros(2, 1, 3, 3)}, packed)
    assert script.main(["--url", serve(packed.getvalue()).url]) == 1
    assert "weights of VGGish" in capsys.readouterr().err
    assert not (tmp_path / "vggish.safetensors").exists()
