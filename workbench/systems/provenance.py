"""Where a clip that a system made comes from, written on the clip itself.

    DrumLDM (drums-groove-bert), prompt 'funk', bars 8, seed 3, take 1
    inpainting of groove/drummer1/session1/1 by DrumLDM (drums-groove-bert), …, seed 3, take 2

`source` says it in one line; `labels` hold system, checkpoint, action, request, seed, take, and,
where a piece was worked on, its labels and `original`: the source of that piece, which keeps its
credit through any number of edits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.storage import Pretrained

SETTINGS = ("steps", "guidance", "sampler", "temperature", "top_k", "top_p", "repetition", "window")
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
    """The clip with its provenance.

    Args:
        clip: What the system made.
        system: The system; its `checkpoint` names where its weights come from.
        action: What was done: "generation", "variation", "inpainting", "filling" …
        request: What was asked for, by argument; None and "" are left out.
        seed: As the user gave it, None where nothing is random.
        take: From 1, which of the clips of this seed it is.
        original: The piece that was worked on, None where there was none.

    Returns:
        A copy of the clip with another source and with these labels.
    """
    given = {k: _plain(v) for k, v in request.items()}  # NumPy's compare as arrays
    asked = {k: v for k, v in given.items() if v is not None and v not in ("", (), [], {})}
    name = type(system).__name__
    checkpoint = system.checkpoint or "not saved"
    labels: dict[str, Any] = {
        "system": name,
        "checkpoint": checkpoint,
        "action": action,
        "request": asked,
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
    parts = [source, *(f"{k} {_short(k, v)}" for k, v in asked.items() if k not in SETTINGS)]
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
    """All takes of one request and one seed, in their order, each `signed`."""
    return [
        signed(clip, system, action, request=request, seed=seed, take=take, original=original)
        for take, clip in enumerate(clips, start=1)
    ]


def credit_of(clip: Clip) -> str:
    """Who a clip is by: what it was before any system worked on it."""
    return str(clip.labels.get("original") or clip.source or clip.caption or "a clip")


def _plain(value: Any) -> Any:
    """A value as JSON can say it."""
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
