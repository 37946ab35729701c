"""Traits of a drum loop in drummers' words, measured on its notes.

Each trait is a word that musicians use and a rule with a named threshold. The thresholds were
chosen on eight-bar windows of the Groove MIDI Dataset's training sessions, so that most traits hold
for 10 to 35 % of the beats. Fills are short and have many toms, so some thresholds have a second
value for them. Rates are per quarter note or per bar of four. Of the hits of one drum within one
sixteenth, only the loudest counts.
"""

from __future__ import annotations

import numpy as np

from workbench.music.kit import CROSS_STICK, DRUMS, read_lookup

BUSY, BUSY_FILL = 5.75, 4.25  # hits per beat, at least
SPARSE, SPARSE_FILL = 3.3, 2.1  # hits per beat, at most
GHOST_VELOCITY, GHOSTS, GHOSTS_FILL = 40, 2.2, 1.5  # of the snare, below; hits per bar
ACCENT_VELOCITY = 55  # a snare hit with at least this velocity can be a backbeat
LOUD, SOFT = 88.0, 56.0  # mean velocity of all hits
OPEN_HATS, CRASHES, CROSS_STICKS, BELLS = 0.9, 0.4, 0.4, 0.5  # hits per bar
TOMS, TOMS_FILL = 0.5, 1.25  # hits per beat
RIDE, HATS = 0.9, 1.5  # hits per beat
SIXTEENTHS, EIGHTHS = 2.45, 1.7  # sixteenths per beat with hi-hat or ride
ROLLS = 2.0  # snare hits per beat
BUSY_KICK = 1.35  # bass drum hits per beat
FOUR = 0.85  # share of beats with a bass drum
BACKBEAT = 0.75  # share of second and fourth beats with a snare accent
HALF_TIME, HALF_TIME_REST = 0.6, 0.3  # share of bars: snare on beat three; on two and four, at most
DOUBLE_TIME = 0.55  # share of "and"s with a snare accent
SYNCOPATED = 0.45  # share of bass drum hits and accents on the 2nd or 4th sixteenth
SWING, TRIPLET_FIT = 0.5, 0.42  # share of late off-beats; share nearer to triplets
SHUFFLE = 0.6  # off-beat triplets per beat
TRIPLETS = 0.85  # off-beat triplets at 1/3 and 2/3, per beat
STEADY, FEW_BARS = 0.8, 4  # mean overlap of neighbouring bars; least number of bars
FILL_BAR, FILL_SHARE = 4, 0.4  # tom hits in a bar with a fill; share of such bars, at most

TRAITS: tuple[str, ...] = (
    "busy",
    "sparse",
    "loud",
    "soft",
    "half-time",
    "double-time",
    "backbeat",
    "four on the floor",
    "syncopated",
    "swing",
    "shuffle",
    "triplets",
    "steady",
    "16ths",
    "8ths",
    "ride",
    "hats",
    "open hats",
    "crash",
    "bell",
    "toms",
    "ghost notes",
    "cross-stick",
    "snare rolls",
    "busy kick",
    "fills",
)

_BELL = 53


def traits_of(
    notes: np.ndarray, beats: float, *, kind: str = "beat", meter: tuple[int, int] = (4, 4)
) -> tuple[str, ...]:
    """Traits of a note array.

    Args:
        notes: Fields time (in beats), pitch, velocity.
        beats: Length in quarter notes.
        kind: "beat" or "fill".
        meter: Time signature. Traits that depend on it (half-time, backbeat …) are measured in 4/4
            only.

    Returns:
        Names from `TRAITS`, in their order.
    """
    drum = read_lookup()[notes["pitch"]]
    notes, drum = notes[drum >= 0], drum[drum >= 0]
    if len(notes) == 0 or beats <= 0:
        return ()
    notes, drum = _merged(notes, drum, beats)
    rates = _rates(notes, drum, beats)
    held = set(_density(rates, kind == "fill"))
    held.update(_voices(rates, kind == "fill"))
    held.update(_feel(notes["time"], beats))
    if meter == (4, 4):
        metre = _metre(notes, drum, beats)
        # a fill of one bar has no real backbeat, but it can be syncopated
        held.update(metre if kind != "fill" else {"syncopated"} & set(metre))
        held.update(_form(notes, drum, beats, kind))
    return tuple(trait for trait in TRAITS if trait in held)


