"""Compile pyproject.toml, all extras, into ci/requirements.lock and environment.yml.

    python ci/lock.py            # needs uv on the path: pip install uv
    python ci/lock.py --check    # check that environment.yml matches the lock (without uv)

The lock is universal (Linux, macOS, Windows; Python 3.11 and up) and holds hashes of every file,
so that pip refuses anything else. PyAudio is removed: tinysoundfont declares it for live output,
which the workbench does not use, and building it needs PortAudio's headers. That is why the lock
is installed with `--no-deps`. Conda has a built PyAudio, so environment.yml includes it.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT, LOCK = ROOT / "pyproject.toml", ROOT / "ci" / "requirements.lock"
ENVIRONMENT = ROOT / "environment.yml"
LEFT_OUT = ("pyaudio",)
CONDA_PYTHON = "3.11"
HEADER = """\
# Every package of the workbench with its version and the hashes of its files; no index is named.
# Made by `make lock` from pyproject.toml. Install with: pip install --no-deps -r THIS FILE
# On Linux this PyTorch brings CUDA; for a smaller one without: python ci/setup.py --torch cpu
"""


def name_of(line: str) -> str:
    """The package that a requirement names, in its normal spelling."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s=<>!~;\[\\]", line.strip(), maxsplit=1)[0]).lower()


def direct() -> list[str]:
    """The packages that pyproject.toml names, in all extras, without the workbench itself."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    return sorted({name_of(line) for lines in lists for line in lines} - {project["name"]})


def locked() -> dict[str, str]:
    """Name → version in the lock, for conda's Python where versions differ by Python."""
    versions: dict[str, str] = {}
    for line in LOCK.read_text().splitlines():
        found = re.match(r"([A-Za-z0-9][\w.-]*)==([^\s;\\]+)\s*(?:;\s*(.*?))?\s*\\?$", line)
        if not found:
            continue
        name, version, marker = name_of(found[1]), found[2], found[3] or ""
        newer = re.search(r"python_full_version >= '([\d.]+)'", marker)
        if newer and _number(newer[1]) > _number(CONDA_PYTHON):
            continue
        versions[name] = version
    return versions


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def environment() -> str:
    """The text of environment.yml: the direct packages at the lock's versions."""
    versions = locked()
    pins = "".join(f"      - {name}=={versions[name]}\n" for name in direct())
    return (
        "# The workbench through conda or mamba: conda env create -f environment.yml\n"
        "# Made by `make lock` from pyproject.toml, at the versions of ci/requirements.lock.\n"
        "# On Linux PyTorch includes CUDA. For the CPU only, replace its two lines with:\n"
        "#     - --extra-index-url https://download.pytorch.org/whl/cpu\n"
        f"#     - torch=={versions['torch']}+cpu\n"
        f"#     - torchaudio=={versions['torchaudio']}+cpu\n"
        "name: music-workbench\n"
        "channels:\n  - conda-forge\n"
        "dependencies:\n"
        f"  - python={CONDA_PYTHON}\n"
        "  - pip\n"
        "  - pyaudio  # tinysoundfont declares it; pip would have to build it\n"
        "  - fluidsynth  # a second synthesiser\n"
        f"  - pip:\n{pins}      - -e .\n"
    )


def compile_lock() -> None:
    """Keeps the versions of the present lock if they still fit; delete it to get the newest."""
    command = [
        "uv",
        "pip",
        "compile",
        str(PROJECT),
        "--all-extras",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--no-annotate",
        "--quiet",
        "--output-file",
        str(LOCK),
    ]
    subprocess.run(command, check=True)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.read_text().strip())
    kept = [block for block in blocks if name_of(block) not in LEFT_OUT]
    LOCK.write_text(HEADER + "\n".join(kept) + "\n")


def main() -> int:
    if "--check" in sys.argv[1:]:
        if ENVIRONMENT.read_text() != environment():
            print("environment.yml does not match the lock; run: make lock", file=sys.stderr)
            return 1
        return 0
    compile_lock()
    ENVIRONMENT.write_text(environment())
    return 0


if __name__ == "__main__":
    sys.exit(main())
