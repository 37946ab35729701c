"""Prepared data: the recipe of a training in a folder, so that training needs no music files.

    workbench prepare songs --profile gpu --out prepared/songs
    workbench train songs --prepared prepared/songs

The folder holds `prepared.json`, which describes the recipe, `prepared.safetensors` with its
tensors and arrays, and a folder for each collection of sound. Reading it needs PyTorch, NumPy and
safetensors only. It contains no pickles: classes and functions are named, and must be the
workbench's own.
"""

from __future__ import annotations

import json
import lzma
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from workbench.errors import BrokenFileError, MissingDataError, WorkbenchError, brief
from workbench.files import UNREADABLE, load_json, replacing, umask
from workbench.systems.registry import resolve
from workbench.systems.stages import Recipe

INDEX, TENSORS = "prepared.json", "prepared.safetensors"
VERSION = 1
PLAIN = (type(None), bool, int, float, str)
SMALL = 4096  # bytes of a tensor that is stored as it is
WINDOW = 64 << 20  # bytes in which LZMA finds repetitions: sequences of one song repeat


def save_prepared(folder: str | Path, system: str, recipe: Recipe) -> Path:
    """Write a recipe into a folder; an older one there is replaced when the new one is complete.

    Args:
        folder: The folder.
        system: Class name of the system.
        recipe: What its training module has prepared.

    Returns:
        The folder.

    Raises:
        WorkbenchError: If the folder holds something else or cannot be written.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / INDEX).is_file() and any(folder.iterdir()):
        raise WorkbenchError(f"{folder}: holds other files; name a new folder with --out")
    with replacing(folder) as beside:
        writer = _Writer(beside)
        about = {
            "prepared": VERSION,
            "system": system,
            "config": writer.pack(recipe.config),
            "about": writer.pack(recipe.about),
            "stages": writer.pack(recipe.stages),
        }
        save_file(writer.tensors, beside / TENSORS)
        (beside / TENSORS).chmod(0o666 & ~umask())  # safetensors makes it unreadable for others
        (beside / INDEX).write_text(json.dumps(about) + "\n", encoding="utf-8")
    return folder


def load_prepared(folder: str | Path, system: str) -> Recipe:
    """Read a recipe that `save_prepared` wrote for this system.

    Raises:
        MissingDataError: If the folder holds no prepared data.
        BrokenFileError: If it is damaged, of another system or of another version.
    """
    folder = Path(folder)
    if not (folder / INDEX).is_file():
        raise MissingDataError(f"{folder}: holds no prepared data; run workbench prepare")
    try:
        about = load_json(folder / INDEX)
        found, version = about["system"], about["prepared"]
    except (OSError, *UNREADABLE, KeyError, TypeError) as error:
        raise _damaged(folder / INDEX, error) from None
    if version != VERSION:
        raise BrokenFileError(
            f"{folder}: was prepared by another version of the workbench; prepare it again"
        )
    if found != system:
        raise BrokenFileError(
            f"{folder}: is prepared data of {str(found)[:60]!r}, not of {system}; name another"
        )
    try:
        with safe_open(folder / TENSORS, "pt", device="cpu") as tensors:
            reader = _Reader(folder, tensors)
            parts = [reader.unpack(about[name]) for name in ("config", "about", "stages")]
            return Recipe(*parts)
    except WorkbenchError:
        raise
    except Exception as error:  # safetensors, LZMA and constructors raise many kinds on odd bytes
        raise _damaged(folder, error) from None


def _damaged(path: Path, error: Exception) -> BrokenFileError:
    return BrokenFileError(f"{path}: is damaged ({brief(error)}); prepare it again")


class _Writer:
    """Packs values as JSON; tensors and folders are put aside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tensors: dict[str, Tensor] = {}

    def pack(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, list):
            return [self.pack(part) for part in value]
        if isinstance(value, tuple):
            return {"tuple": [self.pack(part) for part in value]}
        if isinstance(value, dict):
            return {"dict": [[self.pack(k), self.pack(v)] for k, v in value.items()]}
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            return {"array": self._tensor(torch.from_numpy(np.ascontiguousarray(value)))}
        if isinstance(value, Tensor):
            return {"tensor": self._tensor(value)}
        if isinstance(value, partial) and not value.args:
            return {"call": name_of(value.func), "with": self._named(value.keywords)}
        if hasattr(value, "copy_to"):
            place = f"{type(value).__name__}-{len(list(self.folder.iterdir()))}"
            value.copy_to(self.folder / place)
            return {"folder": place, "class": name_of(type(value))}
        if is_dataclass(value) and not isinstance(value, type):
            own = {field.name: getattr(value, field.name) for field in fields(value)}
            return {"class": name_of(type(value)), "with": self._named(own)}
        raise TypeError(f"{type(value).__name__} cannot be prepared")

    def _named(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: self.pack(value) for name, value in values.items()}

    def _tensor(self, tensor: Tensor) -> dict[str, Any]:
        """Store a tensor, compressed if that makes it smaller: most are sparse or repetitive."""
        name = str(len(self.tensors))
        tensor = tensor.detach().cpu().contiguous().clone()
        kind = {"name": name, "dtype": str(tensor.dtype).removeprefix("torch.")}
        shape = list(tensor.shape)
        raw = tensor.reshape(-1).view(torch.uint8)
        if len(raw) > SMALL:
            planes = raw.reshape(-1, tensor.element_size()).T.contiguous()  # like bytes together
            window = max(SMALL, min(WINDOW, len(raw)))
            filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": window}]
            packed = lzma.compress(planes.numpy().tobytes(), lzma.FORMAT_XZ, filters=filters)
            if len(packed) < len(raw):
                self.tensors[name] = torch.frombuffer(bytearray(packed), dtype=torch.uint8)
                return {**kind, "packed": shape}
        self.tensors[name] = tensor
        return kind


