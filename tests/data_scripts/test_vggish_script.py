"""The script that brings VGGish, against a loopback server with a small network."""

import io

import pytest
import torch

from tests.data_scripts.scripts import module_of
from workbench.evaluation.embedders import VGGishEmbedder
from workbench.models.vggish import VGGish


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    return module_of("vggish")


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
