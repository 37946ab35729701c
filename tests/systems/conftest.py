"""Systems and data that several tests share, made once; what a training step keeps."""

import pickle

import pytest
import torch

from workbench.datasets import load
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.datasets.rendered import render_set
from workbench.systems.drum_ldm import DrumLDM
from workbench.systems.registry import SYSTEMS

# the systems whose clips have a length in seconds: those that make sound
SOUND = [key for key, entry in SYSTEMS.items() if "seconds" in entry.system.settings()]


@pytest.fixture(scope="session")
def smoke_folder(tmp_path_factory):
    """A small DrumLDM, trained for seconds on the built-in corpus."""
    folder = tmp_path_factory.mktemp("smoke")
    DrumLDM.train("builtin", "smoke", text="keywords", out=folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def system(smoke_folder):
    return DrumLDM.from_pretrained(smoke_folder)


def gib_needed(network, loss, batch):
    """GiB that a training in mixed precision needs at least: what `loss(n)` keeps for the backward
    pass, and weights, gradients, Adam's two moments and the average. Counted with one item and with
    two, since copies of the weights are kept once."""
    own = {p.untyped_storage().data_ptr() for p in network.parameters()}
    found = []
    for n in (1, 2):
        kept = {}

        def pack(tensor, kept=kept):
            kept[tensor.untyped_storage().data_ptr()] = tensor
            return tensor

        hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
        with hooks, torch.autocast("cpu", dtype=torch.bfloat16):
            loss(n)
        found.append(
            sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in own)
        )
    weights = 20 * sum(p.numel() for p in network.parameters())
    return (found[0] + (found[1] - found[0]) * (batch - 1) + weights) / 2**30


@pytest.fixture(scope="session")
def audio(tmp_path_factory):
    """Four bars of each of six built-in songs of the training and validation splits, as sound."""
    folder = tmp_path_factory.mktemp("audio")
    clips = [c for split in ("train", "validation") for c in load("builtin-songs", split, limit=6)]
    render_set(clips, folder / "set", bars=4, quiet=True)
    return prepare_audio(find_audio(folder / "set"), folder / "out", rate=16000, quiet=True)


class Trap:
    """A pickle that leaves a file behind where it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def trapped(folder, sprung):
    """The folder with its safetensors replaced by pickles."""
    for path in [p for p in folder.rglob("*.safetensors") if p.is_file()]:
        path.unlink()
        for name in ("pytorch_model.bin", "diffusion_pytorch_model.bin"):
            (path.parent / name).write_bytes(pickle.dumps(Trap(sprung)))
    return folder
