"""Saving and loading systems: config.json, model.safetensors (half precision), README.md (card).

A name is searched for among the shipped checkpoints, then as a folder, then on the Hugging Face
hub. Weights are safetensors only: a file that could run code when it is loaded is never opened.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import nn

from workbench.arguments import path_of, shown, text_of
from workbench.errors import CheckpointError, MissingDataError, PromptError, brief
from workbench.files import atomic_write
from workbench.systems.configs import config_from, laid_out
from workbench.systems.folders import NAMES, opened, saving
from workbench.training.weights import check_header, header_of, load_file_into, save_weights
from workbench.version import __version__

SHIPPED = Path(__file__).parents[1] / "checkpoints"
FILES = ("config.json", "model.safetensors")
LARGEST_CONFIG = 16 << 20  # bytes


def shipped() -> list[str]:
    """Return the names of the checkpoints that come with the workbench."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


class Pretrained:
    """Mixin that loads and saves a system.

    A subclass sets `config_class`, a dataclass that its constructor takes, and `networks_class`,
    which takes the same; all weights are in `networks`. `checkpoint` is the name or folder that the
    weights were loaded from or saved to, "" before that; it is part of a clip's provenance.
    """

    networks: nn.Module
    config: Any
    config_class: ClassVar[type]
    networks_class: ClassVar[Callable[..., nn.Module]]
    checkpoint: str = ""

    @classmethod
    def from_config(cls, data: dict[str, Any]) -> Self:
        """Return a system with untrained weights from the dictionary of `config_dict`."""
        make: Callable[[Any], Self] = cls  # a subclass's constructor takes its config
        return make(config_from(cls.config_class, data))

    @classmethod
    def networks_of(cls, data: dict[str, Any]) -> nn.Module:
        """Return the networks that a config describes."""
        return cls.networks_class(config_from(cls.config_class, data))

    def config_dict(self) -> dict[str, Any]:
        """Return the configuration as JSON values."""
        return asdict(self.config)

    @classmethod
    def from_pretrained(cls, name: str | Path) -> Self:
        """Load a system.

        Args:
            name: A shipped checkpoint, a folder, or a hub id ("owner/name").

        Returns:
            The system with its weights.

        Raises:
            CheckpointError: If the checkpoint is missing, truncated, or of another system.
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
                f"{folder}: is a checkpoint of {str(about.get('system'))[:60]!r}, "
                f"not of {cls.__name__}"
            )
        weights, label = files["model.safetensors"], folder / "model.safetensors"
        header = header_of(weights, label)
        try:
            with laid_out(len(header)):
                blank = cls.networks_of(about["config"])
            check_header(blank, header, label)
            system = cls.from_config(about["config"])
        except (CheckpointError, MissingDataError):
            raise
        except Exception as error:  # any library may fail on unusual values
            raise CheckpointError(
                f"{folder / 'config.json'}: does not describe a {cls.__name__} "
                f"({brief(error)}); download or train it again"
            ) from None
        load_file_into(system.networks, weights, label)
        system.load_further(files, folder)
        return system

    def further_weights(self) -> dict[str, nn.Module]:
        """Return modules that are saved beside the networks, by the name of their file."""
        return {}

    def load_further(self, files: Mapping[str, Path], folder: Path) -> None:
        """Read the files of `further_weights` that a checkpoint has. files: their paths by name;
        folder: the checkpoint's, which errors name."""

    def save_pretrained(
        self, folder: str | Path, card: str = "", training: dict[str, Any] | None = None
    ) -> Path:
        """Save the system.

        The files are replaced together: a reader finds either all old or all new ones, even if the
        process is killed. Other files in the folder stay.

        Args:
            folder: The folder of the checkpoint.
            card: Markdown for README.md; "" writes none.
            training: Record for training.json: the data and the course of the training.

        Returns:
            The folder.

        Raises:
            WorkbenchError: If weights are not finite or the folder cannot be written.
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
            for name, module in self.further_weights().items():
                save_weights(module, beside / name, half=True)
            for name, text in texts.items():
                with atomic_write(beside / name) as path:
                    path.write_text(text, encoding="utf-8")
        return folder

    def push_to_hub(self, repo_id: str, **kwargs: Any) -> Any:
        """Upload the system to the Hugging Face hub; needs a login (`hf auth login`)."""
        import tempfile

        from huggingface_hub import HfApi

        with tempfile.TemporaryDirectory() as folder:
            self._write_files(Path(folder))
            api = HfApi(**kwargs)
            api.create_repo(repo_id, exist_ok=True)
            return api.upload_folder(repo_id=repo_id, folder_path=folder)


def system_of(name: str) -> str:
    """Return the class name of a checkpoint's system, such as "LDMG"."""
    folder = folder_of(name)
    with opened(folder) as files:
        return str(_read_config(files["config.json"], folder).get("system"))


def trained_on(name: str) -> str:
    """Return the data that a checkpoint was trained on, from its training.json: a name or a folder,
    or several joined by "+". Raises MissingDataError if the file does not name it."""
    try:
        return str(training_of(name)["dataset"])
    except KeyError:
        raise MissingDataError(
            f"{folder_of(name) / 'training.json'}: does not name the training data; "
            "name it with --dataset"
        ) from None


def training_of(name: str) -> dict[str, Any]:
    """Return the record in a checkpoint's training.json; {} where there is none."""
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
                    f"{folder}: its training is unfinished; run the same command again to continue"
                )
            if missing:
                raise CheckpointError(
                    f"{folder}: the checkpoint is incomplete; {missing[0]} is missing"
                )
            return folder
    known = ", ".join(shipped()) or "none"
    if name.count("/") != 1 or name.startswith((".", "/", "~")) or os.path.exists(name):
        raise CheckpointError(
            f"no checkpoint {shown(name, 300)}; shipped: {known}; or give a folder"
        )
    return from_hub(name, f"; shipped: {known}", allow_patterns=[*NAMES])


def from_hub(name: str, others: str = "", **patterns: list[str]) -> Path:
    """Return the folder of a repository on the Hugging Face hub, downloaded if necessary.
    patterns: allow_patterns and ignore_patterns of its files; others: the end of the
    CheckpointError that is raised if the repository is not available."""
    from huggingface_hub import snapshot_download

    try:
        return Path(str(snapshot_download(name, **patterns)))  # type: ignore[call-overload]
    except Exception as error:  # any library on the way to the hub may fail
        raise CheckpointError(
            f"{name!r}: neither a folder here nor on the hub ({brief(error)}){others}"
        ) from None


def _read_config(path: Path, folder: Path) -> dict[str, Any]:
    label = folder / "config.json"
    try:
        if path.stat().st_size > LARGEST_CONFIG:
            raise ValueError(f"more than {LARGEST_CONFIG:,} bytes")
        about = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        raise CheckpointError(
            f"{label}: cannot be read ({brief(error)}); download it again"
        ) from None
    if not isinstance(about, dict):
        raise CheckpointError(f"{label}: does not hold a configuration; download it again")
    return about


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")
