"""The provenance of generated clips, stored in the clips themselves.

    DrumLDM (drums-groove-bert), prompt 'funk', bars 8, seed 3, take 1
    inpainting of groove/drummer1/session1/1 by DrumLDM (drums-groove-bert), …, seed 3, take 2

`source` gives it in one line. `labels` hold system, checkpoint, action, request, seed and take. For
an edited piece they also hold the labels of that piece and `original`, its source, so that the
credit survives any number of edits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.storage import Pretrained

SETTINGS = (
    *("steps", "guidance", "sampler"),
    *("temperature", "top_k", "top_p", "repetition", "window", "echo"),
)
LONGEST = 60  # characters of a prompt in `source`; labels hold all of it


def signed(
    clip: Clip,
    system: Pretrained,
    action: str = "generation",
    *,
    request: Mapping[str, Any],
    seed: int | None = None,
    take: int | None = None,
    original: Clip | None = None,
) -> Clip:
    """Return the clip with its provenance.

    Args:
        clip: The generated clip.
        system: The system; its `checkpoint` names the origin of the weights.
        action: "generation", "variation", "inpainting", "filling" …
        request: The arguments of the request; None and "" are omitted.
        seed: The user's seed, None if nothing is random.
        take: Number of the clip among those of this seed, counted from 1.
        original: The piece that was edited, None if there was none.

    Returns:
        A copy of the clip with this source and these labels.
    """
    given = {k: _plain(v) for k, v in request.items()}  # NumPy values compare as arrays
    request = {k: v for k, v in given.items() if v is not None and v not in ("", (), [], {})}
    name = type(system).__name__
    checkpoint = system.checkpoint or "not saved"
    labels: dict[str, Any] = {
        "system": name,
        "checkpoint": checkpoint,
        "action": action,
        "request": request,
        "seed": seed,
        "take": take,
    }
    source = f"{name} ({checkpoint})"
    if original is not None:
        credit = credit_of(original)
        labels = {**original.labels, **labels, "original": credit}
        source = f"{action} of {credit} by {source}"
    elif action != "generation":
        source = f"{source}, {action}"
    parts = [source, *(f"{k} {_short(k, v)}" for k, v in request.items() if k not in SETTINGS)]
    parts += [f"{k} {v}" for k, v in (("seed", seed), ("take", take)) if v is not None]
    return clip.with_(source=", ".join(parts), labels=labels)


def signed_takes(
    clips: Iterable[Clip],
    system: Pretrained,
    action: str = "generation",
    *,
    request: Mapping[str, Any],
    seed: int,
    original: Clip | None = None,
) -> list[Clip]:
    """Return the takes of one request and seed, in order, each with its provenance."""
    return [
        signed(clip, system, action, request=request, seed=seed, take=take, original=original)
        for take, clip in enumerate(clips, start=1)
    ]


def credit_of(clip: Clip) -> str:
    """Return the credit of a clip: its source before any system edited it."""
    return str(clip.labels.get("original") or clip.source or clip.caption or "a clip")


def _plain(value: Any) -> Any:
    """Return a value in types that JSON has."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(v) for v in value]
    return value


def _short(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{k} {v}" for k, v in value.items())
    if isinstance(value, list):
        return " ".join(str(v) for v in value)
    if isinstance(value, str):
        value = value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
        return repr(value) if name in ("prompt", "like") else value
    return f"{value:g}" if isinstance(value, float) else str(value)
