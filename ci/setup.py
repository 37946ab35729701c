"""Set the workbench up and run it, on Linux, macOS and Windows, with only Python 3.11 or newer.

    python ci/setup.py lab                # what `make lab` does; --help lists the rest
    python ci/setup.py lab --torch cpu    # PyTorch without CUDA's libraries: 2.6 GB, not 6.6 GB

Packages go into .venv at the versions of ci/requirements.lock, with their hashes checked. On Linux
the lock's PyTorch includes CUDA. With --torch, torch and torchaudio come at the same versions from
an index of PyTorch's own; the lock has no hashes of its files, and CUDA's libraries are left out or
come from that index. The choice is kept until another one is given.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "ci" / "requirements.lock"
TARGETS = {
    "setup": "only set up",
    "lab": "open JupyterLab on notebooks/00_start_here.ipynb",
    "report": "run every notebook at --profile into report/index.html",
    "gallery": "write clips of every shipped system into gallery/index.html",
    "site": "write the executed course, the API reference and llms.txt into site/index.html",
    "test": "install a browser if there is none, check format and types, run all tests",
    "browser": "install a browser if there is none",
    "format": "format the code with ruff",
    "style": "check the code and its format with ruff",
    "types": "check types with mypy",
    "data": "download the Groove MIDI Dataset (3.3 MB, CC BY 4.0)",
    "notebooks": "regenerate notebooks/*.ipynb from notebooks/src",
    "lock": "compile pyproject.toml into the lock file and environment.yml (needs uv)",
    "clean": "remove the virtual environment and generated folders",
}
TORCH_INDEX = {"cpu": "https://download.pytorch.org/whl/cpu"}
# Packages that come from PyTorch's index, or are left out, instead of from the lock.
OF_TORCH = re.compile(r"(torch|torchaudio|triton|nvidia-[\w.-]+|cuda-[\w.-]+)==")
MADE = (".venv", "report", "gallery", "runs", "build", "site")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<10} {text}" for name, text in TARGETS.items())
    top = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0],
        epilog=f"targets:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("targets", nargs="*", metavar="TARGET", help="default: setup")
    top.add_argument(
        "--torch", help="cpu, lock (the version of the lock), or the address of a PyTorch index"
    )
    top.add_argument("--venv", type=Path, default=ROOT / ".venv", help="default: .venv")
    top.add_argument(
        "--here",
        action="store_true",
        help="install into the Python that runs this script, without .venv",
    )
    top.add_argument("--profile", default="smoke", help="size of report and site (default: smoke)")
    return top


def run(*command: object) -> None:
    """Run a command in the project's folder; if it fails, exit with its status."""
    done = subprocess.run([str(part) for part in command], cwd=ROOT)
    if done.returncode:
        sys.exit(done.returncode)


def python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def set_up(venv: Path, torch: "str | None", *, here: bool = False) -> Path:
    """Install missing packages; returns the Python to run. The stamp is written last, so an
    interrupted set-up starts again."""
    python, stamp = (Path(sys.executable), None) if here else (python_of(venv), venv / ".ready")
    known = _read(stamp)
    unknown = here and torch is not None  # no stamp tells which PyTorch is installed
    torch = torch or known.get("torch", "lock")
    lock = LOCK.read_text(encoding="utf-8")
    content = (lock + (ROOT / "pyproject.toml").read_text(encoding="utf-8")).encode()
    wanted = {"torch": torch, "packages": hashlib.sha256(content).hexdigest()}
    if known == wanted and python.exists():
        return python
    if stamp:
        stamp.unlink(missing_ok=True)
        if not python.exists():
            run(sys.executable, "-m", "venv", venv)
    print("Installing the packages of ci/requirements.lock (a few minutes) …", flush=True)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    # pip would keep the same version from another index
    if unknown or known.get("torch", torch) != torch:
        others = [pin.split("==")[0] for pin in versions(lock) if OF_TORCH.match(pin)]
        run(python, "-m", "pip", "uninstall", "--quiet", "--yes", *others)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text(lock if torch == "lock" else without_torch(lock), encoding="utf-8")
        run(*pip, "--no-deps", "--require-hashes", "-r", listed)
    if torch != "lock":
        pins = [line for line in versions(lock) if re.match("torch(audio)?==", line)]
        run(*pip, "--index-url", TORCH_INDEX.get(torch, torch), *pins)
    run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    if stamp:
        stamp.write_text(json.dumps(wanted), encoding="utf-8")
    return python


