"""Windows of six kinds of sound, written and rendered here: nothing needs to be downloaded.

    clips = built_in_kinds(20, seconds=5.0, rate=16000)

The kinds are those of `sound-classes`. The scores come from the built-in grammars, so a judge or a
small network can learn what drums, piano, strings, orchestra, band and chip sound like without any
data set. Each window begins at a bar line and has one tempo and one metre.
"""

from __future__ import annotations

import numpy as np

from workbench.arguments import number, seed_of, whole
from workbench.datasets.arrangements import Arrange, band, chip, drums, piano, quartet, tutti
from workbench.datasets.load import load
from workbench.errors import PromptError
from workbench.music.audio import check_rate
from workbench.music.clip import Clip
from workbench.music.fonts import some_synth
from workbench.music.recording import recorded

KINDS: dict[str, Arrange] = {
    "band": band,
    "chip": chip,
    "drums": drums,
    "orchestra": tutti,
    "piano": piano,
    "strings": quartet,
}


def built_in_kinds(
    each: int, *, seconds: float, rate: int, split: str = "train", seed: int = 0
) -> list[Clip]:
    """Render windows of each kind.

    Args:
        each: Windows per kind, at least 1.
        seconds: Length of a window, above 0.
        rate: Sample rate in Hz.
        split: Split of the grammars' songs and loops.
        seed: Of songs, arrangements, fonts and rooms.

    Returns:
        Mono clips, kind after kind, in the order of `KINDS`. The label `style` is the kind.

    Raises:
        WorkbenchError: If a number is out of range.
    """
    each, seconds = whole(each, "each", 1), number(seconds, "seconds", 0)
    rate, seed = check_rate(rate, "rate"), seed_of(seed)
    if not seconds:
        raise PromptError("seconds must be above 0, got 0")
    most = max(40, 2 * each)
    songs, loops = (
        load(name, split=split, limit=most).clips for name in ("builtin-songs", "builtin")
    )
    return [
        _window(kind, songs if kind != "drums" else loops, seconds, rate, (seed, place, i))
        for place, kind in enumerate(KINDS)
        for i in range(each)
    ]


def _window(
    kind: str, pool: list[Clip], seconds: float, rate: int, seed: tuple[int, int, int]
) -> Clip:
    random = np.random.default_rng(seed)
    clip = pool[int(random.integers(len(pool)))]
    clip = clip.with_(labels={"set": "builtin-songs", **clip.labels})
    arranged = KINDS[kind](clip, random)
    assert arranged is not None, "an arrangement that leaves built-in songs out"
    notes, words = arranged
    need = seconds * clip.tempo / 60  # quarter notes
    times = int(np.ceil(need / clip.beats)) if clip.beats < need else 1
    notes = np.concatenate([_later(notes, i * clip.beats) for i in range(times)])
    bar = 4 * clip.meter[0] / clip.meter[1]
    first = bar * int(random.integers(1 + int((times * clip.beats - need) // bar)))
    whole_clip = Clip.from_notes(
        notes, tempo=clip.tempo, meter=clip.meter, beats=times * clip.beats, drums=False
    )
    score = whole_clip.excerpt(first, min(need, whole_clip.beats - first)).score
    samples = round(seconds * rate)
    sound = some_synth(random, drums=kind == "drums").render(score, rate, samples, loop=False)
    return Clip(
        audio=recorded(sound, rate, random).mean(0, keepdims=True).astype(np.float32),
        sample_rate=rate,
        caption=words,
        tempo=clip.tempo,
        meter=clip.meter,
        labels={"style": kind, "built_in": True},
    )


def _later(notes: np.ndarray, beats: float) -> np.ndarray:
    notes = notes.copy()
    notes["time"] += beats
    return notes
