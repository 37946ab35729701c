"""A data script as a module, and wheels that pip accepts."""

import importlib.util
import zipfile
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "data_scripts"


def module_of(name: str) -> ModuleType:
    """Import data_scripts/NAME.py."""
    spec = importlib.util.spec_from_file_location(f"{name}_script", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_wheel(
    path: Path, name: str, version: str, files: dict[str, bytes], needs: str = ""
) -> None:
    """Write a wheel with these files. needs: a package that it requires."""
    about = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    if needs:
        metadata += f"Requires-Dist: {needs}\n"
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(file, content)
        archive.writestr(f"{about}/METADATA", metadata)
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
