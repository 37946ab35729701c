"""Weight files: safetensors, written whole or not at all, read only where they fit."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workbench.errors import CheckpointError
from workbench.files import atomic_write


def save_weights(module: nn.Module, path: str | Path, *, half: bool = False) -> None:
    """Write a network's weights as safetensors, whole or not at all."""
    tensors = {}
    for name, value in module.state_dict().items():
        value = value.detach().cpu().contiguous().clone()
        tensors[name] = value.half() if half and value.is_floating_point() else value
    with atomic_write(path) as beside:
        save_file(tensors, beside)


def load_file_into(module: nn.Module, path: str | Path) -> None:
    """Read weights written by `save_weights`. CheckpointError names what does not fit."""
    try:
        with safe_open(path, "pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: no readable safetensors file ({error}); fetch or train it again"
        ) from None
    load_weights(module, tensors, path)


def load_weights(module: nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Copy tensors into a module of the same names and shapes, or say which differs."""
    own = module.state_dict()
    odd = sorted(own.keys() ^ tensors.keys()) or sorted(
        name for name in own if own[name].shape != tensors[name].shape
    )
    if odd:
        raise CheckpointError(
            f"{path}: weights of another system or size (first difference: {odd[0]})"
        )
    module.load_state_dict({name: tensors[name].to(own[name].dtype) for name in own})
