"""Packages that are imported when they are first used."""

import inspect
import pickle
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
