"""The registry: every name in it resolves, and each checkpoint finds its system."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from workbench.errors import CheckpointError, WorkbenchError
from workbench.systems import registry
from workbench.systems.figures import Figure
from workbench.systems.registry import SYSTEMS, entry_of, find, resolve
from workbench.systems.storage import shipped


@pytest.mark.parametrize("entry", SYSTEMS.values(), ids=SYSTEMS)
def test_what_an_entry_names_is_there(entry):
    assert entry.system.__name__ == entry.name
    for hook in (entry.card, entry.gallery, entry.listening):
        assert not hook or callable(resolve(hook))
    folder = Path(inspect.getfile(entry.system)).parent
    assert folder.parent == Path(registry.__file__).parent, "a folder of its own"
    for name in ("config.py", "system.py", "training.py", "card.py"):
        assert (folder / name).is_file()
    assert callable(resolve(entry.benchmark).main)
    assert all(isinstance(figure, Figure) for figure in resolve(entry.figures))
    assert entry.options.keys() <= inspect.signature(entry.system.train).parameters.keys()


def test_a_system_is_found_by_key_and_class():
    assert {find(entry.key).key for entry in SYSTEMS.values()} == SYSTEMS.keys()
    assert find("MIDIGPT") is find("midigpt") is SYSTEMS["songs"]
    assert find("diffusion_lm") is find("DiffusionLM") is SYSTEMS["piano"]
    with pytest.raises(WorkbenchError, match="'jazz'"):
        find("jazz")


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_checkpoint_finds_its_system(name):
    entry = entry_of(name)
    assert type(registry.from_pretrained(name)) is entry.system


def test_every_default_checkpoint_is_shipped():
    assert {entry.checkpoint for entry in SYSTEMS.values()} <= set(shipped())


def test_a_checkpoint_of_another_system_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"system": "JazzVAE", "config": {}}')
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError, match="JazzVAE"):
        entry_of(tmp_path)


def test_reading_the_registry_imports_nothing_heavy():
    code = (
        "import sys; from workbench.systems.registry import SYSTEMS\n"
        "print({'torch', 'numpy', 'symusic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("key", SYSTEMS)
def test_help_explains_every_verb_of_a_system(key):
    """Also where a docstring stands in a base class."""
    system = SYSTEMS[key].system
    for verb in system.can - {*system.reads}:
        assert len(inspect.getdoc(getattr(system, verb)) or "") > 20, verb
    for verb in {"generate", "inpaint", "vary"} & system.can:
        text = inspect.getdoc(getattr(system, verb))
        assert {"Args:", "Returns:", "Raises:"} <= {*text.split()}, verb
