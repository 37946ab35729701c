"""The commands over all systems: `workbench systems`, generate, inpaint, vary, train.

They read from the registry what a system `can` do and which settings it has; none of them depends
on a certain system. Options that are not given keep the system's default.
"""

from __future__ import annotations

import argparse
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from sys import stderr
from typing import TYPE_CHECKING, Any

from workbench import options
from workbench.errors import PromptError, WorkbenchError
from workbench.files import AUDIO_SUFFIXES
from workbench.options import check_out
from workbench.systems.registry import SYSTEMS, Entry, datasets, entry_of, find, system_key

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.region import Region

SYSTEM = "one of " + ", ".join(SYSTEMS)
CHECKPOINT = "a name or a folder; default: the shipped checkpoint of the system"
TRACKS = "names, numbers (#2), MIDI programs, or drums; in a drum loop voices such as SD"

# settings of `generate`, `inpaint` and `vary` over all systems; `systems` lists those of each
SETTINGS: dict[str, dict[str, Any]] = {
    "prompt": {"help": "text; default: the caption of the clip"},
    "bars": {"type": options.whole(1), "help": "length in bars"},
    "seconds": {"type": options.number(0), "help": "length in seconds"},
    "tempo": {"type": options.number(), "help": "BPM; default: the tempo in the prompt, if any"},
    "meter": {"type": options.meter, "metavar": "N/N", "help": "metre, such as 3/4"},
    "tracks": {"nargs": "+", "type": options.nonempty, "help": TRACKS},
    "genre": {"type": options.nonempty, "help": "a genre of the training data"},
    "like": {
        "type": options.path,
        "metavar": "FILE",
        "help": "a sound file that the result is to resemble",
    },
    "strength": {"type": options.number(0, 1), "help": "0 keeps the clip, 1 generates a new one"},
    "steps": {"type": options.whole(1), "help": "number of sampling steps; more take longer"},
    "guidance": {"type": options.number(), "help": "strength of guidance by the prompt"},
    "sampler": {"type": options.nonempty, "help": "such as ddpm, ddim or dpm++"},
    "candidates": {
        "type": options.whole(1),
        "help": "number to generate, of which the best is kept",
    },
    "temperature": {
        "type": options.number(0),
        "help": "below 1: likelier results; above 1: more varied ones",
    },
    "top-k": {"type": options.whole(0), "help": "sample from the k likeliest tokens; 0: from all"},
    "top-p": {
        "type": options.number(0, 1),
        "help": "sample from the likeliest tokens up to this total probability",
    },
    "repetition": {"type": options.number(0), "help": "above 1: penalises repeated tokens"},
    "window": {
        "type": options.whole(1),
        "help": "number of previous tokens that count as repeated",
    },
}
MADE = (  # settings of a new clip
    *("bars", "seconds", "tempo", "meter", "tracks", "genre", "like", "steps", "guidance"),
    *("sampler", "candidates", "temperature", "top-k", "top-p", "repetition", "window"),
)
EDITED = (
    *("prompt", "genre", "like", "steps", "guidance", "sampler"),
    *("temperature", "top-k", "top-p", "repetition", "window"),
)
VERB_SETTINGS = {"generate": MADE, "inpaint": EDITED, "vary": ("strength", *EDITED)}


