"""Checkpoints: what was saved is what is loaded, and what is broken is named."""

import json
import shutil

import pytest
import torch

from workbench.datasets import CATALOGUE
from workbench.errors import CheckpointError, MissingDataError
from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig
from workbench.systems.storage import SHIPPED, shipped, trained_on


@pytest.fixture
def copy(smoke_folder, tmp_path):
    for name in ("config.json", "model.safetensors", "README.md"):
        shutil.copyfile(smoke_folder / name, tmp_path / name)
    return tmp_path


def test_saved_is_loaded(system, tmp_path):
    again = DrumLDM.from_pretrained(system.save_pretrained(tmp_path, card="# card\n"))
    assert again.config == system.config
    ours, theirs = system.networks.state_dict(), again.networks.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)  # half to half is exact
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "README.md", "config.json", "model.safetensors",
    ]  # fmt: skip


def test_a_cut_file_is_named(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        DrumLDM.from_pretrained(copy)


def test_a_missing_file_is_named(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        DrumLDM.from_pretrained(copy)


def test_another_system_is_refused(copy):
    about = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(about | {"system": "MidiGPT"}))
    with pytest.raises(CheckpointError, match="'MidiGPT', not of DrumLDM"):
        DrumLDM.from_pretrained(copy)


def test_weights_of_another_size_are_refused(copy):
    about = json.loads((copy / "config.json").read_text())
    about["config"]["width"] = 32
    (copy / "config.json").write_text(json.dumps(about))
    with pytest.raises(CheckpointError, match="another system or size"):
        DrumLDM.from_pretrained(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"system": "DrumLDM"}',
                                  '{"system": "DrumLDM", "config": {"width": 3}}'])  # fmt: skip
def test_a_broken_config_is_named(copy, text):
    (copy / "config.json").write_text(text)
    with pytest.raises(CheckpointError):
        DrumLDM.from_pretrained(copy)


def test_a_pickle_under_the_right_name_is_not_opened(copy, system):
    torch.save(system.networks.state_dict(), copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="no readable safetensors"):
        DrumLDM.from_pretrained(copy)


@pytest.mark.parametrize("name", ["no-such-drums", "/no/such/folder", "a/b/c", "./x"])
def test_an_unknown_name_lists_what_there_is(name):
    with pytest.raises(CheckpointError, match="shipped"):
        DrumLDM.from_pretrained(name)


def test_a_hub_id_without_network_says_so(monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match="on the hub"):
        DrumLDM.from_pretrained("someone/drums")


def test_config_survives_json():
    config = DrumLDMConfig(vocabulary=("funk", "rock"))
    system = DrumLDM(config)
    assert DrumLDM.from_config(json.loads(json.dumps(system.config_dict()))).config == config


def test_a_checkpoint_says_what_it_was_trained_on(copy):
    assert trained_on("drums-groove-keywords") == "groove"
    with pytest.raises(MissingDataError, match="name the data"):
        trained_on(str(copy))
    (copy / "training.json").write_text('{"dataset": "one+two"}')
    assert trained_on(str(copy)) == "one+two"
    (copy / "training.json").write_text("{}")
    with pytest.raises(MissingDataError, match="name the data"):
        trained_on(str(copy))


def test_shipped_checkpoints_are_small_and_have_cards():
    assert {"drums-groove-bert", "drums-groove-keywords"} <= set(shipped())
    for name in shipped():
        files = {path.name: path.stat().st_size for path in (SHIPPED / name).iterdir()}
        assert files["model.safetensors"] <= 8_000_000
        made = json.loads((SHIPPED / name / "training.json").read_text())
        card = (SHIPPED / name / "README.md").read_text()
        words = [CATALOGUE[part].licence for part in made["dataset"].split("+")]
        words += ["`workbench train", f"--dataset {made['dataset']}", "**Limits:**", "## Measured"]
        for word in words:
            assert word in card, f"{name}: the card does not say {word!r}"
