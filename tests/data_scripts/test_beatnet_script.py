"""The script that brings BeatNet: pip takes the wheel from a folder, no index is asked."""

import io
from pathlib import Path

import pytest
import torch

from tests.data_scripts import scripts
from workbench.datasets.download import digest
from workbench.representations.beatnet import BeatNet, BeatNets, BeatNetTracker

WHEEL = "BeatNet-1.1.3-py3-none-any.whl"


def write_wheel(path, states):
    """A wheel that pip accepts, with these parameters as pickles."""
    files = {}
    for number, state in enumerate(states, start=1):
        packed = io.BytesIO()
        torch.save(state, packed)
        files[f"BeatNet/models/model_{number}_weights.pt"] = packed.getvalue()
    scripts.write_wheel(path, "BeatNet", "1.1.3", files, needs="nowhere")


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return scripts.module_of("beatnet")


def test_weights_arrive_from_the_package(script, tmp_path, monkeypatch, capsys):
    states = [BeatNet().state_dict() for _ in range(3)]
    write_wheel(tmp_path / WHEEL, states)
    monkeypatch.setattr(script, "SHA256", digest(tmp_path / WHEEL))
    assert script.main([]) == 0
    assert "beatnet.safetensors" in capsys.readouterr().out
    loaded, expected = (
        BeatNetTracker().networks.state_dict(),
        BeatNets.of_states(states).state_dict(),
    )
    assert list(loaded) == list(expected)
    assert all(torch.equal(loaded[name], value) for name, value in expected.items())


class Command:
    """Unpickled as it stands, it would write a file."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (Path.write_text, (self.target, "run"))


def test_what_is_no_beatnet_leaves_nothing_and_runs_nothing(script, tmp_path, capsys):
    wheel, mark = tmp_path / "other.whl", tmp_path / "mark"
    for state in ({"linear.bias": torch.zeros(3)}, Command(mark)):
        write_wheel(wheel, 3 * [state])
        assert script.main(["--wheel", str(wheel)]) == 1
        assert "no valid weights of BeatNet" in capsys.readouterr().err
    assert not mark.exists()
    assert not list(tmp_path.glob("cache/*"))
