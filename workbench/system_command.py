"""The commands over all systems: `workbench systems`, generate, inpaint, vary; and tools.

They read from the registry what a system `can` do and which settings it has; none of them depends
on a certain system. Options that are not given keep the system's default.
"""

from __future__ import annotations

import argparse
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import options
from workbench.errors import PromptError, WorkbenchError
from workbench.options import check_out
from workbench.system_options import (
    TRACKS,
    VERB_SETTINGS,
    add_part,
    add_shared,
    add_takes,
    read_clip,
    region_given,
    settings_given,
    settings_of,
    tracks_given,
)
from workbench.systems.registry import SYSTEMS, find

if TYPE_CHECKING:
    from workbench.music.clip import Clip
    from workbench.systems.region import Region


def add(commands: Any) -> None:
    """Add the commands' options to the parser of `workbench`."""
    add = commands.add_parser("systems", help="list the systems, what each can do, and its options")
    add.set_defaults(run=systems)

    add = commands.add_parser("generate", help="generate clips for a prompt")
    add.add_argument("prompt", nargs="?", help="the text, such as 'slow funk, 92 bpm'")
    add_shared(add, "generate", "drums")
    add.set_defaults(run=generate)

    for name, system, meaning in (
        ("inpaint", None, "regenerate a part of a MIDI or sound file"),
        ("fill", "songs", "the same as inpaint, with songs as the default system"),
    ):
        add = commands.add_parser(name, help=meaning)
        add.add_argument("file", type=options.path, help="the MIDI or sound file")
        add_part(add)
        add.add_argument(
            "--tempo", type=options.number(1), help="BPM of a sound file, to count its --bars"
        )
        add_shared(add, "inpaint", system)
        add.set_defaults(run=inpaint)

    add = commands.add_parser("vary", help="make variations of a MIDI or sound file")
    add.add_argument("file", type=options.path, help="the MIDI or sound file")
    add_shared(add, "vary", None)
    add.set_defaults(run=vary)

    add = commands.add_parser("groove", help="play, complete or fill a drum loop")
    tools = "; ".join(f"{name}: {meaning}" for name, (meaning, _, _) in GROOVE_TOOLS.items())
    add.add_argument("tool", choices=GROOVE_TOOLS, help=tools)
    add.add_argument("file", type=options.path, help="the MIDI file; for tap also a sound file")
    add.add_argument("--prompt", type=options.nonempty, help="text; default: the caption")
    add.add_argument("--groove", type=options.path, metavar="FILE", help="transfer: whose feel")
    add.add_argument("--bar", type=options.whole(1), help="fill: the bar, counted from 1")
    add.add_argument("--drum", type=options.nonempty, help="add, tap: a voice such as RD")
    add.add_argument("--tempo", type=options.number(1), help="tap: BPM of a sound file")
    add_takes(add)
    add.set_defaults(run=groove)

    add = commands.add_parser("arrange", help="accompany, extend or vary a song")
    tools = "; ".join(f"{name}: {meaning}" for name, (meaning, _, _) in SONG_TOOLS.items())
    add.add_argument("tool", choices=SONG_TOOLS, help=tools)
    add.add_argument("file", type=options.path, help="the MIDI file")
    add.add_argument(
        "--tracks", nargs="+", type=options.nonempty, help=f"accompany: what to write: {TRACKS}"
    )
    add.add_argument("--program", type=options.whole(32), help="bass: its MIDI program, 32 to 39")
    add.add_argument("--length", type=options.whole(1), help="extend: number of bars")
    add.add_argument(
        "--bars", type=options.bar_range, metavar="FIRST-LAST", help="vary: such as 9-12, from 1"
    )
    add.add_argument(
        "--candidates",
        type=options.whole(1),
        help="number of candidates per clip, of which the best is kept (default: 6)",
    )
    add_takes(add)
    add.set_defaults(run=arrange)


# Meaning of each tool, the options that it needs, and those that it takes beside them
Tools = dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]

