"""Fixtures for all tests: real data where `WORKBENCH_TEST_DATA` names a folder of zips."""

import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # before PyTorch starts: two workers share the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["WORKBENCH_DRUMS"] = "bundled"  # the same sound whichever kits a machine has


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of `pytest -n 2`: a file's tests share what they set up. One after the other run all that use
    JupyterLab, and all that grade, within limits of time and processes."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            if file.endswith("_in_lab.py"):
                return "lab"
            return "grading" if "/grading/" in file else file

    return ByFile(config, log)


def data_file(name: str) -> Path:
    """The path of a file of the test data; skips with the reason where it is not."""
    folder = os.environ.get("WORKBENCH_TEST_DATA")
    if not folder:
        pytest.skip("WORKBENCH_TEST_DATA is not set; it names a folder with groove.zip and others")
    path = Path(folder) / name
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    return path


@pytest.fixture(scope="session")
def groove_zip() -> Path:
    """The Groove MIDI Dataset as an archive."""
    return data_file("groove.zip")


@pytest.fixture(scope="session")
def groove_root(groove_zip, tmp_path_factory) -> Iterator[Path]:
    """The unzipped Groove MIDI Dataset, info.csv in it.

    WORKBENCH_CACHE points to it, so that `load("groove")` works from then on.
    """
    cache = tmp_path_factory.mktemp("cache")
    with zipfile.ZipFile(groove_zip) as archive:
        archive.extractall(cache)
    before = os.environ.get("WORKBENCH_CACHE")
    os.environ["WORKBENCH_CACHE"] = str(cache)
    yield cache / "groove"
    if before is None:
        del os.environ["WORKBENCH_CACHE"]
    else:
        os.environ["WORKBENCH_CACHE"] = before


@pytest.fixture(scope="session")
def songs_cache(tmp_path_factory) -> Callable[[str], Path]:
    """songs_cache("nottingham") unzips that set and returns the cache folder.

    The folder is named as a set is found in the cache; WORKBENCH_CACHE is left alone (`song_set`).
    """
    cache = tmp_path_factory.mktemp("songs")

    def unzipped(name: str) -> Path:
        if not (cache / name).exists():
            with zipfile.ZipFile(data_file(f"{name}.zip")) as archive:
                archive.extractall(cache / name)
        return cache

    return unzipped


@pytest.fixture
def song_set(songs_cache, monkeypatch) -> Callable[[str], Path]:
    """song_set("nottingham") makes `load("nottingham")` work within the test; the set's folder."""

    def ready(name: str) -> Path:
        cache = songs_cache(name)
        monkeypatch.setenv("WORKBENCH_CACHE", str(cache))
        return cache / name / name

    return ready


@pytest.fixture(scope="session")
def pop909_root(songs_cache) -> Path:
    """The unzipped POP909 songs, 001/001.mid and so on in it."""
    return songs_cache("pop909") / "pop909" / "pop909"


@pytest.fixture(scope="session")
def fixtures_root(tmp_path_factory) -> Path:
    """Odd and broken MIDI files of other projects' tests, unzipped."""
    folder = tmp_path_factory.mktemp("fixtures")
    with zipfile.ZipFile(data_file("fixtures.zip")) as archive:
        archive.extractall(folder)
    return folder


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser (playwright.sync_api.Browser).

    WORKBENCH_CHROMIUM names the program; else one on PATH, else Playwright's own.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = os.environ.get("WORKBENCH_CHROMIUM") or next(filter(None, map(which, names)), None)
    with sync_api.sync_playwright() as play:
        if program is None and not Path(play.chromium.executable_path).exists():
            pytest.skip("no browser: install chromium or run `playwright install chromium`")
        browser = play.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()
