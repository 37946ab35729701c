"""The systems of the workbench, one entry each: the single place that lists them.

The command line, gallery, model cards, benchmarks and listening test read this table. A path such
as "workbench.tools.gallery.clips:drums" is imported only when it is needed, so that reading the
table stays quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.errors import CheckpointError, WorkbenchError

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.systems.storage import Pretrained


@dataclass(frozen=True)
class Entry:
    """One system.

    Args:
        key: Name on the command line.
        home: The class, as "module:name".
        checkpoint: The shipped checkpoint that is used by default.
        dataset: Default data set of `train`.
        built_in: Data set that comes with the workbench, used if `dataset` is missing.
        card: Function that makes the model card from a training record and tables.
        gallery: Function that makes the system's part of the gallery from a seed; "" for one clip
            per verb.
        listening: Function that makes the clips of a listening test.
        benchmark: Module that measures the system, with a function `main(argv)`.
        figures: The system's lines in the table of all systems.
        options: Keyword arguments that only this system's `train` has, with their help.
        runs: The trainings of `train all`, the share of the minutes of each with its options.
    """

    key: str
    home: str
    checkpoint: str
    dataset: str
    built_in: str
    card: str
    listening: str
    benchmark: str
    figures: str
    gallery: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    runs: Sequence[tuple[float, Mapping[str, str]]] = ()

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.home.partition(":")[2]

    @property
    def system(self) -> type[Any]:
        """The class."""
        return resolve(self.home)

    def from_pretrained(self, name: str | Path | None = None) -> Any:
        """Load the system from a checkpoint, by default the shipped one."""
        return self.system.from_pretrained(self.checkpoint if name is None else name)


SYSTEMS: dict[str, Entry] = {
    entry.key: entry
    for entry in (
        Entry(
            key="drums",
            home="workbench.systems.drum_ldm:DrumLDM",
            checkpoint="drums-groove-bert",
            dataset="groove",
            built_in="builtin",
            card="workbench.systems.drum_ldm.card:card",
            gallery="workbench.tools.gallery.clips:drums",
            listening="workbench.tools.listening.materials:drum_materials",
            benchmark="workbench.benchmarks.drums",
            figures="workbench.systems.figures:DRUMS",
            runs=((0.3, {}), (0.05, {"text": "keywords"})),
            options={
                "text": "bert (default), keywords, or the name of any BERT",
                "start": "continue from this checkpoint; trains only its denoiser",
            },
        ),
        Entry(
            key="songs",
            home="workbench.systems.midigpt:MidiGPT",
            checkpoint="songs-gpt",
            dataset="pop909",
            built_in="builtin-songs",
            card="workbench.systems.midigpt.card:card",
            gallery="workbench.tools.gallery.clips:songs",
            listening="workbench.tools.listening.materials:song_materials",
            benchmark="workbench.benchmarks.songs",
            figures="workbench.systems.figures:SONGS",
            runs=((0.25, {}),),
            options={"start": "continue from this checkpoint, with the tokens of the new data"},
        ),
        Entry(
            key="piano",
            home="workbench.systems.diffusion_lm:DiffusionLM",
            checkpoint="piano-masked",
            dataset="pop909+openscore-lieder",
            built_in="builtin-songs",
            card="workbench.systems.diffusion_lm.card:card",
            gallery="workbench.tools.gallery.clips:piano",
            listening="workbench.tools.listening.materials:piano_materials",
            benchmark="workbench.benchmarks.piano",
            figures="workbench.systems.figures:PIANO",
            runs=((0.1, {}),),
            options={
                "backbone": "bert (default) or electra, of the continuous process",
                "process": "masked (default), of words, or continuous, of embeddings",
            },
        ),
        Entry(
            key="sound",
            home="workbench.systems.ldmg:LDMG",
            checkpoint="sound-ldmg",
            dataset="builtin-songs",
            built_in="builtin-songs",
            card="workbench.systems.ldmg.card:card",
            gallery="workbench.tools.gallery.sound:sound",
            listening="workbench.tools.listening.materials:sound_materials",
            benchmark="workbench.benchmarks.sound",
            figures="workbench.systems.figures:SOUND",
            runs=((0.16, {}),),
        ),
        Entry(
            key="music",
            home="workbench.systems.musicldm:MusicLDM",
            checkpoint="music-ldm",
            dataset="builtin-songs",
            built_in="builtin-songs",
            card="workbench.systems.musicldm.card:card",
            gallery="workbench.tools.gallery.sound:music",
            listening="workbench.tools.listening.materials:sound_materials",
            benchmark="workbench.benchmarks.music",
            figures="workbench.systems.figures:MUSIC",
            runs=((0.14, {}),),
            options={"mixup": "none, plain, bam, or blm (default)"},
        ),
    )
}


@dataclass(frozen=True)
class Run:
    """A training of `train all`. share: its share of the minutes, relative to the others; options:
    keyword arguments of the system's `train`."""

    entry: Entry
    share: float
    options: Mapping[str, str]

    @property
    def name(self) -> str:
        """The name of its folder, such as "drums-keywords"."""
        return "-".join([self.entry.key, *self.options.values()])


