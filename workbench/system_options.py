"""The options of the commands over all systems, and how they are read: settings, parts, files."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import options
from workbench.errors import WorkbenchError
from workbench.files import AUDIO_SUFFIXES
from workbench.systems.registry import SYSTEMS, Entry, entry_of, find, system_key

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
    "loop": {
        "action": "store_true",
        "default": None,
        "help": "make a loop: the end continues at the start",
    },
    "form": {
        "type": options.nonempty,
        "metavar": "LETTERS",
        "help": "a letter per bar; bars of one letter are similar, such as AAAB",
    },
    "steady": {
        "type": options.number(0, 1),
        "help": "how similar bars of one letter are, from 0 to 1 (most similar)",
    },
    "tracks": {"nargs": "+", "type": options.nonempty, "help": TRACKS},
    "genre": {"type": options.nonempty, "help": "a genre of the training data"},
    "like": {
        "type": options.path,
        "metavar": "FILE",
        "help": "a sound file that the result is to resemble",
    },
    "strength": {"type": options.number(0, 1), "help": "0 keeps the clip, 1 generates a new one"},
    "steps": {"type": options.whole(1), "help": "number of sampling steps; more take longer"},
    "guidance": {
        "type": options.number(),
        "help": "guidance scale; higher follows the prompt more closely",
    },
    "sampler": {"type": options.nonempty, "help": "such as ddpm, ddim or dpm++"},
    "candidates": {
        "type": options.whole(1),
        "help": "number of candidates per clip, of which the best is kept",
    },
    "controls": {
        "nargs": "+",
        "type": options.nonempty,
        "metavar": "CONTROL",
        "help": 'what is asked of tracks and bars, such as "density=6 chord=Am bars=9-10"; names: '
        "density (positions with a note in a bar), polyphony, register (MIDI pitch), length "
        "(beats), chord, tracks, bars",
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
    "echo": {"type": options.number(0, 1), "help": "how strongly figures of the song are repeated"},
}
MADE = (  # settings of a new clip
    *(
        "bars",
        "seconds",
        "tempo",
        "meter",
        "loop",
        "form",
        "steady",
        "tracks",
        "genre",
        "like",
        "steps",
        "guidance",
    ),
    *("sampler", "candidates", "temperature", "top-k", "top-p", "repetition", "window", "echo"),
)
EDITED = (
    *("prompt", "genre", "like", "steps", "guidance", "sampler", "candidates", "controls"),
    *("temperature", "top-k", "top-p", "repetition", "window", "echo"),
)
VERB_SETTINGS = {"generate": MADE, "inpaint": EDITED, "vary": ("strength", *EDITED)}


# --- the parser ------------------------------------------------------------------------------


def add_part(add: argparse.ArgumentParser) -> None:
    """Add the options that say which part of a clip to replace."""
    part = add.add_argument_group("what to replace; everything else stays")
    part.add_argument(
        "--bars",
        type=options.bar_range,
        dest="part_bars",
        metavar="FIRST-LAST",
        help="such as 9-12, counted from 1; bars beyond the end of a song continue it",
    )
    for side, verb in (
        ("before", "add an introduction to a song, of"),
        ("after", "continue a song by"),
    ):
        part.add_argument(
            f"--{side}",
            type=options.whole(1),
            dest=f"part_{side}",
            metavar="BARS",
            help=f"{verb} this number of bars",
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


def add_shared(add: argparse.ArgumentParser, verb: str, system: str | None) -> None:
    """Add the options of all commands that make clips. system: the default key; None: that of the
    checkpoint."""
    add.add_argument(
        "--system",
        type=system_key,
        default=system,
        help=SYSTEM + ("" if system else "; default: the system of the checkpoint"),
    )
    own = add.add_argument_group("settings of the system (see workbench systems)")
    for name in VERB_SETTINGS[verb]:
        own.add_argument(f"--{name}", **SETTINGS[name])
    add_takes(add)


def add_takes(add: argparse.ArgumentParser) -> None:
    """Add the options of all commands that make takes and write them."""
    add.add_argument("--checkpoint", type=options.nonempty, help=CHECKPOINT)
    add.add_argument("-n", type=options.whole(1), default=1, help="number of clips to generate")
    options.add_seed(add)
    add.add_argument("--out", type=options.path, default=Path("."), help="folder for the files")
    add.add_argument("--wav", action="store_true", help="also write the sound of MIDI clips")
    add.add_argument("--force", action="store_true", help="overwrite existing files")


# --- what was typed --------------------------------------------------------------------------


def settings_of(entry: Entry, verb: str) -> dict[str, Any]:
    """Return the settings that a system's verb has on the command line, with their defaults."""
    known = entry.system.settings(verb)
    named = {name: name.replace("-", "_") for name in VERB_SETTINGS[verb]}
    return {name: known[argument] for name, argument in named.items() if argument in known}


def settings_given(args: argparse.Namespace, verb: str) -> tuple[Entry, dict[str, Any]]:
    """Return the system, and the given settings as its verb takes them.

    Raises:
        WorkbenchError: If the system cannot do this, or does not have a given setting.
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
        settings["tracks"] = tracks_given(settings["tracks"])
    if "like" in settings:
        settings["like"] = read_clip(settings["like"])
    return entry, settings


def tracks_given(typed: Sequence[str]) -> list[int | str]:
    """Return tracks as systems take them: digits are numbers."""
    return [int(track) if re.fullmatch("[0-9]{1,6}", track) else track for track in typed]


def region_given(clip: Clip, part: Mapping[str, Any]) -> Region:
    """Return the part of a clip to replace, from the options of `add_part`."""
    import numpy as np

    # needed by these commands alone
    from workbench.music.kit import DRUMS
    from workbench.systems.region import Region

    given = dict(part)
    if "before" in given:
        given["bars"] = (-given.pop("before"), 0)
    if "after" in given:
        given["bars"] = (clip.bars, clip.bars + given.pop("after"))
    if "tracks" in given:
        given["tracks"] = tracks_given(given["tracks"])
    if "cells" in given:
        steps = 16 * max(1, -(-round(clip.beats) // 4)) if clip.has_score else 0
        first, last = given["cells"]
        if last > steps:
            raise WorkbenchError(f"--cells {first + 1}-{last}: the clip has {steps} cells")
        given["cells"] = np.zeros((steps, len(DRUMS)), dtype=bool)
        given["cells"][first:last] = True
    return Region(**given)


def read_clip(path: Path) -> Clip:
    """Read a clip from a sound file (by its suffix) or a MIDI file."""
    # needed by these commands alone
    from workbench.music.clip import Clip

    return Clip.read_audio(path) if path.suffix.lower() in AUDIO_SUFFIXES else Clip.read_midi(path)