def add(commands: Any, profiles: Sequence[str]) -> None:
    """Add the commands' options to the parser of `workbench`."""
    add = commands.add_parser("systems", help="list the systems, what each can do, and its options")
    add.set_defaults(run=systems)

    add = commands.add_parser("generate", help="generate clips for a prompt")
    add.add_argument("prompt", nargs="?", help="the text, such as 'slow funk, 92 bpm'")
    _shared(add, "generate", "drums")
    add.set_defaults(run=generate)

    for name, system, told in (
        ("inpaint", None, "regenerate a part of a MIDI or sound file"),
        ("fill", "songs", "the same as inpaint; the default system is songs"),
    ):
        add = commands.add_parser(name, help=told)
        add.add_argument("file", type=options.path, help="the MIDI or sound file")
        part = add.add_argument_group("what to replace; everything else stays")
        part.add_argument(
            "--bars",
            type=options.bar_range,
            dest="part_bars",
            metavar="FIRST-LAST",
            help="such as 9-12, counted from 1; bars beyond the end of a song continue it",
        )
        for side, told in (("before", "introduce"), ("after", "continue")):
            part.add_argument(
                f"--{side}",
                type=options.whole(1),
                dest=f"part_{side}",
                metavar="BARS",
                help=f"{told} a song by this number of bars",
            )
        part.add_argument(
            "--seconds",
            type=options.second_range,
            dest="part_seconds",
            metavar="FIRST-LAST",
            help="such as 1.5-3, counted from 0",
        )
        part.add_argument(
            "--cells",
            type=options.bar_range,
            dest="part_cells",
            metavar="FIRST-LAST",
            help="sixteenths of a drum loop, such as 5-8, counted from 1",
        )
        part.add_argument(
            "--tracks",
            nargs="+",
            type=options.nonempty,
            dest="part_tracks",
            metavar="TRACK",
            help=f"only these tracks: {TRACKS}; default: all; in a song those that play within "
            "four bars, and drums only if the checkpoint was trained on drums",
        )
        add.add_argument(
            "--tempo", type=options.number(1), help="BPM of a sound file, to count its --bars"
        )
        _shared(add, "inpaint", system)
        add.set_defaults(run=inpaint)

    add = commands.add_parser("vary", help="make variations of a MIDI or sound file")
    add.add_argument("file", type=options.path, help="the MIDI or sound file")
    _shared(add, "vary", None)
    add.set_defaults(run=vary)

    add = commands.add_parser(
        "train", help="train a system; the same command resumes a stopped training"
    )
    add.add_argument("system", type=system_key, metavar="SYSTEM", help=SYSTEM)
    add.add_argument(
        "--dataset", type=datasets, help='a name or a folder, or several joined by "+"'
    )
    add.add_argument("--profile", default="laptop", choices=profiles, help="size")
    for key, entry in SYSTEMS.items():
        for option, meaning in entry.options.items():
            add.add_argument(f"--{option}", type=options.nonempty, help=f"{key}: {meaning}")
    add.add_argument("--out", type=options.path, help="folder of the run (default: runs/SYSTEM)")
    add.add_argument(
        "--seed", type=options.seed, default=0, help="the same seed gives the same result"
    )
    add.add_argument(
        "--budget-minutes",
        type=options.number(0),
        help="end the training after this number of minutes",
    )
    add.set_defaults(run=train)


def _shared(add: argparse.ArgumentParser, verb: str, system: str | None) -> None:
    """Add the options of all commands that make clips. system: the default key; None: that of the
    checkpoint."""
    add.add_argument(
        "--system",
        type=system_key,
        default=system,
        help=SYSTEM + ("" if system else "; default: the system of the checkpoint"),
    )
    add.add_argument("--checkpoint", type=options.nonempty, help=CHECKPOINT)
    add.add_argument("-n", type=options.whole(1), default=1, help="number of takes")
    add.add_argument(
        "--seed", type=options.seed, default=0, help="the same seed gives the same result"
    )
    own = add.add_argument_group("settings of the system (see workbench systems)")
    for name in VERB_SETTINGS[verb]:
        own.add_argument(f"--{name}", **SETTINGS[name])
    add.add_argument("--out", type=options.path, default=Path("."), help="folder for the files")
    add.add_argument("--wav", action="store_true", help="also write the sound of MIDI clips")
    add.add_argument("--force", action="store_true", help="overwrite existing files")


# --- the commands -----------------------------------------------------------------------------


def systems(args: argparse.Namespace) -> int:
    # needed by these commands alone
    from workbench.systems.storage import shipped, system_of
    from workbench.systems.system import VERBS

    there: dict[str, list[str]] = {}
    for name in shipped():
        there.setdefault(system_of(name), []).append(name)
    for key, entry in SYSTEMS.items():
        system = entry.system
        others = sorted(there[entry.name], key=lambda name: name != entry.checkpoint)
        print(f"{key}: {entry.name}; checkpoints {', '.join(others)}")
        print(f"  can {', '.join(verb for verb in VERBS if verb in system.can)}")
        for verb in VERB_SETTINGS:
            if verb in system.can:
                words = " ".join(["PROMPT"] * (verb == "generate" and bool(system.reads)))
                words += "FILE" if verb != "generate" else ""
                part = (
                    "/".join(f"--{unit}" for unit in system.replaces) if verb == "inpaint" else ""
                )
                given = settings_of(entry, verb).items()
                own = (f"--{name}" + _default(value) for name, value in given)
                print("  " + " ".join(filter(None, (verb, words, part, *own))))
    return 0