class _Reader:
    """Restores what `_Writer` has packed."""

    def __init__(self, folder: Path, tensors: Any) -> None:
        self.folder, self.tensors = folder, tensors

    def unpack(self, value: Any) -> Any:
        if isinstance(value, PLAIN):
            return value
        if isinstance(value, list):
            return [self.unpack(part) for part in value]
        match value:
            case {"tuple": parts}:
                return tuple(map(self.unpack, parts))
            case {"dict": pairs}:
                return {self.unpack(k): self.unpack(v) for k, v in pairs}
            case {"array": about}:
                return self._tensor(about).numpy()
            case {"tensor": about}:
                return self._tensor(about)
            case {"call": name, "with": own}:
                return partial(own_object(name), **self._named(own))
            case {"class": name, "folder": place}:
                return own_object(name)(self.folder / Path(place).name)
            case {"class": name, "with": own}:
                return own_object(name)(**self._named(own))
        raise ValueError(f"unknown entry {sorted(value)[:3]}")

    def _named(self, own: dict[str, Any]) -> dict[str, Any]:
        return {name: self.unpack(value) for name, value in own.items()}

    def _tensor(self, about: dict[str, Any]) -> Tensor:
        tensor = self.tensors.get_tensor(about["name"])
        if "packed" not in about:
            return tensor
        dtype, shape = getattr(torch, about["dtype"]), about["packed"]
        planes = bytearray(lzma.decompress(tensor.numpy().tobytes()))
        size = torch.empty(0, dtype=dtype).element_size()
        raw = torch.frombuffer(planes, dtype=torch.uint8).reshape(size, -1).T.contiguous()
        return raw.reshape(-1).view(dtype).reshape(shape)


def name_of(thing: Any) -> str:
    """Return "module:name" of a class or function of the workbench; raise TypeError for others."""
    if not thing.__module__.startswith("workbench."):
        raise TypeError(f"{thing.__qualname__} cannot be prepared")
    return f"{thing.__module__}:{thing.__qualname__}"


def own_object(name: str) -> Any:
    """Return the class or function "module:name"; raise ValueError unless it is a dataclass, a
    collection or the stages of a system of the workbench."""
    module, _, attribute = name.partition(":")
    if not module.startswith("workbench.") or not attribute.isidentifier():
        raise ValueError(f"{name[:60]!r} is not a class of the workbench")
    thing = resolve(name)
    if not (is_dataclass(thing) or hasattr(thing, "copy_to") or attribute == "stages"):
        raise ValueError(f"{name[:60]!r} holds no prepared data")
    return thing
