"""Checkpoints that lie, are damaged or carry code: one line each, nothing allocated first."""

import copy
import json
import math
import shutil

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from tests.systems.conftest import trapped
from workbench import DrumLDM
from workbench.errors import CheckpointError, MissingDataError, WorkbenchError
from workbench.representations.text import BertText, _packaged_minilm
from workbench.systems.registry import entry_of
from workbench.systems.storage import SHIPPED, shipped
from workbench.training.weights import load_file_into, save_weights

KINDS = {name: entry_of(name).system for name in shipped()}


def changed(folder, name, path, value):
    """A copy of a shipped checkpoint whose config has another value at a path."""
    about = json.loads((SHIPPED / name / "config.json").read_text())
    place = about["config"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(about))
    weights = folder / "model.safetensors"
    weights.unlink(missing_ok=True)
    weights.symlink_to(SHIPPED / name / "model.safetensors")
    return folder


SIZES = [
    ("drums-groove-keywords", ("autoencoder", "hidden"), 100_000),
    ("drums-groove-keywords", ("depth",), 100_000),
    ("drums-groove-bert", ("contrastive", "width"), 120_000),
    ("songs-gpt", ("gpt", "width"), 131_072),
    ("songs-gpt", ("gpt", "depth"), 10**9),
    ("piano-diffusion", ("network", "depth"), 130_000),
    ("piano-diffusion", ("network", "width"), 99_840),
    ("sound-ldmg", ("vae", "window"), 131_072),
    ("sound-ldmg", ("dit", "depth"), 60_000),
    ("music-ldm", ("sizes", "transformer"), [131_072, 4, 4]),
    ("music-ldm", ("sizes", "transformer"), [160, 50_000, 4]),
    ("music-ldm", ("sizes", "patch"), [8, 131_072, 2]),
    ("music-ldm", ("sizes", "patch"), [8, 128, 50_000]),
    ("music-ldm", ("sizes", "depth"), 50_000),
]


@pytest.mark.parametrize(("name", "path", "value"), SIZES)
def test_sizes_are_held_against_the_file_before_anything_is_made(
    tmp_path, monkeypatch, name, path, value
):
    folder = changed(tmp_path / "c", name, path, value)
    monkeypatch.setattr(KINDS[name], "from_config", lambda data: pytest.fail("it was made"))
    with pytest.raises(CheckpointError, match=str(folder)) as told:
        KINDS[name].from_pretrained(folder)
    assert "\n" not in str(told.value)


ODD = [0, -1, 7, 2**40, 10**400, True, None, 1e308, "x", [], [[]], {}, {"a": 1}, "\0"]
PLACES = [
    ("drums-groove-keywords", ("autoencoder", "strides")),
    ("drums-groove-keywords", ("schedule",)),
    ("drums-groove-keywords", ("contrastive", "heads")),
    ("drums-groove-keywords", ("text",)),
    ("songs-gpt", ("gpt", "context")),
    ("songs-gpt", ("gpt", "heads")),
    ("songs-gpt", ("vocabulary",)),
    ("songs-gpt", ("vocabulary", "config")),
    ("songs-gpt", ("vocabulary", "_model")),
    ("songs-gpt", ("vocabulary", "_vocab_base")),
    ("songs-gpt", ("vocabulary", "config", "beat_res")),
    ("songs-gpt", ("vocabulary", "config", "num_velocities")),
    ("piano-diffusion", ("control", "styles")),
    ("piano-diffusion", ("network", "steps")),
    ("piano-diffusion", ("network",)),
    ("piano-diffusion", ("density",)),
    ("sound-ldmg", ("vae",)),
    ("sound-ldmg", ("dit", "heads")),
    ("sound-ldmg", ("rate",)),
    ("sound-ldmg", ("genres",)),
    ("music-ldm", ("sizes", "blocks")),
    ("music-ldm", ("prediction",)),
    ("music-ldm", ("joint",)),
    ("music-ldm", ("frames",)),
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sampled_from(PLACES), st.sampled_from(ODD))
def test_odd_values_load_or_are_named_in_one_line(scratch, monkeypatch, place, value):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    name, path = place
    folder = changed(scratch / "c", name, path, copy.deepcopy(value))
    told = ""
    try:
        KINDS[name].from_pretrained(folder)
    except WorkbenchError as error:
        told = str(error)
    assert "\n" not in told
    assert len(told) < 600


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 100_000,
        '{"system": NaN}',
        "9" * 10_000,
        "\x00",
        "null",
        '{"system": "DrumLDM", "config": null}',
    ],
    ids=range(7),
)
def test_json_that_cannot_be_meant(tmp_path, text):
    changed(tmp_path, "drums-groove-keywords", ("bars",), 8)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"config\.json|NoneType") as told:
        DrumLDM.from_pretrained(tmp_path)
    assert "\n" not in str(told.value)


def test_a_config_of_gigabytes_is_not_read(tmp_path):
    changed(tmp_path, "drums-groove-keywords", ("bars",), 8)
    with (tmp_path / "config.json").open("r+b") as file:
        file.truncate(4 << 30)  # a hole: takes no room on the disk
    with pytest.raises(CheckpointError, match="bytes"):
        DrumLDM.from_pretrained(tmp_path)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["drums-groove-keywords", "songs-gpt", "piano-diffusion"])
def test_weights_that_are_not_finite_are_named(tmp_path, name, number):
    shutil.copyfile(SHIPPED / name / "config.json", tmp_path / "config.json")
    tensors = load_file(SHIPPED / name / "model.safetensors")
    wrong = sorted(tensors)[-1]
    tensors[wrong] = tensors[wrong].clone()
    tensors[wrong].view(-1)[-1] = number
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=wrong):
        KINDS[name].from_pretrained(tmp_path)


def test_double_precision_that_overflows_is_named(tmp_path):
    save_file(
        {"weight": torch.full((1, 1), 1e300, dtype=torch.float64), "bias": torch.zeros(1)},
        tmp_path / "w.safetensors",
    )
    with pytest.raises(CheckpointError, match="weight holds"):
        load_file_into(torch.nn.Linear(1, 1), tmp_path / "w.safetensors")


@pytest.mark.parametrize(("value", "half"), [(math.nan, False), (math.inf, True), (1e5, True)])
def test_weights_that_are_not_finite_are_not_saved(tmp_path, value, half):
    network = torch.nn.Linear(2, 2)
    path = tmp_path / "w.safetensors"
    save_weights(network, path, half=half)
    before = path.read_bytes()
    with torch.no_grad():
        network.bias[1] = value
    with pytest.raises(WorkbenchError, match="bias"):
        save_weights(network, path, half=half)
    assert path.read_bytes() == before


def test_no_pickle_is_read_through_transformers(tmp_path):
    bert = trapped(shutil.copytree(_packaged_minilm(), tmp_path / "bert"), tmp_path / "sprung")
    with pytest.raises(MissingDataError, match="BERT"):
        BertText(str(bert)).embed(["a"])
    assert not (tmp_path / "sprung").exists()
