"""A small untrained DrumLDM, and one JupyterLab with a notebook of all widgets for all tests."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.ports import free_port

TOKEN = "a-token-for-the-tests"
CONNECTED = (  # whether the open notebook has a kernel that answers
    "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
    "?.connectionStatus === 'connected'"
)
CELLS = (
    "import torch\ntorch.set_num_threads(1)\n"
    "from workbench.systems.drum_ldm import DrumLDM\n"
    "from workbench.course.widgets import PromptBox, DrumGrid, FilmWidget\n"
    "system = DrumLDM.from_pretrained({folder!r})\n"
    "clip = system.generate('rock', bars=1, steps=4)[0]",
    "box = PromptBox(system, n=2, bars=2, steps=5)\nbox",
    "charted = DrumLDM.from_pretrained({charted!r})\n"
    "grid = DrumGrid(None, charted, grooves=[clip])\ngrid",
    "film = FilmWidget.of(system, 'funk 100 bpm', bars=2, steps=6)\nfilm",
    "from workbench.systems.midigpt import MidiGPT\n"
    "from workbench.course.widgets import InpaintingWidget\n"
    "paint = InpaintingWidget(MidiGPT.from_pretrained({gpt!r}), n=2)\npaint",
    "from workbench.datasets.builtin_songs import sample\n"
    "from workbench.course.widgets import MixupLab\n"
    "one, other = (song.excerpt(0, 16) for song in sample(2, 3))\n"
    "lab = MixupLab(one, other)\nlab",
    "import numpy as np\n"
    "from workbench.music.clip import Clip\n"
    "from workbench.course.widgets import DegradationLab, SoundMap\n"
    "hiss = 0.1 * np.random.default_rng(0).standard_normal((2, 16000)).astype('float32')\n"
    "spoil = DegradationLab(hiss, 16000, lambda x: {'power': float(1000 * (x**2).mean())})\nspoil",
    "SoundMap({'plane': np.eye(2)}, [Clip(audio=x[None], sample_rate=16000, caption=name) "
    "for x, name in zip(hiss, ('first', 'second'))], ['a', 'b'])",
    # what the kernel knows, to be read by the tests
    "print('grid', sum(loud > 0 for loud in grid.velocity), "
    "grid.clip.notes[:1]['velocity'].tolist(), "
    "int(grid.keep.sum()), 'box', len(box.takes), len(box.kept), 'film', film.frame, "
    "'metre', '%d/%d' % grid.clip.meter)",
)


def drum_system(*, slots: int = 1, **config: Any) -> Any:
    """A DrumLDM with random weights, which generates nonsense quickly. slots: hits that a cell may
    hold; config: of `DrumLDMConfig`."""
    import torch

    from workbench.models.contrastive import ContrastiveConfig
    from workbench.models.mrlstm import AutoencoderConfig
    from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig

    torch.manual_seed(0)
    return DrumLDM(
        DrumLDMConfig(
            text="keywords",
            autoencoder=AutoencoderConfig(latent=8, hidden=8, width=16, slots=slots),
            contrastive=ContrastiveConfig(text_dim=58, dim=16, width=16, depth=1, heads=2),
            width=32,
            depth=1,
            heads=2,
            **config,
        )
    )


@pytest.fixture(scope="session")
def small_system() -> Any:
    """A small DrumLDM for four bars in 4/4."""
    words = ("rock", "funk", "slow", "ghost", "notes", "with", "bpm", "jazz", "hip", "hop")
    return drum_system(bars=4, vocabulary=words)


@pytest.fixture(scope="session")
def chart_system() -> Any:
    """A small DrumLDM that follows charts: all metres, two hits in a cell."""
    return drum_system(slots=2, bars=16, chart=True)


@pytest.fixture(scope="session")
def small_gpt() -> Any:
    """A MidiGPT with random weights: it writes nonsense, quickly."""
    import torch

    from workbench.datasets.builtin_songs import sample
    from workbench.models.gpt import GPTConfig
    from workbench.representations.remi import ids_of, table_of
    from workbench.representations.tokens import Vocabulary
    from workbench.systems.midigpt import MidiGPT, MidiGPTConfig

    songs = [ids_of(table_of(clip.score)) for clip in sample(12, 1)]
    vocabulary = Vocabulary.train(songs, 640)
    torch.manual_seed(0)
    gpt = GPTConfig(vocab=vocabulary.size, context=384, width=32, depth=1, heads=2)
    return MidiGPT(MidiGPTConfig(gpt), vocabulary)


def _environment(folder: Path, runtime: str) -> dict[str, str]:
    """An own configuration, and a kernel that is this interpreter."""
    kernel = folder / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    (kernel / "kernel.json").write_text(json.dumps(spec))
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    (settings / "themes.jupyterlab-settings").write_text('{"adaptive-theme": true}')
    root = str(Path(__file__).parents[3])
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": runtime,
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
        "WORKBENCH_RECORD": str(folder / "record.json"),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture(scope="session")
def lab(small_system, chart_system, small_gpt, tmp_path_factory) -> Iterator[str]:
    """Address of the notebook in a running JupyterLab."""
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed")
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    small_system.save_pretrained(folder / "system")
    chart_system.save_pretrained(folder / "charted")
    small_gpt.save_pretrained(folder / "gpt")
    sources = list(CELLS)
    for mark, name in (("folder", "system"), ("charted", "charted"), ("gpt", "gpt")):
        sources = [s.replace(f"{{{mark}!r}}", repr(str(folder / name))) for s in sources]
    write_notebook(work / "widgets.ipynb", *sources)
    with running_lab(folder, work) as (address, token):
        yield f"{address}/lab/tree/widgets.ipynb?token={token}"


def write_notebook(path: Path, *sources: str) -> None:
    """Write a notebook of code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


