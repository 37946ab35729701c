"""Configurations from JSON: dataclasses whose fields are checked for type and range.

A checkpoint may come from an untrusted source. Its config.json is therefore checked field by field,
and the networks that it describes are built without memory (on the meta device) and compared with
the header of the weights before anything is allocated.
"""

from __future__ import annotations

import math
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import torch
from torch import nn
from torch.nn.modules import module as hooks

LARGEST = 2**17  # largest integer in a config: widths, rates, lengths
LONGEST = 64  # most numbers in a tuple
WORDS = 100_000  # most strings in a tuple
RENAMED = {"joint": "clap"}  # fields of older files


def config_from(kind: type, data: Any, name: str = "config") -> Any:
    """Return a dataclass from the output of `dataclasses.asdict`, also after it was stored as JSON,
    where tuples become lists. Raises ValueError that names the field."""
    if not isinstance(data, dict):
        raise ValueError(f"{name} is {_shown(data)}; it must be an object")
    hints = get_type_hints(kind)
    data = {(key if key in hints else RENAMED.get(key, key)): value for key, value in data.items()}
    unknown = sorted(set(map(str, data)) - hints.keys())
    if unknown:
        raise ValueError(f"{name}.{unknown[0][:60]} is unknown")
    for field in fields(kind):
        if field.name not in data and field.default is field.default_factory is MISSING:
            raise ValueError(f"{name}.{field.name} is missing")
        if hints[field.name] is int and data.get(field.name) == 0 and field.default != 0:
            raise ValueError(f"{name}.{field.name} is 0")
    config = kind(
        **{key: _value(hints[key], value, f"{name}.{key}") for key, value in data.items()}
    )
    width, heads = getattr(config, "width", 0), getattr(config, "heads", 1)
    if not heads or width % heads:
        raise ValueError(f"{name}.heads is {heads}, which does not divide a width of {width}")
    return config


def _value(hint: Any, value: Any, name: str) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):  # a union of dataclasses: the one that has these fields
        keys = set(value) if isinstance(value, dict) else set()
        fitting = [kind for kind in inner if keys <= get_type_hints(kind).keys()]
        return config_from((fitting or inner)[0], value, name)
    if is_dataclass(hint):
        return config_from(hint, value, name)  # type: ignore[arg-type]
    if origin is Literal and value in inner:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return _row(inner, value, name)
    whole = isinstance(value, int) and not isinstance(value, bool)
    if (
        (hint is bool and isinstance(value, bool))
        or (hint is str and isinstance(value, str) and len(value) <= 1000)
        or (hint is int and whole and 0 <= value <= LARGEST)
    ):
        return value
    if hint is float and (whole or isinstance(value, float)) and abs(value) <= 1e6:
        return value
    raise ValueError(f"{name} is {_shown(value)}")


def _row(inner: tuple[Any, ...], values: Any, name: str) -> tuple[Any, ...]:
    endless = inner[-1] is Ellipsis
    if len(values) > (WORDS if inner[0] is str else LONGEST) or (
        not endless and len(values) != len(inner)
    ):
        raise ValueError(f"{name} has {len(values)} entries")
    if inner[0] is int and 0 in values:
        raise ValueError(f"{name} holds a 0")
    each = [inner[0]] * len(values) if endless else inner
    return tuple(_value(hint, value, name) for hint, value in zip(each, values, strict=True))


def _shown(value: Any) -> str:
    if isinstance(value, int | float) and abs(value) < math.inf:
        return f"{value:.6g}" if abs(value) < 1e300 else "too large a number"
    return f"{type(value).__name__}" if isinstance(value, dict | list) else repr(value)[:60]


@contextmanager
def laid_out(tensors: int) -> Iterator[None]:
    """Build modules in this block without memory. Raises ValueError as soon as they have many more
    parameters than a file has `tensors`, so that a depth of 100,000 is refused early."""
    counts = {"parameter": 0, "module": 0}
    limits = {"parameter": 2 * tensors + 64, "module": 8 * tensors + 256}
    here = threading.get_ident()

    def count(what: str) -> Any:
        def hook(module: nn.Module, name: str, value: Any) -> None:
            counts[what] += threading.get_ident() == here
            if counts[what] > limits[what]:
                raise ValueError(f"it describes more layers than the {tensors} weights of the file")

        return hook

    handles = [
        hooks.register_module_parameter_registration_hook(count("parameter")),
        hooks.register_module_module_registration_hook(count("module")),
    ]
    try:
        with torch.device("meta"):
            yield
    finally:
        for handle in handles:
            handle.remove()