def _default(value: Any) -> str:
    """How a default is shown: " 8"; nothing where there is none."""
    if value in (None, ""):
        return ""
    if isinstance(value, tuple):
        return " " + ("/" if len(value) == 2 else " ").join(map(str, value))
    return f" {value:g}" if isinstance(value, float) else f" {value}"


def settings_of(entry: Entry, verb: str) -> dict[str, Any]:
    """The settings that a system's verb has on the command line, with their defaults."""
    known = entry.system.settings(verb)
    named = {name: name.replace("-", "_") for name in VERB_SETTINGS[verb]}
    return {name: known[argument] for name, argument in named.items() if argument in known}


def generate(args: argparse.Namespace) -> int:
    # needed by these commands alone
    from workbench.music.writing import file_stem

    entry, settings = _asked(args, "generate")
    if args.prompt and not entry.system.reads:
        own = ", ".join(f"--{name}" for name in settings_of(entry, "generate"))
        raise WorkbenchError(
            f"{args.prompt[:40]!r}: {entry.name} takes no text; its settings are {own}"
        )
    check_out(args.out)
    system = entry.from_pretrained(args.checkpoint)
    if args.prompt:
        for message in system.explain_prompt(args.prompt).messages:
            print(message, file=stderr)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="prompt:")  # the messages were just printed
        clips = system.generate(args.prompt, args.n, seed=args.seed, **settings)
    _write(clips, [file_stem(clip, args.prompt or entry.key) for clip in clips], args)
    return 0


def inpaint(args: argparse.Namespace) -> int:
    entry, settings = _asked(args, "inpaint")
    units = ("bars", "before", "after", "seconds", "cells", "tracks")
    part = {unit: value for unit in units if (value := getattr(args, f"part_{unit}")) is not None}
    for unit in part:
        kind = "bars" if unit in ("before", "after") else unit
        if kind not in entry.system.replaces:
            able = ", ".join(f"--{unit}" for unit in entry.system.replaces)
            raise WorkbenchError(f"--{unit}: {entry.name} does not replace {kind}; give {able}")
    if len(ways := [f"--{unit}" for unit in part if unit != "tracks"]) > 1:
        raise WorkbenchError(f"{' and '.join(ways)}: give only one of them")
    if not part:
        able = ", ".join(f"--{unit}" for unit in entry.system.replaces)
        raise WorkbenchError(f"the part to replace is missing; give {able}")
    check_out(args.out)
    clip = _read(args.file)
    if args.tempo is not None:
        if clip.tempo_known:
            raise WorkbenchError(f"--tempo: {args.file} has its own tempo, {clip.tempo:g} BPM")
        clip = clip.with_(tempo=args.tempo)
    region = _region(clip, part)
    system = entry.from_pretrained(args.checkpoint)
    with _told_of(args.file):
        clips = system.inpaint(clip, region, args.n, seed=args.seed, **settings)
    words = [args.file.stem, *(f"{unit} {_named(value)}" for unit, value in part.items())]
    _write_edits(clips, " ".join(words), args)
    return 0


def vary(args: argparse.Namespace) -> int:
    entry, settings = _asked(args, "vary")
    check_out(args.out)
    clip = _read(args.file)
    system = entry.from_pretrained(args.checkpoint)
    with _told_of(args.file):
        clips = system.vary(clip, args.n, seed=args.seed, **settings)
    _write_edits(clips, args.file.stem, args)
    return 0


def train(args: argparse.Namespace) -> int:
    entry = find(args.system)
    known = {option for other in SYSTEMS.values() for option in other.options}
    given = {option: getattr(args, option) for option in known if getattr(args, option)}
    for option in sorted(given.keys() - entry.options.keys()):
        raise WorkbenchError(f"--{option}: is not an option of train {entry.key}")
    args.out = args.out or Path("runs") / entry.key
    check_out(args.out)
    entry.system.train(
        args.dataset or entry.dataset,
        args.profile,
        out=args.out,
        seed=args.seed,
        budget_minutes=args.budget_minutes,
        **given,
    )
    if os.environ.get("LOCAL_RANK", "0") == "0":  # of several processes only the first one prints
        print(f"saved in {args.out}")
    return 0


# --- shared by the commands ---------------------------------------------------------------------


