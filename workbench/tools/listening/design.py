"""The design of a listening test: its trials, the page for raters, and the key.

There are two designs. In `ratings` a trial is one clip, rated from 1 to 5 for quality, aptness to
its prompt, and novelty, as in the drum paper (arXiv 2408.02711). In `ab` a trial is two clips for
the same prompt, of which the rater chooses one. Every rater gets every trial, in an individual
order.

Three further kinds of trials are not counted: `practice` is the first, `check` asks for a number of
tones, and `repeat` is a trial that occurs again, to measure how consistent a rater is.

A test has two parts. The page has only random names of clips; the key has their sources, and stays
with the instructor.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import number, random_generator, seed_of
from workbench.errors import BrokenFileError, WorkbenchError
from workbench.files import UNREADABLE, load_json, write_text
from workbench.tools.listening.page import page_html
from workbench.tools.listening.sounds import coded, comparable, tones

if TYPE_CHECKING:
    from workbench.music.clip import Clip

KEY_FORMAT = "workbench listening key 1"
DESIGNS = ("ratings", "ab")
POINTS = 5
CHECK_TONES = (2, 5)  # smallest and largest number of tones in the check
SCALES = (  # name, question, what 1 and 5 mean
    ("quality", "How good is it as music?", "poor", "excellent"),
    ("aptness", "How well does it fit the prompt above?", "not at all", "very well"),
    ("novelty", "How new or surprising is it?", "very familiar", "quite new to me"),
)
PREFERENCE = "Which one do you prefer as music for the prompt above?"


@dataclass(frozen=True)
class Material:
    """One clip of a test, its source and its prompt."""

    source: str
    prompt: str
    clip: Clip


@dataclass(frozen=True)
class ListeningTest:
    """A test. page: data for the browser, without sources; key: the rest, for the analysis. Both
    are JSON data."""

    page: dict[str, Any]
    key: dict[str, Any]

    @property
    def trials(self) -> list[str]:
        """Names of the trials that are analysed."""
        return [name for name, trial in self.key["trials"].items() if trial["kind"] == "test"]

    def write(self, folder: str | os.PathLike[str]) -> tuple[Path, Path]:
        """Write test.html, for raters, and key.json, for the instructor. Returns both paths."""
        page, key = Path(folder) / "test.html", Path(folder) / "key.json"
        write_text(page, page_html(self.page))
        write_text(key, json.dumps(self.key, indent=1, ensure_ascii=False))
        return page, key


def read_key(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a test's key. Raises BrokenFileError for a file that is not one."""
    try:
        key = load_json(path)
    except (OSError, *UNREADABLE) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise BrokenFileError(
            f"{path} cannot be read as the key of a listening test ({reason}); "
            "give the key.json that `workbench listen make` wrote"
        ) from error
    if not _is_key(key):
        raise BrokenFileError(f"{path} is not a key of a listening test; give its key.json")
    return key


def _is_key(key: Any) -> bool:
    """Whether it has the form of a key, and all names in it are defined."""
    if not isinstance(key, dict) or (key.get("format"), key.get("design") in DESIGNS) != (
        KEY_FORMAT,
        True,
    ):
        return False
    lists: list[Any] = [key.get(name) for name in ("sources", "prompts", "scales")]
    words = [key.get("test"), key.get("title")]
    for names in lists:
        if not isinstance(names, list) or not names:
            return False
        words += names
    clips, trials = key.get("clips"), key.get("trials")
    if not isinstance(clips, dict) or not isinstance(trials, dict) or not (clips and trials):
        return False
    return (
        all(isinstance(word, str) for word in words)
        and all(
            isinstance(clip, dict)
            and clip.get("source") in lists[0]
            and clip.get("prompt") in lists[1]
            for clip in clips.values()
        )
        and all(_is_trial(trial, key) for trial in trials.values())
    )


def _is_trial(trial: Any, key: dict[str, Any]) -> bool:
    if not isinstance(trial, dict) or not isinstance(trial.get("clips"), list):
        return False
    kind, clips = trial.get("kind"), trial["clips"]
    if not all(isinstance(clip, str) for clip in clips):
        return False
    if kind == "check":
        return type(trial.get("answer")) is int
    if kind in ("test", "repeat"):
        several = 2 if key["design"] == "ab" else 1
        of = trial.get("of")
        known = kind == "test" or (isinstance(of, str) and of in key["trials"])
        return known and len(clips) == several and all(clip in key["clips"] for clip in clips)
    return kind == "practice"


