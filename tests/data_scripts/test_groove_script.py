"""data_scripts/groove.py as a user runs it, against a loopback server with the real archive."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from workbench.datasets import load
from workbench.datasets.sets.groove import GROOVE

SCRIPT = Path(__file__).parents[2] / "data_scripts" / "groove.py"


def run(cache, *arguments, **options):
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "WORKBENCH_CACHE": str(cache)},
        cwd=cache,
        **options,
    )


@pytest.fixture
def archive(serve, groove_zip):
    served = serve(groove_zip.read_bytes())
    served.sha256 = hashlib.sha256(served.content).hexdigest()
    return served


def test_download_and_load(archive, tmp_path, monkeypatch):
    archive.faults = ["cut"]
    done = run(tmp_path, "--url", archive.url, "--sha256", archive.sha256)
    assert done.returncode == 0, done.stderr
    assert "CC BY 4.0" in done.stdout
    assert "Gillick" in done.stdout
    assert "groove.zip" in done.stderr  # the progress bar
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    assert len(load("groove", limit=10)) == 10
    requests = len(archive.requests)
    assert run(tmp_path, "--url", archive.url, "--sha256", archive.sha256).returncode == 0
    assert len(archive.requests) == requests  # there already


def test_a_changed_archive_is_refused_in_one_line(archive, tmp_path):
    done = run(tmp_path, "--url", archive.url, "--quiet")
    assert done.returncode == 2
    (line,) = done.stderr.strip().splitlines()
    assert GROOVE.sha256 in line
    assert archive.sha256 in line
    assert not (tmp_path / "groove").exists()
    assert list((tmp_path / "downloads").iterdir()) == []


def test_killed_in_the_middle_it_goes_on(tmp_path, groove_zip):
    content = groove_zip.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    seen, release = [], threading.Event()
    server, url = slow_server(content, seen, release)
    command = [sys.executable, str(SCRIPT), "--url", url, "--sha256", sha256, "--quiet"]
    environment = {**os.environ, "WORKBENCH_CACHE": str(tmp_path)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    part = tmp_path / "downloads" / "groove-v1.0.0-midionly.zip.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size > 0:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    release.set()
    left = [file.name for file in tmp_path.rglob("*") if file.is_file()]
    assert [name for name in left if not name.endswith(".lock")] == [part.name]
    had = part.stat().st_size
    assert 0 < had < len(content)
    assert subprocess.run(command, env=environment, stdout=subprocess.DEVNULL).returncode == 0
    assert seen == [None, f"bytes={had}-"]
    assert (tmp_path / "groove" / "info.csv").is_file()
    assert not part.exists()
    server.shutdown()
    server.server_close()


def slow_server(content, seen, release):
    """Sends half of the file and waits for `release`; later requests are answered in full."""
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            asked = self.headers.get("Range")
            seen.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - start))
            if asked:
                extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", extent)
            self.end_headers()
            half = len(content) // 2 if not asked else len(content)
            try:
                self.wfile.write(content[start:half])
                if not asked:
                    release.wait(60)
            except OSError:
                pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}/groove.zip"