def _merged(notes: np.ndarray, drum: np.ndarray, beats: float) -> tuple[np.ndarray, np.ndarray]:
    """Only the loudest hit of one drum within one sixteenth (of flams, drags, foot and stick),
    so that a loop has the same density before and after conversion to a drum roll."""
    cell = np.floor(notes["time"] * 4 + 0.5).astype(np.int64) % max(1, round(beats * 4))
    loudest = np.lexsort((notes["time"], -notes["velocity"]))
    _, first = np.unique((cell * len(DRUMS) + drum)[loudest], return_index=True)
    kept = np.sort(loudest[first])
    return notes[kept], drum[kept]


def _rates(notes: np.ndarray, drum: np.ndarray, beats: float) -> dict[str, float]:
    """Hits per beat of each voice, of all, of ghost notes …, and the mean velocity."""
    pitch, velocity = notes["pitch"], notes["velocity"]
    snare = (drum == DRUMS.index("SD")) & (pitch != CROSS_STICK)
    counts = {code: np.count_nonzero(drum == i) / beats for i, code in enumerate(DRUMS)}
    return counts | {
        "all": len(notes) / beats,
        "mean": float(velocity.mean()),
        "snare": np.count_nonzero(snare) / beats,
        "ghost": np.count_nonzero(snare & (velocity < GHOST_VELOCITY)) / beats,
        "stick": np.count_nonzero(pitch == CROSS_STICK) / beats,
        "bell": np.count_nonzero(pitch == _BELL) / beats,
        "led": _led(notes["time"], drum) / beats,
        "toms": counts["LT"] + counts["MT"] + counts["HT"],
    }


def _led(time: np.ndarray, drum: np.ndarray) -> int:
    """Number of sixteenths on which a hi-hat or the ride plays, which keep the time."""
    keeping = np.isin(drum, [DRUMS.index(code) for code in ("CH", "OH", "RD")])
    return len(np.unique(np.floor(time[keeping] * 4 + 0.5)))


def _density(rates: dict[str, float], fill: bool) -> list[str]:
    held = []
    if rates["all"] >= (BUSY_FILL if fill else BUSY):
        held.append("busy")
    elif rates["all"] <= (SPARSE_FILL if fill else SPARSE):
        held.append("sparse")
    if rates["mean"] >= LOUD:
        held.append("loud")
    elif rates["mean"] <= SOFT:
        held.append("soft")
    return held


def _voices(rates: dict[str, float], fill: bool) -> list[str]:
    hats, led = rates["CH"] + rates["OH"], rates["led"]
    rules = {
        "ride": rates["RD"] >= RIDE,
        "hats": hats >= HATS and rates["RD"] < RIDE,
        "16ths": led >= SIXTEENTHS,
        "8ths": EIGHTHS <= led < SIXTEENTHS,
        "open hats": 4 * rates["OH"] >= OPEN_HATS,
        "crash": 4 * rates["CR"] >= CRASHES,
        "bell": 4 * rates["bell"] >= BELLS,
        "toms": rates["toms"] >= (TOMS_FILL if fill else TOMS),
        "ghost notes": 4 * rates["ghost"] >= (GHOSTS_FILL if fill else GHOSTS),
        "cross-stick": 4 * rates["stick"] >= CROSS_STICKS,
        "snare rolls": rates["snare"] >= ROLLS,
        "busy kick": rates["BD"] >= BUSY_KICK,
    }
    return [trait for trait, holds in rules.items() if holds]