def make_test(
    materials: Sequence[Material],
    practice: Clip,
    *,
    design: str = "ratings",
    title: str = "Listening test",
    seconds: float = 8.0,
    seed: int,
) -> ListeningTest:
    """Create a test from one clip of every source for every prompt.

    Args:
        materials: The clips.
        practice: Clip of the practice trial.
        design: "ratings" or "ab".
        title: Of the page.
        seconds: Maximal length of a clip.
        seed: Of the random names and their order. It reveals the names, so keep it secret.

    Returns:
        The test.

    Raises:
        WorkbenchError: for a clip that is missing, duplicated, silent or too short.
    """
    if design not in DESIGNS:
        raise WorkbenchError(f"design: {design!r} is unknown; choose one of {', '.join(DESIGNS)}")
    title = " ".join(title.split())
    if not title:
        raise WorkbenchError("title: is empty; give a title for the page")
    sources, prompts = _complete(materials)
    seed, seconds = seed_of(seed), number(seconds, "seconds")
    random = random_generator(seed)
    labels = [f"{m.source}, {m.prompt!r}" for m in materials] + ["the practice clip"]
    sounds, gains = comparable([*(m.clip for m in materials), practice], labels, seconds)
    _all_differ(sounds, labels)
    count = int(random.integers(CHECK_TONES[0], CHECK_TONES[1] + 1))
    names = _names(random, "c", len(sounds) + 1)
    files = {
        name: base64.b64encode(coded(sound)).decode()
        for name, sound in zip(names, [*sounds, tones(count, sounds[0], seed)], strict=True)
    }
    clips = {
        name: {
            "source": m.source,
            "prompt": m.prompt,
            "caption": m.clip.caption,
            "from": m.clip.source,
            "gain": round(gain, 2),
        }
        for name, m, gain in zip(names, materials, gains, strict=False)
    }
    trials = _trials(clips, sources, prompts, design, random)
    trials.insert(
        0,
        {
            "kind": "practice",
            "clips": [names[-2]] * (2 if design == "ab" else 1),
            "prompt": practice.caption or "anything",
        },
    )
    trials.append({"kind": "check", "clips": [names[-1]], "prompt": "", "answer": count})
    _name_trials(trials, random)
    head = {"test": _names(random, "t", 1)[0], "design": design, "title": title}
    key = {
        "format": KEY_FORMAT,
        **head,
        "seed": seed,
        "sources": sources,
        "prompts": prompts,
        "scales": [scale[0] for scale in SCALES] if design == "ratings" else ["preference"],
        "clips": clips,
        "trials": {t["name"]: {k: t[k] for k in t if k != "name"} for t in trials},
    }
    return ListeningTest({**head, **_shown(design, trials, files, random)}, key)


def _complete(materials: Sequence[Material]) -> tuple[list[str], list[str]]:
    """Sources and prompts in order. Raises WorkbenchError unless every source has every prompt."""
    sources = list(dict.fromkeys(m.source for m in materials))
    prompts = list(dict.fromkeys(m.prompt for m in materials))
    if len(sources) < 2:
        raise WorkbenchError("a listening test compares at least 2 sources; add another")
    count: dict[tuple[str, str], int] = {}
    for m in materials:
        count[m.source, m.prompt] = count.get((m.source, m.prompt), 0) + 1
    for source in sources:
        for prompt in prompts:
            found = count.get((source, prompt), 0)
            if found != 1:
                raise WorkbenchError(f"{source} has {found} clips for {prompt!r}; give exactly one")
    return sources, prompts


def _all_differ(sounds: Sequence[np.ndarray], labels: Sequence[str]) -> None:
    """Raise WorkbenchError for the same sound under two labels, such as one file given twice."""
    seen: dict[bytes, str] = {}
    for sound, label in zip(sounds, labels, strict=True):
        other = seen.setdefault(sound.astype(np.float32).tobytes(), label)
        if other != label:
            raise WorkbenchError(f"{other} and {label} are the same sound; replace one")


def _trials(
    clips: dict[str, dict[str, Any]],
    sources: list[str],
    prompts: list[str],
    design: str,
    random: np.random.Generator,
) -> list[dict[str, Any]]:
    """The trials that are analysed, and one of them repeated."""
    made: list[dict[str, Any]] = []
    for prompt in prompts:
        of = {clip["source"]: name for name, clip in clips.items() if clip["prompt"] == prompt}
        groups: Iterable[tuple[str, ...]] = (
            combinations(sources, 2) if design == "ab" else ((source,) for source in sources)
        )
        for group in groups:
            made.append({"kind": "test", "clips": [of[s] for s in group], "prompt": prompt})
    again = made[int(random.integers(len(made)))]
    made.append({**again, "kind": "repeat", "of": again})
    return made


def _names(random: np.random.Generator, letter: str, count: int) -> list[str]:
    """Random names, all different."""
    made: dict[str, None] = {}
    while len(made) < count:
        made[letter + random.bytes(5).hex()] = None
    return list(made)


def _name_trials(trials: list[dict[str, Any]], random: np.random.Generator) -> None:
    for trial, name in zip(trials, _names(random, "q", len(trials)), strict=True):
        trial["name"] = name
        if len(trial["clips"]) == 2 and random.random() < 0.5:
            trial["clips"] = trial["clips"][::-1]  # or the first source would always come first
    for trial in trials:
        if "of" in trial:
            trial["of"] = trial["of"]["name"]


def _shown(
    design: str, trials: list[dict[str, Any]], files: dict[str, str], random: np.random.Generator
) -> dict[str, Any]:
    """The trials for the browser, in an order that reveals nothing. A repeat looks like any other
    trial. The browser shuffles the trials for each rater."""
    seen = []
    for trial in trials:
        kind = "test" if trial["kind"] == "repeat" else trial["kind"]
        seen.append({k: trial[k] for k in ("name", "clips", "prompt")} | {"kind": kind})
    return {
        "scales": [
            dict(zip(("name", "question", "low", "high"), scale, strict=True)) for scale in SCALES
        ]
        if design == "ratings"
        else [],
        "question": PREFERENCE if design == "ab" else "",
        "points": POINTS,
        "trials": [seen[i] for i in random.permutation(len(seen))],
        "sounds": {name: files[name] for name in sorted(files)},
    }
