"""`python ci/setup.py` and `make`: what is installed from where, on indexes of stand-in wheels."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "ci"))
import lock  # noqa: E402
import setup  # noqa: E402

BACKEND = """
from pathlib import Path
import sys
sys.path.insert(0, str(Path(__file__).parent))
from wheels import write

def build_editable(folder, config_settings=None, metadata_directory=None):
    return write(Path(folder), "music-workbench", "0.1.0").name
"""
WHEELS = '''
import zipfile

def write(folder, name, version):
    """A wheel of an empty module, as small as one can be."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-py3-none-any.whl"
    files = {
        f"{name.replace('-', '_')}.py": "",
        f"{stem}.dist-info/METADATA":
            f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
        f"{stem}.dist-info/WHEEL":
            "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "".join(f"{file},,\\n" for file in files) + f"{stem}.dist-info/RECORD,,\\n"
    files[f"{stem}.dist-info/RECORD"] = record
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path
'''
made: dict[str, object] = {}
exec(WHEELS, made)


class Index(ThreadingHTTPServer):
    """Folders of wheels on this machine's loopback, as PyPI and PyTorch list theirs."""

    def __init__(self, folder: Path):
        self.asked: list[str] = []
        index = self

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, format, *args):
                index.asked.append(self.path)

        super().__init__(("127.0.0.1", 0), partial(Handler, directory=folder))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """(folder, index): a project with the setup script, a lock of stand-ins and both indexes."""
    tmp_path = tmp_path_factory.mktemp("setup")
    served, folder = tmp_path / "served", tmp_path / "project"
    lines = []
    for name, version, marker in [
        ("other", "1.0", ""),
        ("torch", "2.11.0", ""),
        ("torchaudio", "2.11.0", ""),
        ("triton", "3.6.0", ""),
        ("nvidia-cublas", "13.1", " ; sys_platform != 'nowhere'"),
    ]:
        (served / "all" / name).mkdir(parents=True)
        wheel = made["write"](served / "all" / name, name, version)
        lines.append(
            f"{name}=={version}{marker} \\\n    --hash=sha256:"
            f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"
        )
    for name in ("torch", "torchaudio"):
        (served / "cpu" / name).mkdir(parents=True)
        made["write"](served / "cpu" / name, name, "2.11.0+cpu")
    (folder / "ci").mkdir(parents=True)
    shutil.copy(ROOT / "ci" / "setup.py", folder / "ci")
    (folder / "ci" / "requirements.lock").write_text("# A lock.\n" + "".join(lines))
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "music-workbench"\nversion = "0.1.0"\n'
    )
    (folder / "backend.py").write_text(BACKEND)
    (folder / "wheels.py").write_text(WHEELS)
    index = Index(served)
    threading.Thread(target=index.serve_forever, daemon=True).start()
    yield folder, index
    index.shutdown()
    index.server_close()


def set_up(project, *command):
    folder, index = project
    index.asked.clear()
    subprocess.run(
        command,
        cwd=folder,
        check=True,
        capture_output=True,
        env={
            **os.environ,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_FIND_LINKS": "",
            "PIP_CACHE_DIR": "",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_INDEX_URL": f"{index.address}/all",
        },
    )
    python = setup.python_of(folder / ".venv")
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    own = {"pip", "setuptools", "wheel"}
    return {p["name"]: p["version"] for p in json.loads(listed) if p["name"] not in own}


def test_torch_comes_from_the_index_that_is_named_and_cuda_does_not(project):
    script, cpu = (sys.executable, "ci/setup.py"), f"{project[1].address}/cpu"
    small = {
        "other": "1.0",
        "torch": "2.11.0+cpu",
        "torchaudio": "2.11.0+cpu",
        "music-workbench": "0.1.0",
    }
    assert set_up(project, *script, "--torch", cpu) == small
    assert not [path for path in project[1].asked if path.startswith("/all/torch")]
    assert set_up(project, *script) == small, "the choice is kept"
    assert project[1].asked == [], "and nothing is asked for twice"
    full = set_up(project, *script, "--torch", "lock")
    assert full["torch"] == "2.11.0"
    assert {"triton", "nvidia-cublas"} <= full.keys()
    here = setup.python_of(project[0] / ".venv")
    assert set_up(project, here, "ci/setup.py", "--here", "--torch", cpu) == small, "without .venv"
    full = set_up(project, *script, "--torch", "lock")
    assert set_up(project, *script, "--torch", cpu) == small, "what the other choice brought goes"


def test_a_setup_that_broke_off_goes_on_and_takes_the_locks_files_alone(project):
    folder, script = project[0], (sys.executable, "ci/setup.py")
    set_up(project, *script)
    python, ready = setup.python_of(folder / ".venv"), folder / ".venv" / ".ready"

    def break_off():
        ready.unlink(missing_ok=True)
        remove = [python, "-m", "pip", "uninstall", "--quiet", "--yes", "other"]
        subprocess.run(remove, check=True)

    break_off()
    assert "other" in set_up(project, *script)
    break_off()
    [wheel] = (folder.parent / "served" / "all" / "other").glob("*.whl")
    before = wheel.read_bytes()
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("other_too.py", "")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        set_up(project, *script)
    wheel.write_bytes(before)
    assert b"hash" in failed.value.stderr.lower()
    assert not ready.exists()


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_runs_the_script():
    # When the tests themselves run under make, theirs must not speak for this one.
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["make", "-n", "report", "PYTHON=py", "TORCH=cpu", "PROFILE=laptop"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        env=outside,
    )
    program, script, *options = done.stdout.split()
    assert (program, script) == ("py", "ci/setup.py")
    args = setup.parser().parse_args(options)
    assert (args.targets, args.torch, args.profile) == (["report"], "cpu", "laptop")
    assert "cpu" in setup.TORCH_INDEX


def test_of_the_lock_only_torch_and_cuda_are_left_out():
    text = lock.LOCK.read_text()
    everything = {pin.split("==")[0] for pin in setup.versions(text)}
    kept = {pin.split("==")[0] for pin in setup.versions(setup.without_torch(text))}
    gone = everything - kept
    assert {"torch", "torchaudio", "triton"} <= gone
    others = gone - {"torch", "torchaudio", "triton"}
    assert all(re.match("nvidia-|cuda-", name) for name in others)
    assert "--hash" in setup.without_torch(text)


def test_a_target_that_does_not_exist_is_named():
    done = subprocess.run([sys.executable, "ci/setup.py", "dance"], cwd=ROOT, capture_output=True)
    assert done.returncode == 1
    assert b"dance" in done.stderr
    assert b"lab" in done.stderr