def _feel(time: np.ndarray, beats: float) -> list[str]:
    """Swing, shuffle and triplets, from the positions of the hits between beats."""
    phase = (time + 0.125) % 1 - 0.125
    between = phase[(phase > 0.15) & (phase < 0.85)]
    if len(between) < max(2, beats / 4):
        return []
    to_triplet = np.abs(3 * between - np.round(3 * between)) / 3
    to_sixteenth = np.abs(4 * between - np.round(4 * between)) / 4
    fits = np.mean(to_triplet < to_sixteenth) >= TRIPLET_FIT
    late = int(np.count_nonzero((phase > 0.58) & (phase < 0.72)))
    even = int(np.count_nonzero((phase > 0.42) & (phase <= 0.58)))
    first = np.count_nonzero((phase > 0.29) & (phase < 0.40))
    held = []
    if fits and late >= SWING * max(1, late + even):
        held.append("swing")
        if late / beats >= SHUFFLE:
            held.append("shuffle")
    if fits and (first + late) / beats >= TRIPLETS and first >= 0.3 * late:
        held.append("triplets")
    return held


def _metre(notes: np.ndarray, drum: np.ndarray, beats: float) -> list[str]:
    """Traits from the positions of bass drum and snare accents in a bar of 4/4."""
    kick = drum == DRUMS.index("BD")
    accent = (drum == DRUMS.index("SD")) & (
        (notes["velocity"] >= ACCENT_VELOCITY) | (notes["pitch"] == CROSS_STICK)
    )
    snare_on = _beats_with(notes["time"][accent], beats, 0.0)
    kick_on = _beats_with(notes["time"][kick], beats, 0.0)
    ands = _beats_with(notes["time"][accent], beats, 0.5)
    place = np.arange(len(snare_on)) % 4
    back = snare_on[(place == 1) | (place == 3)].mean() if len(place) > 1 else 0.0
    third = snare_on[place == 2].mean() if len(place) > 2 else 0.0
    phase = (notes["time"][kick | accent] + 0.125) % 1
    off = ((phase >= 0.25) & (phase < 0.5)) | (phase >= 0.75)
    rules = {
        "backbeat": back >= BACKBEAT,
        "half-time": third >= HALF_TIME and back <= HALF_TIME_REST,
        "double-time": ands.mean() >= DOUBLE_TIME,
        "four on the floor": kick_on.mean() >= FOUR,
        "syncopated": len(off) >= beats / 2 and off.mean() >= SYNCOPATED,
    }
    return [trait for trait, holds in rules.items() if holds]


def _beats_with(time: np.ndarray, beats: float, phase: float) -> np.ndarray:
    """Whether each beat has one of these hits within an eighth of a beat of `phase`: bool (n,)."""
    n = max(1, int(beats))
    nearest = np.round(time - phase).astype(int)
    near = np.abs(time - phase - nearest) < 0.125
    flags = np.zeros(n, dtype=bool)
    flags[nearest[near] % n] = True  # a loop: a hit just before the end is the next downbeat
    return flags


def _form(notes: np.ndarray, drum: np.ndarray, beats: float, kind: str) -> list[str]:
    """Whether the pattern repeats from bar to bar, and whether some bars have a fill."""
    bars = int(beats // 4)
    if bars < FEW_BARS or kind == "fill":
        return []
    cell = np.floor(notes["time"] * 4 + 0.5).astype(int) % (bars * 16)
    roll = np.zeros((bars * 16, len(DRUMS)), dtype=bool)
    roll[cell, drum] = True
    per_bar = roll.reshape(bars, -1)
    both = (per_bar[1:] & per_bar[:-1]).sum(1)
    either = (per_bar[1:] | per_bar[:-1]).sum(1)
    held = ["steady"] if np.mean(both / np.maximum(1, either)) >= STEADY else []
    toms = roll.reshape(bars, 16, -1)[:, :, -3:].sum((1, 2))
    if 0 < np.mean(toms >= FILL_BAR) <= FILL_SHARE:
        held.append("fills")
    return held
