"""Systems and data that several tests share, made once."""

import pytest

from workbench.datasets import load
from workbench.datasets.audio import find_audio, prepare_audio
from workbench.datasets.rendered import render_set
from workbench.systems.drum_ldm import DrumLDM


@pytest.fixture(scope="session")
def smoke_folder(tmp_path_factory):
    """A small DrumLDM, trained for seconds on the built-in corpus."""
    folder = tmp_path_factory.mktemp("smoke")
    DrumLDM.train("builtin", "smoke", text="keywords", out=folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def system(smoke_folder):
    return DrumLDM.from_pretrained(smoke_folder)


@pytest.fixture(scope="session")
def audio(tmp_path_factory):
    """Four bars of each of six built-in songs of the training and validation splits, as sound."""
    folder = tmp_path_factory.mktemp("audio")
    clips = [c for split in ("train", "validation") for c in load("builtin-songs", split, limit=6)]
    render_set(clips, folder / "set", bars=4, quiet=True)
    return prepare_audio(find_audio(folder / "set"), folder / "out", rate=16000, quiet=True)
