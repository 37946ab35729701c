"""The README's pictures, taken from the running workbench: python ci/screenshots.py

Starts JupyterLab, runs the first lesson and a notebook of the widgets with the shipped systems in a
headless Chromium, opens the report and the gallery, and writes notebooks/pictures/*.webp. The
report is report/index.html, made by `make report`, or the one that --report names; the same holds
for the gallery.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
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

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "notebooks" / "pictures"
TOKEN = "a-token-for-the-pictures"
PATIENCE = 600_000  # milliseconds; a busy machine is slow
NOTEBOOK = "window.jupyterapp?.shell.currentWidget"
CONNECTED = f"() => {NOTEBOOK}?.sessionContext?.session?.kernel?.connectionStatus === 'connected'"
FINISHED = (
    f"() => {NOTEBOOK}.content.widgets.every("
    "({ model }) => model.type !== 'code' || model.executionCount)"
)
WIDGETS = (  # one cell each
    "from workbench import DrumLDM, MidiGPT\n"
    "from workbench.datasets.builtin_songs import sample\n"
    "from workbench.course.widgets import DrumGrid, InpaintingWidget, MixupLab, PromptBox\n"
    "drums = DrumLDM.from_pretrained('drums-groove-bert')\n"
    "loop = drums.generate('slow funk with ghost notes, 92 bpm', bars=2, seed=1)[0]",
    "PromptBox(drums, 'busy jazz ride, 140 bpm', n=2, bars=4)",
    "DrumGrid(loop, drums)",
    "InpaintingWidget(MidiGPT.from_pretrained('songs-gpt'), n=1)",
    "MixupLab(*(song.excerpt(0, 16) for song in sample(2, 3)))",
)


def environment(folder: Path) -> dict[str, str]:
    """An environment without the user's JupyterLab settings, whose kernel is this interpreter."""
    kernel = folder / "data" / "kernels" / "python3"
    kernel.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Python 3 (ipykernel)", "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps(spec))
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    own = {f"JUPYTER_{name.upper()}_DIR": str(folder / name) for name in ("config", "data")}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return (
        os.environ
        | own
        | {
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": path,
        }
    )


@contextmanager
def jupyterlab(folder: Path, notebooks: Path) -> Iterator[str]:
    """A running JupyterLab on `notebooks`; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyterlab",
                "--no-browser",
                "--ip=127.0.0.1",
                "--allow-root",
                f"--port={port}",
                f"--IdentityProvider.token={TOKEN}",
                "--LabApp.news_url=None",
                f"--ServerApp.root_dir={notebooks}",
                "--LabApp.extension_manager=readonly",
                "--LabApp.expose_app_in_browser=True",
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env=environment(folder),
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={TOKEN}").close()
                    break
                except OSError:
                    time.sleep(0.5)
            yield f"http://127.0.0.1:{port}/lab"
        finally:
            server.terminate()
            server.wait(120)


def keep(image: bytes, name: str, width: int = 1200) -> None:
    """A screenshot as WebP of at most `width` pixels."""
    from PIL import Image

    picture = Image.open(io.BytesIO(image)).convert("RGB")
    if picture.width > width:
        height = round(picture.height * width / picture.width)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    PICTURES.mkdir(exist_ok=True)
    picture.save(PICTURES / f"{name}.webp", quality=78, method=6)
    print(f"{name}.webp: {(PICTURES / f'{name}.webp').stat().st_size // 1024} KB", flush=True)


def run_all(page: Any, address: str, notebook: str) -> None:
    """Open a notebook in a workspace of its own, run its cells once and wait for the last one."""
    page.goto(f"{address}/workspaces/{notebook[:2]}/tree/{notebook}?token={TOKEN}")
    page.wait_for_function(CONNECTED)  # a cell that is run before does not run
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    page.wait_for_function(FINISHED)
    page.keyboard.press("Control+b")  # hide the list of files
    page.mouse.move(0, 0)  # a heading below the pointer shows its link


def lesson(page: Any, address: str) -> None:
    """The first lesson after a run, at its first player."""
    run_all(page, address, "00_start_here.ipynb")
    player = page.locator(".jp-OutputArea .wb-clip").first
    player.wait_for()
    for _ in range(2):  # once more when the cells above have their height
        player.evaluate("(node) => node.scrollIntoView({block: 'end'})")
        page.wait_for_timeout(1000)
    keep(page.screenshot(), "lesson")


def widgets(page: Any, address: str) -> None:
    """The prompt box after a prompt, the grid, an inpainting, a mix."""
    page.set_viewport_size({"width": 1280, "height": 1200})
    run_all(page, address, "widgets.ipynb")
    box = page.locator(".wb-prompt-box")
    box.get_by_role("button", name="Generate").click()
    box.locator(".wb-card").first.wait_for()
    paint = page.locator(".wb-inpainting")
    paint.scroll_into_view_if_needed()
    paint.get_by_label("From bar").fill("3")
    paint.get_by_label("to bar").fill("4")
    paint.get_by_role("button", name="Fill").click()
    paint.locator(".wb-card").first.wait_for()
    page.locator(".wb-mixup .wb-lane").first.wait_for()
    names = {
        "prompt-box": box,
        "drum-grid": page.locator(".wb-drum-grid"),
        "inpainting": paint,
        "mixup-lab": page.locator(".wb-mixup"),
    }
    for name, widget in names.items():
        widget.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        keep(widget.screenshot(), name, 1000)


def page_from_disk(page: Any, path: Path, name: str) -> None:
    if not path.is_file():
        raise SystemExit(f"{path}: is not there; run: make {name}")
    page.set_viewport_size({"width": 1280, "height": 860})
    page.goto(path.resolve().as_uri())
    page.wait_for_timeout(500)
    keep(page.screenshot(), name, 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--report", type=Path, default=ROOT / "report" / "index.html")
    parser.add_argument("--gallery", type=Path, default=ROOT / "gallery" / "index.html")
    parser.add_argument("--only", nargs="+", help="lesson, widgets, report, gallery")
    args = parser.parse_args()
    wanted = set(args.only or ("lesson", "widgets", "report", "gallery"))
    import nbformat
    from playwright.sync_api import sync_playwright

    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    program = os.environ.get("WORKBENCH_CHROMIUM") or next(filter(None, found), None)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as play:
        folder, work = Path(name), Path(name) / "notebooks"
        work.mkdir()
        shutil.copy(ROOT / "notebooks" / "00_start_here.ipynb", work)
        cells = [nbformat.v4.new_code_cell(source) for source in WIDGETS]
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, work / "widgets.ipynb")
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1280, "height": 860})
        context.set_default_timeout(PATIENCE)
        # A page for each: JupyterLab does not let go of a page whose notebook was not saved.
        if wanted & {"lesson", "widgets"}:
            with jupyterlab(folder, work) as address:
                for part in (lesson, widgets):
                    if part.__name__ in wanted:
                        part(context.new_page(), address)
        for part_name in ("report", "gallery"):
            if part_name in wanted:
                page_from_disk(context.new_page(), getattr(args, part_name), part_name)
        browser.close()
    total = sum(path.stat().st_size for path in PICTURES.glob("*.webp"))
    print(f"{PICTURES}: {total // 1024} KB in all")


if __name__ == "__main__":
    main()
