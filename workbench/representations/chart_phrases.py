"""The facts of a drum chart in drummers' words, beside the style of `datasets/phrases.py`.

Each phrase names some of the measured facts: drums that play and drums that do not, amounts, places
in the bar and in the loop, sections, feel, form, metre, tempo. A system that is trained on them
learns that "no snare" is a loop without a snare.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from workbench.datasets.facts import Facts, tempo_word
from workbench.datasets.phrases import BEATS, FILLS, different, genre_words, joined, with_lead
from workbench.music.kit import DRUMS
from workbench.representations.drum_chart import DrumChart, bar_steps, pulse_steps

# Thresholds of a chart's fields.
BUSY, SPARSE = 5.75, 3.0  # hits per quarter note
LOUD, SOFT = 0.69, 0.42  # mean velocity
HALVES = {"loudness": 0.12, "density": 1.5}  # least difference between the halves of a loop
LAID_BACK, PUSHED = 0.1, -0.1  # snare behind the kick, in sixteenths
TIGHT, LOOSE = 0.06, 0.17  # standard deviation of the offsets, in sixteenths
SWUNG, STRAIGHT = 0.6, 0.1  # share of off-beat hits on triplets
GHOSTS, MANY_GHOSTS = 0.5, 1.1  # soft snare hits per quarter note
SAME, VARIED = 0.92, 0.35  # mean likeness of neighbouring bars
ALWAYS = 0.95  # share of the bars in which a hit that is named falls
# Hits per quarter note below which a drum is rare and above which there is a lot of it.
_AMOUNTS = {
    "kick": (0.6, 1.6),
    "snare": (0.35, 1.8),
    "hats": (1.0, 3.2),
    "open hats": (0.2, 1.1),
    "ride": (0.9, 2.6),
    "crash": (0.12, 0.7),
    "toms": (0.35, 1.6),
}
_GROUPS = {
    "kick": ("BD",),
    "snare": ("SD",),
    "hats": ("CH", "OH"),
    "open hats": ("OH",),
    "ride": ("RD",),
    "crash": ("CR",),
    "toms": ("LT", "MT", "HT"),
}
_KEEPING = ("kick", "snare", "hats", "ride")  # drums that belong to a groove, not to a fill
_NAMES = {
    "kick": ("kick", "kick drum", "bass drum", "kick"),
    "snare": ("snare", "snare drum", "snare"),
    "hats": ("hats", "hi-hats", "hi-hat"),
    "open hats": ("open hats", "open hi-hats", "open hat"),
    "ride": ("ride", "ride cymbal"),
    "crash": ("crashes", "crash cymbals", "crashes"),
    "toms": ("toms", "tom"),
}
_PLAIN = frozenset(word for names in _NAMES.values() for word in names)
_WITHOUT = ("no {}", "no {}", "without {}", "without any {}", "{} left out", "don't use the {}")
_ONLY = ("only {}", "just {}", "nothing but {}", "{} only", "only {}, nothing else")
_SLOW, _FAST = ("slow", "slow", "slow tempo"), ("fast", "fast", "uptempo", "quick")
_MEDIUM = ("medium tempo", "mid-tempo", "moderate")
_METERS = {
    (3, 4): ("3/4", "in 3/4", "in three", "3/4 time"),
    (2, 4): ("2/4", "in 2/4", "2/4 time"),
    (5, 4): ("5/4", "in 5/4", "in five", "5/4 time"),
    (6, 8): ("6/8", "in 6/8", "in six eight", "6/8 time"),
    (7, 8): ("7/8", "in 7/8", "in seven", "7/8 time"),
    (12, 8): ("12/8", "in 12/8", "twelve eight"),
}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True)
class Part:
    """A statement and its wordings, of which a phrase has one: `before` a noun ("busy"), after
    "with" ("lots of toms"), or on its own (`alone`, "no snare"). weight: relative probability."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()
    weight: float = 1.0


def chart_phrases(chart: DrumChart, facts: Facts, n: int = 1, seed: int = 0) -> list[str]:
    """Describe facts of a measured chart in `n` phrases.

    Args:
        chart: A measured chart; fields that are NaN are not named.
        facts: Style, tempo in BPM and kind of the loop.
        n: Number of phrases.
        seed: The same seed gives the same phrases.

    Returns:
        Phrases from a style alone ("funk") to sentences of four facts. A metre other than 4/4 is
        always named. They differ where the facts allow it.
    """
    random = Random(f"{seed}/{facts}/{chart.hits.tobytes()!r}")
    parts = list(_parts(chart, facts))
    return different(lambda: _phrase(chart, facts, parts, random), n)


# --- statements -----------------------------------------------------------------------------------