def _asked(args: argparse.Namespace, verb: str) -> tuple[Entry, dict[str, Any]]:
    """The system, and the given settings as its verb takes them.

    Raises:
        WorkbenchError: if the system cannot do this, or does not have a given setting.
    """
    if args.system is None and args.checkpoint is None:
        able = ", ".join(key for key, entry in SYSTEMS.items() if verb in entry.system.can)
        raise WorkbenchError(f"--system is missing; these can {verb}: {able}")
    entry = entry_of(args.checkpoint) if args.system is None else find(args.system)
    if verb not in entry.system.can:
        able = ", ".join(key for key, other in SYSTEMS.items() if verb in other.system.can)
        raise WorkbenchError(f"--system {entry.key}: {entry.name} cannot {verb}; these can: {able}")
    known, settings = settings_of(entry, verb), {}
    for name in VERB_SETTINGS[verb]:
        argument = name.replace("-", "_")
        value = getattr(args, argument)
        if value is None:
            continue
        if name not in known:
            own = ", ".join(f"--{name}" for name in known)
            raise WorkbenchError(
                f"--{name}: is not a setting of {entry.name} for {verb}; it has {own}"
            )
        settings[argument] = value
    if "tracks" in settings:
        settings["tracks"] = _tracks(settings["tracks"])
    if "like" in settings:
        settings["like"] = _read(settings["like"])
    return entry, settings


def _tracks(typed: Sequence[str]) -> list[int | str]:
    """Tracks as systems take them: digits are numbers."""
    return [int(track) if re.fullmatch("[0-9]{1,6}", track) else track for track in typed]


def _region(clip: Clip, part: Mapping[str, Any]) -> Region:
    """The part of a clip to replace, from the typed options."""
    import numpy as np

    # needed by these commands alone
    from workbench.music.kit import DRUMS
    from workbench.systems.region import Region

    said = dict(part)
    if "before" in said:
        said["bars"] = (-said.pop("before"), 0)
    if "after" in said:
        said["bars"] = (clip.bars, clip.bars + said.pop("after"))
    if "tracks" in said:
        said["tracks"] = _tracks(said["tracks"])
    if "cells" in said:
        steps = 16 * max(1, -(-round(clip.beats) // 4)) if clip.has_score else 0
        first, last = said["cells"]
        if last > steps:
            raise WorkbenchError(f"--cells {first + 1}-{last}: the clip has {steps} cells")
        said["cells"] = np.zeros((steps, len(DRUMS)), dtype=bool)
        said["cells"][first:last] = True
    return Region(**said)


def _named(value: Any) -> str:
    """A replaced part, as it stands in the name of a file."""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, int):
        return str(value)
    first, last = value
    if isinstance(first, int):
        return f"{first + 1}-{last}" if last > first + 1 else f"{last}"
    return f"{first:g}-{last:g}"


def _read(path: Path) -> Clip:
    """A clip from a sound file (by its suffix) or a MIDI file."""
    # needed by these commands alone
    from workbench.music.clip import Clip

    return Clip.read_audio(path) if path.suffix.lower() in AUDIO_SUFFIXES else Clip.read_midi(path)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Errors about the argument `clip` name the file instead."""
    try:
        yield
    except PromptError as error:
        raise PromptError(re.sub("^clip:", f"{path}:", str(error))) from error


def _write_edits(clips: Sequence[Clip], words: str, args: argparse.Namespace) -> None:
    # needed by these commands alone
    from workbench.music.writing import file_stem

    _write(clips, [file_stem(clip, words) for clip in clips], args)


def _write(clips: Sequence[Clip], stems: Sequence[str], args: argparse.Namespace) -> None:
    """Write clips as MIDI, with --wav also as sound; clips of sound as sound only. Existing files
    are overwritten only with --force."""
    paths = [
        [
            args.out / f"{stem}{suffix}"
            for suffix, given in (
                (".mid", clip.has_score),
                (".wav", args.wav or not clip.has_score),
            )
            if given
        ]
        for clip, stem in zip(clips, stems, strict=True)
    ]
    there = [path for row in paths for path in row if path.exists()]
    if there and not args.force:
        others = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise WorkbenchError(
            f"{there[0]}{others} exists; give --force to overwrite it, or another --seed or --out"
        )
    for clip, row in zip(clips, paths, strict=True):
        for path in row:
            clip.write_midi(path) if path.suffix == ".mid" else clip.write_audio(path)
            print(path)