@contextmanager
def running_lab(folder: Path, work: Path) -> Iterator[tuple[str, str]]:
    """Address and token of a JupyterLab that shows `work`; `folder` holds what is its own."""
    port = free_port()
    # Kernels that start at once may be given one port; of Unix sockets each has its own. Their
    # paths may have some hundred bytes, so that they lie beside the test's folder.
    sockets = ["--KernelManager.transport=ipc"] if hasattr(socket, "AF_UNIX") else []
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as runtime,
        (folder / "lab.log").open("wb") as log,
    ):
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--ip=127.0.0.1",
                f"--port={port}",
                "--ServerApp.port_retries=0",
                "--allow-root",
                f"--IdentityProvider.token={TOKEN}",
                f"--ServerApp.root_dir={work}",
                "--LabApp.news_url=None",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
                "--LabApp.extension_manager=readonly",
                "--LabApp.expose_app_in_browser=True",
                *sockets,
            ],
            env=_environment(folder, runtime),
            stdout=log,
            stderr=log,
        )
        try:
            _await_server(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, folder / "lab.log")
            yield f"http://127.0.0.1:{port}", TOKEN
        finally:
            server.terminate()
            server.wait(20)


def _await_server(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def open_notebook(page: Any, address: str, cells: int = 1) -> None:
    """Open a notebook and wait for its cells, and until its kernel answers.

    JupyterLab's indicator says idle also while there is no kernel yet; a cell that is run then asks
    for one and does not run.
    """
    page.goto(address)
    page.locator(".jp-CodeCell").nth(cells - 1).wait_for()
    page.wait_for_function(CONNECTED)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()


def run_all(page: Any) -> None:
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()


def run_cell(page: Any, cell: Any) -> None:
    """Run a cell and wait for its end."""
    from playwright.sync_api import expect  # not installed everywhere that tests are collected

    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    expect(prompt).not_to_have_text(before, timeout=60_000)
    expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=60_000)


@pytest.fixture(scope="session")
def page(lab, chromium) -> Iterator[Any]:
    """The notebook, executed. `page.problems`: console errors and requests to other machines."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.problems = problems = []
    page.on("pageerror", lambda error: problems.append(f"page error: {error.stack or error}"))
    page.on(
        "console",
        lambda line: (
            problems.append(f"{line.text} {line.location}") if line.type == "error" else None
        ),
    )
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((lab.split("/lab/")[0], "data:", "blob:", "ws://127.0.0.1"))
            else problems.append(f"request to {request.url}")
        ),
    )
    page.set_default_timeout(30_000)
    open_notebook(page, lab, len(CELLS))
    run_all(page)
    page.locator(".wb-film .wb-level").wait_for()
    page.locator(".wb-inpainting .wb-hole").wait_for()
    page.locator(".wb-mixup .wb-lane").first.wait_for()
    page.locator(".wb-spoil tbody tr").first.wait_for()
    yield page
    context.close()