def _parts(chart: DrumChart, facts: Facts) -> Iterator[Part]:
    """All statements that hold."""
    yield from _drums(chart)
    yield from _bar_places(chart)
    yield from _events(chart, facts)
    yield from _halves(chart)
    yield from _feel(chart)


def _rates(chart: DrumChart) -> dict[str, np.ndarray]:
    """Hits per quarter note of each group of drums in each bar."""
    columns = {name: [DRUMS.index(c) for c in codes] for name, codes in _GROUPS.items()}
    return {name: chart.drums[:, column].sum(1) for name, column in columns.items()}


def _drums(chart: DrumChart) -> Iterator[Part]:
    """Drums that play, much or little, and those that do not."""
    rates = _rates(chart)
    if not np.isfinite(chart.drums).all():
        return
    present = [name for name, rate in rates.items() if rate.max() > 0 and name != "open hats"]
    for name, rate in rates.items():
        names = _NAMES[name]
        if rate.max() == 0:
            weight = 2.5 if name in ("kick", "snare", "hats") else 0.8
            yield Part(alone=_filled(_WITHOUT, names), weight=weight)
            continue
        few, many = _AMOUNTS[name]
        if rate.mean() >= many:
            adjectives = (f"busy {names[0]}",) if name in ("kick", "snare", "hats") else ()
            yield Part(after=(*adjectives, f"lots of {names[0]}", f"a lot of {names[-1]}"))
        elif rate.mean() <= few and (rate > 0).mean() > 0.5:
            yield Part(after=(f"a few {names[0]}", f"sparse {names[0]}"), weight=0.6)
        elif name not in ("kick", "snare"):
            yield Part(after=names, weight=1.2 if (rate > 0).all() else 0.3)
        if name in _KEEPING:
            yield from _comings(name, rate)
    if rates["ride"].max() == rates["crash"].max() == 0:
        # "Any cymbals" are the hi-hats, too.
        forms = tuple(f for f in _WITHOUT if "any" not in f or "hats" not in present)
        yield Part(alone=_filled(forms, ("cymbals",)))
    if 1 <= len(present) <= 3:
        names = tuple(joined([_NAMES[n][i % 2] for n in present]) for i in range(2))
        yield Part(alone=_filled(_ONLY, names), weight=3.0)


def _comings(name: str, rate: np.ndarray) -> Iterator[Part]:
    """A drum that comes in, drops out, or is missing in one bar."""
    bars, there = len(rate), rate > 0
    word = _NAMES[name][0]
    if there.all() or bars < 2:
        return
    first, last = int(there.argmax()), bars - 1 - int(there[::-1].argmax())
    come, drop = ("come in", "drop out") if word.endswith("s") else ("comes in", "drops out")
    if first and there[first:].all():
        yield Part(alone=(f"{word} {come} at bar {first + 1}", f"no {word} until bar {first + 1}"))
    elif last < bars - 1 and there[: last + 1].all():
        yield Part(alone=(f"{word} {drop} in bar {last + 2}",))
    if (~there).sum() == 1:
        bar = int((~there).argmax()) + 1
        yield Part(alone=(f"no {word} in bar {bar}", f"without {word} in bar {bar}"))


def _bar_places(chart: DrumChart) -> Iterator[Part]:
    """Hits that stand in each bar, but in fills."""
    size, pulses = bar_steps(chart.meter), pulse_steps(chart.meter)
    plain = [b for b in range(chart.bars) if chart.fill[b] != 1 and chart.density[b] > 0]
    if not plain or not np.isfinite(chart.hits).all():
        return
    bars = chart.hits.reshape(chart.bars, size, len(DRUMS))
    usual = bars[plain].mean(0)  # share of the bars

    def holds(drum: str, steps: list[int]) -> bool:
        return bool(usual[steps, DRUMS.index(drum)].min(initial=1) >= ALWAYS)

    def rare(drum: str, steps: list[int]) -> bool:
        return bool(usual[steps, DRUMS.index(drum)].max(initial=0) <= 1 - ALWAYS)

    if len(pulses) > 1 and holds("BD", list(pulses)):
        yield Part(alone=("four on the floor", "kick on every beat"), weight=2.0)
    if bars[0, 0, DRUMS.index("CR")] == 1:
        yield Part(
            alone=("crash on the one", "start with a crash", "crash on beat 1 of bar 1"), weight=1.5
        )
    if chart.meter != (4, 4):
        return
    if holds("SD", [4, 12]):
        yield Part(alone=("snare on 2 and 4", "snare on two and four", "snare on the backbeat"))
    if holds("SD", [8]) and rare("SD", [4, 12]):
        yield Part(before=("half-time",), after=("a half-time feel",), weight=2.0)
    if rare("BD", [0]) and holds("BD", [8]):
        yield Part(alone=("kick on 3, no kick on 1", "no kick on the one"), weight=2.0)
    if holds("BD", [0, 8]) and rare("BD", [4, 12]):
        yield Part(alone=("kick on 1 and 3",))
    straight = np.nanmax(chart.swing, initial=0) < SWUNG / 2
    for drum, name in (("CH", "hats"), ("OH", "open hats"), ("RD", "ride")):
        if holds(drum, list(range(16))):
            yield Part(after=(f"16th note {name}",), alone=(f"{name} in 16ths",), weight=1.5)
        elif straight and holds(drum, [2, 6, 10, 14]) and rare(drum, [0, 4, 8, 12]):
            yield Part(alone=(f"{name} on the offbeat", f"{name} off the beat"), weight=2.0)
        elif straight and holds(drum, list(range(0, 16, 2))):
            yield Part(after=(f"8th note {name}",), alone=(f"{name} in 8ths",))


