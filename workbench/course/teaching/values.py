"""Arguments and answers as plain data, and as JSON between processes.

`as_data` copies an answer: tensors become arrays, and no object remains whose methods are the
student's code. `encode` and `decode` transfer values between processes as JSON, without pickle.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

MOST = 2_000_000  # numbers and texts in one answer
KINDS = "biufcU"  # of arrays: booleans, numbers, texts


@dataclass(frozen=True)
class Other:
    """An answer that is neither numbers nor text, and the name of its type."""

    name: str


def as_data(value: Any) -> Any:
    """Copy an answer as None, str, int, float, bool, arrays, or lists, tuples and dicts of those.
    Any other value becomes `Other`."""
    try:
        return _as_data(value, [MOST])
    except Exception as error:  # the student's object may fail in any way
        return Other(f"{type(value).__name__} ({type(error).__name__})")


def _as_data(value: Any, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise OverflowError("too large")
    if value is None or type(value) in (str, bool, float):
        return value
    if type(value) is int:
        return value if abs(value) < 2**63 else float(value)
    if isinstance(value, list | tuple):
        kind = tuple if isinstance(value, tuple) else list
        return kind(_as_data(item, left) for item in value)
    if isinstance(value, dict):
        return {str(key): _as_data(item, left) for key, item in value.items()}
    if type(value).__module__.startswith("torch") and hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.float() if value.is_floating_point() else value).numpy()
    if not hasattr(value, "__array__"):
        return Other(type(value).__name__)
    array = np.array(value, subok=False)
    if array.dtype.kind == "O":
        return _as_data(array.tolist(), left)
    if array.dtype.kind not in KINDS or array.size > left[0]:
        return Other(f"{type(value).__name__} of {array.dtype}")
    left[0] -= array.size
    return array


def same(one: Any, other: Any) -> bool:
    """Whether two values of plain data are equal to the last bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other or one != one)


def encode(value: Any) -> Any:
    """Return plain data, a tensor or a function of the library as a JSON value."""
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return {"array": _packed(value)}
    if type(value).__module__.startswith("torch") and hasattr(value, "detach"):
        return {"tensor": _packed(value.detach().numpy())}
    if isinstance(value, Other):
        return {"other": value.name}
    if isinstance(value, dict):
        return {"dict": [[key, encode(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [encode(item) for item in value]}
    if callable(value):
        if "<" in value.__qualname__:
            raise TypeError(f"{value.__qualname__}: a case may hold only functions of a module")
        return {"function": [value.__module__, value.__qualname__]}
    return value


def decode(value: Any, *, trusted: bool = False) -> Any:
    """The inverse of `encode`. Tensors and functions are decoded only if `trusted`, because this
    imports modules. Raises ValueError, TypeError or KeyError for values that `encode` does not
    produce."""
    if not isinstance(value, dict):
        return value
    [(kind, content)] = value.items()
    if kind == "array":
        return _unpacked(content)
    if kind == "other":
        return Other(str(content)[:200])
    if kind == "dict":
        return {str(key): decode(item, trusted=trusted) for key, item in content}
    if kind in ("tensor", "function") and trusted:
        return _tensor(content) if kind == "tensor" else _function(*content)
    return {"list": list, "tuple": tuple}[kind](decode(item, trusted=trusted) for item in content)


def _tensor(content: Any) -> Any:
    import torch

    return torch.from_numpy(_unpacked(content))


def _function(module: str, name: str) -> Any:
    found: Any = import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _packed(array: np.ndarray) -> list[Any]:
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return [array.dtype.str, list(array.shape), data]


def _unpacked(content: Any) -> np.ndarray:
    kind, shape, data = content
    dtype = np.dtype(kind)
    if dtype.kind not in KINDS:
        raise ValueError(f"{dtype}: is not a type of numbers")
    return np.frombuffer(base64.b64decode(data), dtype).reshape(shape).copy()
