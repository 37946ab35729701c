"""What every entry of the catalogue must bring, so that a new one is complete."""

import re
from pathlib import Path

import pytest

from workbench.datasets import CATALOGUE, names_of
from workbench.datasets.archives import describe

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_an_entry_is_complete(entry):
    assert (entry.scores is None) != (entry.recordings is None)
    assert all((entry.title, entry.licence, entry.citation, entry.size, entry.splits))
    assert entry.licence.lower() != "unknown"
    assert entry.licence_url.startswith("https://")
    assert (entry.archive is None) == (not entry.url)
    assert names_of(entry.name) == [entry.name]
    assert entry.licence in describe(entry)
    if script := re.fullmatch(r"python (data_scripts/\w+\.py).*", entry.how_to_get):
        assert (ROOT / script[1]).is_file()
    elif entry.how_to_get == f"workbench data get {entry.name}":
        assert entry.archive
    else:
        assert entry.built_in or "cache folder" in entry.how_to_get  # what to put where


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=CATALOGUE.keys())
def test_an_entry_is_tested(entry):
    """By name, in a test of data sets or of their scripts."""
    folders = (ROOT / "tests" / "datasets", ROOT / "tests" / "data_scripts")
    files = [path for folder in folders for path in folder.glob("*.py") if path != Path(__file__)]
    names = {f'"{entry.name}"', f'"{entry.name.removeprefix("fma-")}"'}  # FMA's parts by their own
    texts = [path.read_text(encoding="utf-8") for path in files]
    assert any(name in text for name in names for text in texts)
