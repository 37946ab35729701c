"""Weight files: safetensors, written completely or not at all, read only if they match."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workbench.errors import CheckpointError, WorkbenchError
from workbench.files import atomic_write

FLOATS, INTEGERS = ("F16", "BF16", "F32", "F64"), ("BOOL", "U8", "I8", "I16", "I32", "I64")


def save_weights(module: nn.Module, path: str | Path, *, half: bool = False) -> None:
    """Write a network's weights as safetensors, completely or not at all. Raises WorkbenchError if
    one is not finite, also if it overflows in half precision (65,504)."""
    tensors = {}
    for name, value in module.state_dict().items():
        value = value.detach().cpu().contiguous().clone()
        tensors[name] = value.half() if half and value.is_floating_point() else value
    wrong = not_finite(tensors)
    if wrong:
        where = "in half precision " if half else ""
        raise WorkbenchError(
            f"{path}: not saved, {wrong} is {where}not finite; the training diverged, take another "
            "seed or a lower learning rate"
        )
    with atomic_write(path) as beside:
        save_file(tensors, beside)


def not_finite(tensors: Mapping[str, Tensor]) -> str:
    """The name of the first tensor that holds a NaN or an infinite number, "" if none does."""
    wrong = (
        name
        for name, value in tensors.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    )
    return next(wrong, "")


def header_of(
    path: str | Path, told: str | Path | None = None
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor of a file, of which no more is read. told: the path that
    errors name."""
    try:
        with safe_open(path, "pt", device="cpu") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {n: (str(s.get_dtype()), tuple(s.get_shape())) for n, s in slices.items()}
    except Exception as error:  # of safetensors that is given odd bytes
        raise _unreadable(told or path, error) from None


def check_header(
    module: nn.Module, header: Mapping[str, tuple[str, tuple[int, ...]]], path: str | Path
) -> None:
    """CheckpointError unless the file's tensors are those of the module, which may be on "meta"."""
    own = module.state_dict()
    odd = sorted(own.keys() ^ header.keys()) or sorted(
        name
        for name, value in own.items()
        if tuple(value.shape) != header[name][1]
        or header[name][0] not in (FLOATS if value.is_floating_point() else INTEGERS)
    )
    if odd:
        raise _another(path, odd[0])


def load_file_into(module: nn.Module, path: str | Path, told: str | Path | None = None) -> None:
    """Read weights written by `save_weights`. CheckpointError names what does not fit. told: the
    path that errors name."""
    told = told or path
    check_header(module, header_of(path, told), told)
    try:
        with safe_open(path, "pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # of safetensors that is given odd bytes
        raise _unreadable(told, error) from None
    load_weights(module, tensors, told)


def load_weights(module: nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Copy tensors into a module of the same names and shapes, or say which differs or is not
    finite."""
    own = module.state_dict()
    odd = sorted(own.keys() ^ tensors.keys()) or sorted(
        name for name in own if own[name].shape != tensors[name].shape
    )
    if odd:
        raise _another(path, odd[0])
    tensors = {name: tensors[name].to(own[name].dtype) for name in own}
    wrong = not_finite(tensors)
    if wrong:
        raise CheckpointError(
            f"{path}: {wrong} holds NaN or infinite numbers; fetch or train it again"
        )
    module.load_state_dict(tensors)


def _another(path: str | Path, name: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: weights of another system or size (first difference: {name[:100]!r})"
    )


def _unreadable(path: str | Path, error: Exception) -> CheckpointError:
    first = (str(error).strip().splitlines() or [""])[0][:200]
    return CheckpointError(
        f"{path}: no readable safetensors file ({first}); fetch or train it again"
    )