def _read(stamp: "Path | None") -> dict:
    try:
        return json.loads(stamp.read_text(encoding="utf-8")) if stamp else {}
    except (OSError, ValueError):
        return {}


def versions(lock: str) -> "list[str]":
    """The pins of a lock: name==version, without markers and hashes."""
    return re.findall(r"(?m)^[A-Za-z0-9][\w.-]*==[\w.+!-]+", lock)


def without_torch(lock: str) -> str:
    """A lock without torch, torchaudio and the libraries of CUDA."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", lock)
    return "\n".join(block for block in blocks if not OF_TORCH.match(block)) + "\n"


def browser(python: Path) -> None:
    """Make sure that the browser tests have a Chromium: a named one or one on the path, Debian's if
    there is apt, otherwise Playwright's."""
    named = os.environ.get("WORKBENCH_CHROMIUM")
    if named and not os.access(named, os.X_OK):
        sys.exit(f"WORKBENCH_CHROMIUM names {named}, which is not a program")
    if named or any(map(shutil.which, BROWSERS)):
        return
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]  # Windows has neither apt nor geteuid
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        if (
            not root
            or not subprocess.run([*root, "true"], **quiet, stderr=quiet["stdout"]).returncode
        ):
            print("Installing Debian's chromium …", flush=True)
            apt = (*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
            subprocess.run([*apt, "update"], **quiet)
            if not subprocess.run([*apt, "install", "-y", "chromium"], **quiet).returncode:
                return
    print("Installing Playwright's chromium …", flush=True)
    run(python, "-m", "playwright", "install", "chromium")


def clean(venv: Path) -> None:
    for path in [venv, *(ROOT / name for name in MADE), *ROOT.glob("*.egg-info")]:
        shutil.rmtree(path, ignore_errors=True)


def main(argv: "list[str] | None" = None) -> None:
    args = parser().parse_args(argv)
    targets = args.targets or ["setup"]
    for target in targets:
        if target not in TARGETS:
            sys.exit(f"{target}: is not a target; choose from {', '.join(TARGETS)}")
    # Threads that wait sleep instead of spinning: several processes share few cores better.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for target in targets:
        if target == "clean":
            clean(args.venv)
            continue
        python = set_up(args.venv, args.torch, here=args.here)
        module, workbench = (python, "-m"), (python, "-m", "workbench.cli")
        if target in ("browser", "test"):
            browser(python)
        checks = [
            (*module, "ruff", "check", "."),
            (*module, "ruff", "format", "--check", "."),
            (*module, "mypy", "workbench"),
        ]
        commands = {
            "lab": [(*workbench, "lab")],
            "report": [(*workbench, "report", "--profile", args.profile, "--out", "report")],
            "gallery": [(*workbench, "gallery", "--out", "gallery")],
            "site": [(*workbench, "site", "--profile", args.profile, "--out", "site")],
            "test": [*checks, (*module, "pytest", "-n", "2")],
            "format": [(*module, "ruff", "check", "--fix", "."), (*module, "ruff", "format", ".")],
            "style": checks[:2],
            "types": checks[2:],
            "data": [(python, "data_scripts/groove.py")],
            "notebooks": [(*workbench, "notebooks")],
            "lock": [(python, "ci/lock.py")],
        }
        for command in commands.get(target, []):
            run(*command)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 — an older Python may run this
        sys.exit(f"{sys.executable} is older than 3.11; run this script with a newer Python")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
