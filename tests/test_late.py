"""Packages that are imported when they are first used."""

import inspect
import os
import pickle
import subprocess
import sys

import pytest

from workbench.errors import MissingPackageError
from workbench.late import late


def test_the_first_use_imports(tmp_path, monkeypatch):
    (tmp_path / "used_late.py").write_text("value = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    package = late("used_late")
    assert not hasattr(package, "__file__")
    assert inspect.getmodule(package).__name__ == "workbench.late"
    assert "used_late" not in sys.modules
    assert pickle.loads(pickle.dumps(package)).value == 3
    assert package.value == 3
    del sys.modules["used_late"]


def test_a_missing_package_is_named_at_its_first_use():
    package = late("nowhere_to_be_found")
    with pytest.raises(MissingPackageError, match='pip install "nowhere-to-be-found"'):
        package.value  # noqa: B018


def test_the_api_reference_leaves_it_usable():
    doc = pytest.importorskip("pdoc.doc")
    from workbench.music import channel

    module = doc.Module.from_name("workbench.music.channel")
    assert not module.members["symusic"].docstring  # undocumented: the reference leaves it out
    assert list(module.submodules) == []
    assert channel.symusic.Note
    assert "workbench.music.channel.symusic" not in sys.modules


@pytest.mark.parametrize("given", [None, "active"])
def test_waiting_threads_sleep_unless_told_otherwise(given):
    """Set before PyTorch is imported, or its threads would never know."""
    code = "import os, sys, workbench; print('torch' in sys.modules, os.environ['OMP_WAIT_POLICY'])"
    environment = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if given:
        environment["OMP_WAIT_POLICY"] = given
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["False", given or "passive"]