GROOVE_TOOLS: Tools = {
    "humanise": ("the hits stay, velocity and timing are sampled", (), ("prompt",)),
    "transfer": ("the hits of FILE with the feel of --groove", ("groove",), ()),
    "tap": ("a tapped rhythm becomes a full kit", (), ("prompt", "drum", "tempo")),
    "fill": ("--bar becomes a fill", ("bar",), ("prompt",)),
    "add": ("--drum joins the loop; hits that it has are replaced", ("drum",), ("prompt",)),
}

SONG_TOOLS: Tools = {
    "accompany": ("--tracks are written to what FILE plays", ("tracks",), ()),
    "bass": ("a bass is written to drums or other tracks", (), ("program",)),
    "extend": ("the song goes on for --length bars, by default 4", (), ("length",)),
    "vary": ("--bars are written anew, much like they are", ("bars",), ()),
}


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
    """Return a default as it is shown, such as " 8"; "" if there is none."""
    if value in (None, "") or value is False:
        return ""
    if isinstance(value, tuple):
        return " " + ("/" if len(value) == 2 else " ").join(map(str, value))
    return f" {value:g}" if isinstance(value, float) else f" {value}"


def generate(args: argparse.Namespace) -> int:
    # needed by these commands alone
    from workbench.music.writing import file_stem

    entry, settings = settings_given(args, "generate")
    if args.prompt and not entry.system.reads:
        own = ", ".join(f"--{name}" for name in settings_of(entry, "generate"))
        raise WorkbenchError(
            f"{args.prompt[:40]!r}: {entry.name} takes no text; its settings are {own}"
        )
    check_out(args.out)
    system = entry.from_pretrained(args.checkpoint)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="prompt:")  # the messages below say it, too
        clips = system.generate(args.prompt, args.n, seed=args.seed, **settings)
    if args.prompt:
        asked = entry.system.settings("generate") | settings
        reading = system.explain_prompt(
            args.prompt,
            bars=asked.get("bars"),
            meter=settings.get("meter"),
            tempo=settings.get("tempo"),
        )
        for message in reading.messages:
            print(message, file=sys.stderr)
    _write(clips, [file_stem(clip, args.prompt or entry.key) for clip in clips], args)
    return 0


def inpaint(args: argparse.Namespace) -> int:
    entry, settings = settings_given(args, "inpaint")
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
    clip = _with_tempo(read_clip(args.file), args)
    region = region_given(clip, part)
    system = entry.from_pretrained(args.checkpoint)
    with _naming(args.file):
        clips = system.inpaint(clip, region, args.n, seed=args.seed, **settings)
    words = [args.file.stem, *(f"{unit} {_named(value)}" for unit, value in part.items())]
    _write_edits(clips, " ".join(words), args)
    if "controls" in settings:
        _tell_realised(system, clips, region, settings["controls"])
    return 0


def _tell_realised(
    system: Any, clips: Sequence[Clip], region: Region, controls: Sequence[str]
) -> None:
    """Print what was asked of the new bars and how much of it they have."""
    for clip in clips:
        for kind, (right, asked) in system.realised(clip, region, controls).items():
            print(f"take {clip.labels['take']}: {kind} as requested in {right} of {asked}")


def arrange(args: argparse.Namespace) -> int:
    tool = args.tool
    _check_options(args, SONG_TOOLS)
    check_out(args.out)
    clip = read_clip(args.file)
    system: Any = find("songs").from_pretrained(args.checkpoint)
    settings: dict[str, Any] = {"seed": args.seed}
    if args.candidates is not None:
        settings["candidates"] = args.candidates
    words = f"{args.file.stem} {tool}"
    with _naming(args.file):
        if tool == "accompany":
            clips = system.accompany(clip, args.n, tracks=tracks_given(args.tracks), **settings)
        elif tool == "bass":
            clips = system.bass(clip, args.n, program=args.program or 33, **settings)
        elif tool == "extend":
            clips = system.extend(clip, args.length or 4, args.n, **settings)
        else:
            words += f" bars {_named(args.bars)}"
            clips = system.vary_bars(clip, args.bars, args.n, **settings)
    _write_edits(clips, words, args)
    return 0


