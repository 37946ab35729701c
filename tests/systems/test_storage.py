"""Checkpoints: what was saved is what is loaded, and what is broken is named."""

import json
import os
import shutil
import threading
from collections import Counter
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from workbench.datasets import CATALOGUE
from workbench.errors import CheckpointError, MissingDataError, WorkbenchError
from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig
from workbench.systems.registry import entry_of, resolve
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
        "README.md",
        "config.json",
        "model.safetensors",
    ]


def test_a_cut_file_is_named(copy):
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        DrumLDM.from_pretrained(copy)


def test_a_missing_file_is_named(copy):
    (copy / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors is missing"):
        DrumLDM.from_pretrained(copy)


def test_a_folder_whose_training_was_interrupted_says_how_to_go_on(tmp_path):
    (tmp_path / "autoencoder").mkdir()
    (tmp_path / "autoencoder" / "last.safetensors").touch()
    with pytest.raises(CheckpointError, match="run the same command"):
        DrumLDM.from_pretrained(tmp_path)


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


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"system": "DrumLDM"}', '{"system": "DrumLDM", "config": {"width": 3}}'],
)
def test_a_broken_config_is_named(copy, text):
    (copy / "config.json").write_text(text)
    with pytest.raises(CheckpointError):
        DrumLDM.from_pretrained(copy)


def test_a_pickle_under_the_right_name_is_not_opened(copy, system):
    torch.save(system.networks.state_dict(), copy / "model.safetensors")
    with pytest.raises(CheckpointError, match="not a valid safetensors"):
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
    with pytest.raises(MissingDataError, match=r"training\.json.*--dataset"):
        trained_on(str(copy))
    (copy / "training.json").write_text('{"dataset": "one+two"}')
    assert trained_on(str(copy)) == "one+two"
    (copy / "training.json").write_text("{}")
    with pytest.raises(MissingDataError, match=r"training\.json.*--dataset"):
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
        words += resolve(entry_of(name).card)(made).strip().split("\n\n")
        for word in words:
            assert word in card, f"{name}: the card does not say {word!r}"


def sized(width, value):
    """A small DrumLDM all of whose weights are `value`."""
    config = DrumLDMConfig(text="keywords", width=width, depth=1)
    made = DrumLDM(replace(config, contrastive=replace(config.contrastive, text_dim=58)))
    with torch.no_grad():
        for parameter in made.networks.parameters():
            parameter.fill_(value)
    return made


def whole(folder):
    """Which of the two systems the folder holds; fails for a mix of them."""
    loaded = DrumLDM.from_pretrained(folder)
    value = {32: 1.0, 64: 2.0}[loaded.config.width]
    assert all((p == value).all() for p in loaded.networks.parameters())
    assert trained_on(str(folder)) == str(value)
    return value


@pytest.mark.parametrize("stop", range(8))
def test_a_save_that_ends_anywhere_leaves_one_of_two(tmp_path, monkeypatch, stop):
    """Every system call of a save that changes the folder is the last one in turn."""
    folder = tmp_path / "c"
    sized(32, 1.0).save_pretrained(folder, card="one", training={"dataset": "1.0"})
    (folder / "mine.txt").write_text("mine")
    (folder / "stage").mkdir()
    calls = []

    def ended(real):
        def call(*args, **more):
            if len(calls) == stop:
                raise KeyboardInterrupt  # as a kill: nothing that follows has an effect
            calls.append(args)
            return real(*args, **more)

        return call

    with monkeypatch.context() as patch:
        for name in ("rename", "replace"):
            patch.setattr(f"os.{name}", ended(getattr(os, name)))
        second = sized(64, 2.0)
        try:
            second.save_pretrained(folder, card="two", training={"dataset": "2.0"})
        except KeyboardInterrupt:
            assert len(calls) == stop
    value = whole(folder)
    assert value == (1.0 if stop < 5 else 2.0)  # four files, then the rename that counts
    assert (folder / "mine.txt").read_text() == "mine"
    sized(32, 1.0).save_pretrained(folder, card="one", training={"dataset": "1.0"})
    assert whole(folder) == 1.0
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "mine.txt",
        "model.safetensors",
        "stage",
        "training.json",
    ]


def test_readers_see_no_mix_while_saves_go_on(tmp_path):
    folder, systems = tmp_path / "c", [sized(32, 1.0), sized(64, 2.0)]
    systems[0].save_pretrained(folder, training={"dataset": "1.0"})
    done = threading.Event()

    def save():
        for i in range(200):
            if done.is_set():
                return
            systems[i % 2].save_pretrained(folder, training={"dataset": f"{i % 2 + 1}.0"})

    thread = threading.Thread(target=save)
    thread.start()
    try:
        for _ in range(12):
            loaded = DrumLDM.from_pretrained(folder)
            value = {32: 1.0, 64: 2.0}[loaded.config.width]
            assert all((p == value).all() for p in loaded.networks.parameters())
    finally:
        done.set()
        thread.join(60)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WorkbenchError, match="file"):
        sized(32, 1.0).save_pretrained(tmp_path / "file" / "c")


def test_weights_beyond_half_precision_are_not_saved(tmp_path):
    first, second = sized(32, 1.0), sized(64, 1e6)
    first.save_pretrained(tmp_path / "c", training={"dataset": "1.0"})
    with pytest.raises(WorkbenchError, match="half precision"):
        second.save_pretrained(tmp_path / "c")
    assert whole(tmp_path / "c") == 1.0


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_file_fills_every_weight_with_its_own_values(name):
    """Also where the file holds the names of parameters from before they were renamed."""
    tensors = load_file(SHIPPED / name / "model.safetensors").values()
    state = entry_of(name).system.from_pretrained(name).networks.state_dict().values()

    def contents(values):
        return Counter((tuple(v.shape), v.double().numpy().tobytes()) for v in values)

    assert contents(tensors) == contents(state)
