"""A small DrumLDM, trained for seconds on the built-in corpus."""

import pytest

from workbench.systems.drum_ldm import DrumLDM


@pytest.fixture(scope="session")
def smoke_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("smoke")
    DrumLDM.train("builtin", "smoke", text="keywords", out=folder, seed=1)
    return folder


@pytest.fixture(scope="session")
def system(smoke_folder):
    return DrumLDM.from_pretrained(smoke_folder)