def vary(args: argparse.Namespace) -> int:
    entry, settings = settings_given(args, "vary")
    check_out(args.out)
    clip = read_clip(args.file)
    system = entry.from_pretrained(args.checkpoint)
    with _naming(args.file):
        clips = system.vary(clip, args.n, seed=args.seed, **settings)
    _write_edits(clips, args.file.stem, args)
    return 0


def groove(args: argparse.Namespace) -> int:
    tool = args.tool
    _check_options(args, GROOVE_TOOLS)
    check_out(args.out)
    clip = _with_tempo(read_clip(args.file), args)
    if tool == "tap" and not clip.tempo_known:
        raise WorkbenchError(f"--tempo is missing: the tempo of {args.file} is not known")
    if tool == "fill" and args.bar > clip.bars:
        raise WorkbenchError(f"--bar {args.bar}: {args.file} has {clip.bars} bars")
    system: Any = find("drums").from_pretrained(args.checkpoint)
    settings = {"n": args.n, "seed": args.seed}
    if args.prompt is not None:
        settings["prompt"] = args.prompt
    words = [args.file.stem]
    with _naming(args.file):
        if tool == "humanise":
            clips = system.humanise(clip, **settings)
        elif tool == "transfer":
            clips = system.transfer(read_clip(args.groove), clip, **settings)
        elif tool == "tap":
            clips = system.tap(clip, drum=args.drum, **settings)
        elif tool == "fill":
            words.append(f"bar {args.bar}")
            clips = system.fill(clip, args.bar - 1, **settings)
        else:
            words.append(args.drum)
            clips = system.add(clip, args.drum, **settings)
    _write_edits(clips, " ".join(words), args)
    return 0


# --- shared by the commands ---------------------------------------------------------------------


def _check_options(args: argparse.Namespace, tools: Tools) -> None:
    """Check that the options which the chosen tool needs are given, and none of other tools."""
    _, needed, others = tools[args.tool]
    taken = (*needed, *others)
    given = {
        name: getattr(args, name) is not None
        for tool in tools.values()
        for name in tool[1] + tool[2]
    }
    for name in needed:
        if not given[name]:
            raise WorkbenchError(f"--{name} is missing for {args.tool}")
    for name in given:
        if given[name] and name not in taken:
            own = ", ".join(f"--{other}" for other in taken)
            raise WorkbenchError(f"--{name}: is not an option of {args.tool}; it has {own}")


def _named(value: Any) -> str:
    """Return a replaced part as it stands in the name of a file."""
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, int):
        return str(value)
    first, last = value
    if isinstance(first, int):
        return f"{first + 1}-{last}" if last > first + 1 else f"{last}"
    return f"{first:g}-{last:g}"


def _with_tempo(clip: Clip, args: argparse.Namespace) -> Clip:
    """Return the clip at the tempo of --tempo, which only a file without a tempo may be given."""
    if args.tempo is None:
        return clip
    if clip.tempo_known:
        raise WorkbenchError(f"--tempo: {args.file} has its own tempo, {clip.tempo:g} BPM")
    return clip.with_(tempo=args.tempo)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Make errors about the argument `clip` name the file instead."""
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
        others = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise WorkbenchError(
            f"{there[0]}{others}; give --force to overwrite it, or another --seed or --out"
        )
    for clip, row in zip(clips, paths, strict=True):
        for path in row:
            clip.write_midi(path) if path.suffix == ".mid" else clip.write_audio(path)
            print(path)
    if args.wav:
        for name in sorted({clip.played_by for clip in clips} - {""}):
            print(f"sound: {name}", file=sys.stderr)