def runs() -> list[Run]:
    """Return the trainings of `train all` in the order of their share."""
    found = [Run(entry, *run) for entry in SYSTEMS.values() for run in entry.runs]
    return sorted(found, key=lambda run: -run.share)


def datasets(typed: str) -> str:
    """Argparse type of the options --dataset: names of the catalogue or folders with music, joined
    by "+"."""
    # NumPy and symusic: `import workbench` stays quick
    from workbench.datasets.load import names_of

    try:
        names_of(typed)
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return typed


def resolve(path: str) -> Any:
    """Import the object "module:name", or the module "module"."""
    module, _, name = path.partition(":")
    imported = import_module(module)
    return getattr(imported, name) if name else imported


def find(name: str) -> Entry:
    """Return the entry of a system by its key or class name, in upper or lower case. Raises
    WorkbenchError for an unknown name and lists the known ones."""
    for entry in SYSTEMS.values():
        module = entry.home.partition(":")[0].rpartition(".")[2]
        if name.lower() in (entry.key, entry.name.lower(), module):
            return entry
    listed = ", ".join(f"{entry.key} ({entry.name})" for entry in SYSTEMS.values())
    raise WorkbenchError(f"system: {name!r} is not known; choose from {listed}")


def system_key(typed: str) -> str:
    """Argparse type of options that name a system: its key or class name."""
    try:
        return find(typed).key
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("system: ")) from None


def evaluated(typed: str) -> str:
    """Argparse type: return the key of a system given by key or class name, any other word
    unchanged."""
    try:
        return find(typed).key
    except WorkbenchError:
        return typed


def checkpoint_of(name: str) -> str:
    """Return the shipped checkpoint of a system given by key or class name; any other name, and an
    existing folder, unchanged."""
    from pathlib import Path

    try:
        return name if Path(name).is_dir() else find(name).checkpoint
    except WorkbenchError:
        return name


def entry_of(checkpoint: str | Path) -> Entry:
    """Return the entry of a checkpoint's system. checkpoint: a shipped name, a folder, or a hub id.
    Raises CheckpointError if the system is unknown."""
    # PyTorch: `import workbench` stays quick
    from workbench.systems.storage import system_of

    name = system_of(str(checkpoint))
    for entry in SYSTEMS.values():
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in SYSTEMS.values())
    raise CheckpointError(f"{checkpoint}: is of the system {name[:60]!r}; known are {known}")


def from_pretrained(checkpoint: str | Path) -> Pretrained:
    """Load a checkpoint of any system."""
    return entry_of(checkpoint).from_pretrained(checkpoint)
