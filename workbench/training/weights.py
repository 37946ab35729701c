"""Weight files: safetensors, written completely or not at all, read only if they match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workbench.errors import CheckpointError, WorkbenchError, brief
from workbench.files import atomic_write

FLOATS, INTEGERS = ("F16", "BF16", "F32", "F64"), ("BOOL", "U8", "I8", "I16", "I32", "I64")

# Patterns of parameter names that older files hold, and what replaces them. All apply in this
# order to each name that the network does not have; see `current_names`.
RENAMED = (
    # of the systems
    (r"\bjoint\.", "clap."),
    # of the denoisers and the control classifiers, named as in DiT
    (r"\b(?:inward|into)\.", "x_embedder."),
    (r"\b(?:step|when)\.", "t_embedder."),
    (r"\bgenre\.", "y_embedder."),
    (r"\btext\.(weight|bias)$", r"text_embedder.\1"),
    (r"\bnothing$", "null_text"),
    (r"\bplace$", "pos_embed"),
    (r"\b(blocks\.\d+)\.turn\.", r"\1.adaLN_modulation."),
    (r"\bturn\.", "final_layer.adaLN_modulation."),
    (r"\bmodulate\.", "adaLN_modulation."),
    (r"\bcross\.", "cross_attn."),
    (r"\bfeed\.", "mlp."),
    (r"\b(?:join|merge)\.", "out_proj."),
    (r"\boutward\.", "final_layer.linear."),
    (r"\bfinal\.", "final_modulation."),
    (r"\bout\.(weight|bias)$", r"final_layer.\1"),
    (r"\boffset$", "scale_shift_table"),  # PixArt-α's name
    # of Diffusion-LM, named as in its published code
    (r"(^|\bdiffusion\.)embedding\.weight$", r"\1word_embedding.weight"),
    (r"\bup\.(\d)", r"input_up_proj.\1"),
    (r"\btime\.(\d)", r"time_embed.\1"),
    (r"\bdown\.(\d)", r"output_down_proj.\1"),
    # of the audio autoencoders; ConvNeXt's as in its published code
    (r"\bmix\.", "attn."),
    (r"\balong\.", "dwconv."),
    (r"\bacross\.0\.", "pwconv1."),
    (r"\bacross\.2\.", "pwconv2."),
    (r"\bscale$", "gamma"),
)


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
            f"{path}: not saved because {wrong} is {where}not finite; the training diverged: use "
            "another seed or a lower learning rate"
        )
    with atomic_write(path) as beside:
        save_file(tensors, beside)


def not_finite(tensors: Mapping[str, Tensor]) -> str:
    """Return the name of the first tensor that holds a NaN or an infinite number, "" if none
    does."""
    wrong = (
        name
        for name, value in tensors.items()
        if value.is_floating_point() and not torch.isfinite(value).all()
    )
    return next(wrong, "")


def current_names(module: nn.Module, names: Iterable[str]) -> dict[str, str]:
    """Map the names of a file's tensors to those of the module's parameters and buffers. A name
    from before a renaming becomes the present one; every other name stays."""
    own, result = module.state_dict().keys(), {name: name for name in names}
    missing = own - result.keys()
    for name in result.keys() - own:
        new = name
        for pattern, replacement in RENAMED:
            new = re.sub(pattern, replacement, new)
        if new in missing:
            missing.remove(new)
            result[name] = new
    return result


def header_of(
    path: str | Path, label: str | Path | None = None
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return the type and shape of each tensor of a file without reading the tensors. label: the
    path that errors name; default: `path`."""
    try:
        with safe_open(path, "pt", device="cpu") as file:
            slices = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            return {n: (str(s.get_dtype()), tuple(s.get_shape())) for n, s in slices.items()}
    except Exception as error:  # safetensors raises many kinds on invalid bytes
        raise _unreadable(label or path, error) from None


def check_header(
    module: nn.Module, header: Mapping[str, tuple[str, tuple[int, ...]]], path: str | Path
) -> None:
    """Raise CheckpointError unless the file's tensors are those of the module, which may be on
    "meta"."""
    own = module.state_dict()
    names = current_names(module, header)
    header = {names[name]: entry for name, entry in header.items()}
    odd = sorted(own.keys() ^ header.keys()) or sorted(
        name
        for name, value in own.items()
        if tuple(value.shape) != header[name][1]
        or header[name][0] not in (FLOATS if value.is_floating_point() else INTEGERS)
    )
    if odd:
        raise _another(path, odd[0])


def load_file_into(module: nn.Module, path: str | Path, label: str | Path | None = None) -> None:
    """Read weights written by `save_weights`. Raises CheckpointError that names what does not fit.
    label: the path that errors name; default: `path`."""
    label = label or path
    check_header(module, header_of(path, label), label)
    try:
        with safe_open(path, "pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:  # safetensors raises many kinds on invalid bytes
        raise _unreadable(label, error) from None
    load_weights(module, tensors, label)


def load_weights(module: nn.Module, tensors: dict[str, Tensor], path: str | Path) -> None:
    """Copy tensors into a module of the same names and shapes; names from before a renaming are
    accepted. Raises CheckpointError that names what differs or is not finite."""
    own = module.state_dict()
    names = current_names(module, tensors)
    tensors = {names[name]: value for name, value in tensors.items()}
    odd = sorted(own.keys() ^ tensors.keys()) or sorted(
        name for name in own if own[name].shape != tensors[name].shape
    )
    if odd:
        raise _another(path, odd[0])
    tensors = {name: tensors[name].to(own[name].dtype) for name in own}
    wrong = not_finite({old: tensors[new] for old, new in names.items()})
    if wrong:
        raise CheckpointError(
            f"{path}: {wrong} holds NaN or infinite numbers; download or train it again"
        )
    module.load_state_dict(tensors)


def _another(path: str | Path, name: str) -> CheckpointError:
    return CheckpointError(
        f"{path}: weights of another system or size (first difference: {name[:100]!r})"
    )


def _unreadable(path: str | Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{path}: not a valid safetensors file ({brief(error)}); download or train it again"
    )