def _events(chart: DrumChart, facts: Facts) -> Iterator[Part]:
    """Fills, silence, and the form."""
    bars = chart.bars
    if facts.kind != "fill" and np.isfinite(chart.fill).all():
        places = [b + 1 for b in range(bars) if chart.fill[b] == 1]
        if not places and bars > 1:
            yield Part(alone=("no fills", "without fills"), weight=0.7)
        elif bars > 1 and len(places) <= bars // 2:
            yield Part(alone=tuple(_fill_words(places, bars)), weight=3.0)
    silent = [b + 1 for b in range(bars) if chart.density[b] == 0]
    if len(silent) == 1 and bars > 1:
        yield Part(alone=(f"silence in bar {silent[0]}", f"a bar of rest in bar {silent[0]}"))
    letters = chart.letter
    if bars in (4, 8) and np.isfinite(letters).all():
        plan = letters[:4].tolist()
        repeats = bars == 4 or letters[4:].tolist() == plan
        if repeats and 1 < len(set(plan)) < 4:
            form = "".join("ABCDEF"[int(letter)] for letter in plan)
            yield Part(alone=(form, f"{form} form", f"form {form}"), weight=1.5)


def _fill_words(places: list[int], bars: int) -> Iterator[str]:
    named = joined([str(place) for place in places])
    yield f"fill in bar{'s' if len(places) > 1 else ''} {named}"
    if places == [bars]:
        yield from ("fill in the last bar", "fill at the end", "end with a fill", "then a fill")
    elif len(places) == 1 and places[0] <= len(_ORDINALS):
        yield f"a fill in the {_ORDINALS[places[0] - 1]} bar"
    elif places == list(range(4, bars + 1, 4)):
        yield from ("a fill every 4 bars", "fills every four bars")


def _halves(chart: DrumChart) -> Iterator[Part]:
    """A half that is louder or busier than the other; a loop that grows."""
    bars = chart.bars
    if bars < 2 or (chart.density == 0).any():
        return
    half = bars // 2
    words = {"loudness": ("quiet", "loud", "louder"), "density": ("sparse", "busy", "busier")}
    for name, (low, high, more) in words.items():
        values = getattr(chart, name)
        if not np.isfinite(values).all():
            continue
        first, second = values[:half], values[bars - half :]
        rise = float(second.mean() - first.mean())
        if abs(rise) < HALVES[name]:
            continue
        if name == "loudness" and rise > 0 and (np.diff(values) > 0.01).all() and bars > 2:
            yield Part(alone=("build up", "getting louder", "crescendo"), weight=3.0)
        if first.max() < second.min():
            alone = [f"{low} first half, {high} second half", f"{more} in the second half"]
            if name == "loudness":
                alone += ["quiet verse then loud chorus", "starts quiet, ends loud"]
            yield Part(alone=tuple(alone), weight=3.0)
        elif second.max() < first.min():
            yield Part(alone=(f"{high} first half, {low} second half",), weight=3.0)


