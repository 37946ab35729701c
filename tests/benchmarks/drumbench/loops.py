"""Hand-made loops: "BD 1 3; SD 2 4; CH 1 1& 2 2& 3 3& 4 4&" as a Loop."""

import numpy as np

from workbench.benchmarks.drumbench.loop import Loop
from workbench.music.kit import DRUMS

EIGHTHS = "1 1& 2 2& 3 3& 4 4&"
SIXTEENTHS = " ".join(f"{beat}{part}" for beat in "1234" for part in ("", "e", "&", "a"))
ROCK = f"BD 1 3; SD 2 4; CH {EIGHTHS}"


def play(pattern=ROCK, *, bars=8, tempo=100.0, meter=(4, 4), velocity=0.7, late=None, only=None):
    """Every bar plays the pattern, or the bars of `only` {bar: pattern} their own.

    Places are 1, 1e, 1&, 1a; "1&t" is on the last triplet of the beat, "1.3" at that beat. A
    velocity follows a colon: "SD 2:0.2". late: sixteenths by which drums are late, by code.
    """
    length = 4 * meter[0] / meter[1]
    time, drum, loud = [], [], []
    for bar in range(bars):
        for part in filter(None, (only or {}).get(bar + 1, pattern).split(";")):
            code, *places = part.split()
            for place in places:
                where, _, strength = place.partition(":")
                beat, step = where[0], where[1:]
                offset = float(step) if step[:1] == "." else STEPS[step]
                shift = (late or {}).get(code, 0) / 4
                time.append(bar * length + int(beat) - 1 + offset + shift)
                drum.append(DRUMS.index(code))
                loud.append(float(strength or velocity))
    order = np.argsort(time, kind="stable")
    arrays = (np.array(a)[order] if a else np.zeros(0) for a in (time, drum, loud))
    times, drums, louds = arrays
    return Loop(times, drums.astype(int), louds, bars * length, tempo, meter)


STEPS = {"": 0.0, "e": 0.25, "&": 0.5, "a": 0.75, "&t": 2 / 3, "et": 1 / 3, "32": 0.125}
