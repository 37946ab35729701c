"""Saving and loading systems: config.json, model.safetensors (half precision), README.md (card).

A name is looked for among the shipped checkpoints, then as a folder, then on the Hugging Face hub.
Weights are safetensors only: a file that could run code on loading is never opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from torch import nn

from workbench.arguments import path_of, shown, text_of
from workbench.errors import CheckpointError, MissingDataError, PromptError
from workbench.files import atomic_write
from workbench.systems.configs import laid_out
from workbench.systems.folders import opened, saving
from workbench.training.weights import check_header, header_of, load_file_into, save_weights
from workbench.version import __version__

SHIPPED = Path(__file__).parents[1] / "checkpoints"
FILES = ("config.json", "model.safetensors")
LARGEST_CONFIG = 16 << 20  # bytes


def shipped() -> list[str]:
    """Names of the checkpoints that come with the workbench."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


class Pretrained:
    """Mixin of systems that are made by `from_config(dict)`, described by `config_dict()`, and keep
    all their weights in `networks`. checkpoint: the name or folder that the weights were loaded
    from or saved in, "" before that; clips name it."""

    networks: nn.Module
    checkpoint: str = ""

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> Self:
        raise TypeError(f"{cls.__name__} cannot be made from a config")

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> nn.Module:
        """The networks that a config describes, as the system would make them."""
        raise TypeError(f"{cls.__name__} cannot be made from a config")

    def config_dict(self) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} has no config")

    @classmethod
    def from_pretrained(cls, name: str | Path) -> Self:
        """A shipped checkpoint, a folder, or a hub id ("owner/name").

        CheckpointError says what is missing, cut short, or of another system.
        """
        name = path_of(name, "name", "a shipped name, a folder or a hub id")
        folder = folder_of(name)
        with opened(folder) as files:
            system = cls._load(folder, files)
        system.checkpoint = name
        return system

    @classmethod
    def _load(cls, folder: Path, files: dict[str, Path]) -> Self:
        about = _read_config(files["config.json"], folder)
        if about.get("system") != cls.__name__:
            raise CheckpointError(
                f"{folder}: a checkpoint of {str(about.get('system'))[:60]!r}, "
                f"not of {cls.__name__}"
            )
        weights, told = files["model.safetensors"], folder / "model.safetensors"
        header = header_of(weights, told)
        try:
            with laid_out(len(header)):
                blank = cls.networks_of(about["config"])
            check_header(blank, header, told)
            system = cls.from_config(about["config"])
        except (CheckpointError, MissingDataError):
            raise
        except Exception as error:  # of any library that is given odd numbers
            raise CheckpointError(
                f"{folder / 'config.json'}: does not describe a {cls.__name__} "
                f"({_brief(error)}); fetch or train it again"
            ) from None
        load_file_into(system.networks, weights, told)
        return system

    def save_pretrained(
        self, folder: str | Path, card: str = "", training: dict[str, Any] | None = None
    ) -> Path:
        """Write the files into `folder`, all or none: whoever reads it meanwhile, or after a kill,
        finds the ones of before or the new ones. Other files in it stay. card: Markdown for
        README.md; training: for training.json, what was trained on and how it went; "dataset" is
        read again. Raises WorkbenchError for weights that are not finite and for a full disk.
        """
        path = path_of(folder, "folder", "the path of a folder")
        if not isinstance(training, Mapping | None):
            raise PromptError(f"training={shown(training)}: give a mapping, or None")
        folder = self._write_files(Path(path), text_of(card, "card"), training)
        self.checkpoint = str(folder)
        return folder

    def _write_files(
        self, folder: Path, card: str = "", training: dict[str, Any] | None = None
    ) -> Path:
        about = {
            "system": type(self).__name__,
            "workbench": __version__,
            "config": self.config_dict(),
        }
        texts = {"config.json": json.dumps(about, indent=1) + "\n"}
        if card:
            texts["README.md"] = card
        if training is not None:
            texts["training.json"] = json.dumps(training, indent=1) + "\n"
        with saving(folder) as beside:
            save_weights(self.networks, beside / "model.safetensors", half=True)
            for name, text in texts.items():
                with atomic_write(beside / name) as path:
                    path.write_text(text, encoding="utf-8")
        return folder

    def push_to_hub(self, repo_id: str, **kwargs: Any) -> Any:
        """Upload to the hub; needs a login there (`hf auth login`)."""
        import tempfile

        from huggingface_hub import HfApi

        with tempfile.TemporaryDirectory() as folder:
            self._write_files(Path(folder))
            api = HfApi(**kwargs)
            api.create_repo(repo_id, exist_ok=True)
            return api.upload_folder(repo_id=repo_id, folder_path=folder)


def system_of(name: str) -> str:
    """The class name of the system that a checkpoint is of, such as "LDMG"."""
    folder = folder_of(name)
    with opened(folder) as files:
        return str(_read_config(files["config.json"], folder).get("system"))


def trained_on(name: str) -> str:
    """The data that a checkpoint was trained on, as its training.json says: a name or a folder, or
    several joined by "+". Raises MissingDataError where it does not say."""
    try:
        return str(training_of(name)["dataset"])
    except KeyError:
        raise MissingDataError(
            f"{folder_of(name) / 'training.json'}: does not say what was trained on; "
            "name the data with --dataset"
        ) from None


def training_of(name: str) -> dict[str, Any]:
    """What a checkpoint's training.json says of how it was made; {} where it says nothing."""
    try:
        with opened(folder_of(name)) as files:
            about = json.loads(files["training.json"].read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def folder_of(name: str) -> Path:
    for folder in (SHIPPED / name, Path(name)):
        if os.path.isdir(folder):  # False for a name that is too long for a path
            with opened(folder) as files:
                missing = [file for file in FILES if file not in files]
            if missing and any(folder.glob("*/last.safetensors")):
                raise CheckpointError(
                    f"{folder}: its training is not finished; run the same command again to go on"
                )
            if missing:
                raise CheckpointError(f"{folder}: {missing[0]} is missing; no whole checkpoint")
            return folder
    known = ", ".join(shipped()) or "none"
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or os.path.exists(name):
        told = shown(name, 300)
        raise CheckpointError(f"no checkpoint {told}; shipped: {known}; or give a folder")
    return from_hub(name, f"; shipped: {known}", allow_patterns=[*FILES, "README.md"])


def from_hub(name: str, others: str = "", **patterns: list[str]) -> Path:
    """The folder of a repository of the Hugging Face hub, downloaded where it is not here yet.
    patterns: allow_patterns and ignore_patterns of its files; others: what CheckpointError says at
    its end, where it cannot be had."""
    from huggingface_hub import snapshot_download

    try:
        return Path(str(snapshot_download(name, **patterns)))  # type: ignore[call-overload]
    except Exception as error:  # of any library between here and the hub
        raise CheckpointError(
            f"{name!r}: neither a folder here nor on the hub ({_brief(error)}){others}"
        ) from None


def _read_config(path: Path, folder: Path) -> dict[str, Any]:
    told = folder / "config.json"
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ValueError(f"more than {LARGEST_CONFIG:,} bytes")
        about = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise CheckpointError(f"{told}: cannot be read ({_brief(error)}); fetch it again") from None
    if not isinstance(about, dict):
        raise CheckpointError(f"{told}: holds no configuration; fetch it again")
    return about


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number of JSON")


def _brief(error: Exception) -> str:
    """An error in a few words of one line."""
    lines = str(error).strip().splitlines()
    told = lines[0][:200] if lines else ""
    plain = type(error) is ValueError
    return told if plain and told else f"{type(error).__name__}: {told}"