def _feel(chart: DrumChart) -> Iterator[Part]:
    """Density, loudness, timing, swing, ghost notes and how steady the loop is."""
    density, loudness = (_mean(getattr(chart, name)) for name in ("density", "loudness"))
    if density >= BUSY:
        yield Part(before=("busy", "dense", "complex"), after=("lots of notes", "many hits"))
    elif 0 < density <= SPARSE:
        yield Part(before=("sparse", "simple", "minimal"), after=("few notes", "lots of space"))
    if loudness >= LOUD:
        yield Part(before=("loud", "hard-hitting", "heavy"))
    elif loudness <= SOFT:
        yield Part(before=("soft", "quiet", "gentle"))
    swing, lay, loose = (_mean(getattr(chart, name)) for name in ("swing", "lay", "loose"))
    if swing >= SWUNG:
        yield Part(before=("swung", "swinging"), after=("a swung feel", "a swing feel"), weight=1.5)
    elif swing <= STRAIGHT:
        yield Part(before=("straight",), alone=("no swing", "not swung"), weight=0.3)
    if lay >= LAID_BACK:
        yield Part(before=("laid-back",), alone=("behind the beat", "laid back"), weight=1.5)
    elif lay <= PUSHED:
        yield Part(
            before=("pushed",), alone=("ahead of the beat", "on top of the beat"), weight=1.5
        )
    if loose <= TIGHT:
        yield Part(before=("tight", "quantized", "precise"))
    elif loose >= LOOSE:
        yield Part(before=("loose", "sloppy"))
    ghosts = _mean(chart.ghosts)
    if ghosts >= MANY_GHOSTS:
        yield Part(after=("lots of ghost notes", "many ghost notes", "ghost notes"), weight=1.5)
    elif ghosts >= GHOSTS:
        yield Part(after=("ghost notes", "ghosted snare"), weight=1.5)
    elif ghosts == 0 and chart.drums[:, DRUMS.index("SD")].min() > 0:
        yield Part(alone=("no ghost notes", "without ghost notes"), weight=0.7)
    if chart.bars > 1 and (chart.fill != 1).all() and (chart.density > 0).all():
        likeness = _mean(chart.likeness)
        if likeness >= SAME:
            yield Part(before=("steady", "repetitive"), alone=("never changes", "same every bar"))
        elif likeness <= VARIED:
            yield Part(before=("varied",), alone=("changes every bar", "never the same"))


def _mean(values: np.ndarray) -> float:
    """Mean of the bars that are known; NaN, which reaches no threshold, if none is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _filled(forms: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(form.format(name) for form in forms for name in names)


# --- wordings ----------------------------------------------------------------------------------


def _phrase(chart: DrumChart, facts: Facts, parts: list[Part], random: Random) -> str:
    """One phrase: choose the statements, then the form."""
    genre = genre_words(facts, random)
    chosen = _chosen(parts, random.choice((0, 1, 1, 2, 2, 3, 4)), random)
    before: list[str] = []
    after: list[str] = []
    alone: list[str] = []
    for part in chosen:
        forms = ((before, part.before), (after, part.after), (alone, part.alone))
        place, words = random.choice([form for form in forms if form[1]])
        place.append(random.choice(words))
    after.sort(key=lambda words: words not in _PLAIN)  # an amount applies to what stands after it
    if after or len(alone) > 1:  # "then a fill" divides the loop into sections
        alone = ["end with a fill" if words == "then a fill" else words for words in alone]
    tempo = _tempo(facts, random)
    if chart.meter in _METERS and not (chart.meter == (3, 4) and "waltz" in genre):
        alone.insert(0, random.choice(_METERS[chart.meter]))
    noun = random.choice(FILLS[:-2] if facts.kind == "fill" else BEATS)
    if facts.kind != "fill" and not genre and not before and alone and random.random() < 0.6:
        text = ", ".join([f"with {joined(after)}", *alone] if after else alone)  # "no snare"
    elif random.random() < 0.6 or facts.kind == "fill":
        text = with_lead(" ".join([*before, *([genre] if genre else []), noun]), random)
        text = ", ".join([text + (f" with {joined(after)}" if after else ""), *alone])
    else:
        rest = [*before, *([joined(after)] if after else [])]
        random.shuffle(rest)
        text = ", ".join(filter(None, [genre, *rest, *alone])) or noun
    if tempo:
        text = (
            f"{tempo}, {text}"
            if facts.kind != "fill" and random.random() < 0.2
            else f"{text}, {tempo}"
        )
    return text.strip(" ,")


def _chosen(parts: list[Part], n: int, random: Random) -> list[Part]:
    """Choose `n` different statements by their weights."""
    left, chosen = list(parts), []
    for _ in range(min(n, len(left))):
        part = random.choices(left, [p.weight for p in left])[0]
        left.remove(part)
        chosen.append(part)
    return chosen


def _tempo(facts: Facts, random: Random) -> str:
    """A figure or a word for the tempo, or nothing."""
    if not facts.tempo or random.random() < 0.4:
        return ""
    if random.random() < 0.6:
        return f"{facts.tempo:.0f}{random.choice((' bpm', ' BPM', 'bpm'))}"
    return random.choice({"slow": _SLOW, "medium": _MEDIUM, "fast": _FAST}[tempo_word(facts.tempo)])
