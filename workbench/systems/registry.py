"""The systems of the workbench, one entry each: the single place that lists them.

The command line, gallery, model cards, benchmarks and listening test read this table. What
an entry names by a path such as "workbench.tools.gallery.clips:drums" is imported when it is
asked for, so that reading the table stays quick.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
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
        key: Its name on the command line.
        home: Its class, as "module:name".
        checkpoint: The shipped checkpoint that is taken where none is named.
        dataset: What `train` takes where no data is named.
        built_in: Data that comes with the workbench and stands in where `dataset` is missing.
        card: The function that writes its model card from a training record and tables.
        gallery: The function that makes its part of the gallery from a seed.
        listening: The function that makes the clips of a listening test.
        benchmark: The module that measures it, with its `main(argv)`.
        figures: Its lines in the table of all systems, of what the benchmark measured.
        options: Keyword arguments that only its `train` has, with their help.
    """

    key: str
    home: str
    checkpoint: str
    dataset: str
    built_in: str
    card: str
    gallery: str
    listening: str
    benchmark: str
    figures: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.home.partition(":")[2]

    @property
    def system(self) -> type[Any]:
        """The class."""
        return resolve(self.home)

    def from_pretrained(self, name: str | Path | None = None) -> Any:
        """The system with the weights of a checkpoint, by default the shipped one."""
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
            card="workbench.systems.cards:card",
            gallery="workbench.tools.gallery.clips:drums",
            listening="workbench.tools.listening.materials:drum_materials",
            benchmark="workbench.benchmarks.drums",
            figures="workbench.systems.figures:DRUMS",
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
            card="workbench.systems.cards:song_card",
            gallery="workbench.tools.gallery.clips:songs",
            listening="workbench.tools.listening.materials:song_materials",
            benchmark="workbench.benchmarks.songs",
            figures="workbench.systems.figures:SONGS",
        ),
        Entry(
            key="piano",
            home="workbench.systems.diffusion_lm:DiffusionLM",
            checkpoint="piano-diffusion",
            dataset="pop909+openscore-lieder",
            built_in="builtin-songs",
            card="workbench.systems.cards:piano_card",
            gallery="workbench.tools.gallery.clips:piano",
            listening="workbench.tools.listening.materials:piano_materials",
            benchmark="workbench.benchmarks.piano",
            figures="workbench.systems.figures:PIANO",
            options={"backbone": "bert (default) or electra"},
        ),
        Entry(
            key="sound",
            home="workbench.systems.ldmg:LDMG",
            checkpoint="sound-ldmg",
            dataset="builtin-songs",
            built_in="builtin-songs",
            card="workbench.systems.cards:sound_card",
            gallery="workbench.tools.gallery.sound:sound",
            listening="workbench.tools.listening.materials:sound_materials",
            benchmark="workbench.benchmarks.sound",
            figures="workbench.systems.figures:SOUND",
        ),
        Entry(
            key="music",
            home="workbench.systems.musicldm:MusicLDM",
            checkpoint="music-ldm",
            dataset="builtin-songs",
            built_in="builtin-songs",
            card="workbench.systems.cards:music_card",
            gallery="workbench.tools.gallery.sound:music",
            listening="workbench.tools.listening.materials:sound_materials",
            benchmark="workbench.benchmarks.music",
            figures="workbench.systems.figures:MUSIC",
            options={"mixup": "none, plain, bam, or blm (default)"},
        ),
    )
}


def datasets(typed: str) -> str:
    """What every option --dataset takes, an argparse type: names of the catalogue or folders with
    music in them, joined by "+"."""
    # NumPy and symusic: `import workbench` stays quick
    from workbench.datasets.load import names_of

    try:
        names_of(typed)
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return typed


def resolve(path: str) -> Any:
    """What "module:name" names, or the module of "module"."""
    module, _, name = path.partition(":")
    found = import_module(module)
    return getattr(found, name) if name else found


def find(name: str) -> Entry:
    """The entry of a system by its key or the name of its class, in any case. Raises
    WorkbenchError for others, with the names that there are."""
    for entry in SYSTEMS.values():
        module = entry.home.partition(":")[0].rpartition(".")[2]
        if name.lower() in (entry.key, entry.name.lower(), module):
            return entry
    listed = ", ".join(f"{entry.key} ({entry.name})" for entry in SYSTEMS.values())
    raise WorkbenchError(f"system: {name!r} is not known; there are: {listed}")


def system_key(typed: str) -> str:
    """What every option that names a system takes, an argparse type: its key or its class."""
    try:
        return find(typed).key
    except WorkbenchError as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("system: ")) from None


def evaluated(typed: str) -> str:
    """A system's key for its key or class; another word as it is. An argparse type."""
    try:
        return find(typed).key
    except WorkbenchError:
        return typed


def checkpoint_of(name: str) -> str:
    """The shipped checkpoint for a system's key or class; another name, and a folder that is
    called as a system is, as it is."""
    from pathlib import Path

    try:
        return name if Path(name).is_dir() else find(name).checkpoint
    except WorkbenchError:
        return name


def entry_of(checkpoint: str | Path) -> Entry:
    """The entry of the system that a checkpoint is of: a shipped name, a folder, or a hub id.
    Raises CheckpointError where it is of none of them."""
    # PyTorch: `import workbench` stays quick
    from workbench.systems.storage import system_of

    name = system_of(str(checkpoint))
    for entry in SYSTEMS.values():
        if entry.name == name:
            return entry
    known = ", ".join(entry.name for entry in SYSTEMS.values())
    raise CheckpointError(f"{checkpoint} is of {name[:60]!r}; there are: {known}")


def from_pretrained(checkpoint: str | Path) -> Pretrained:
    """The system of a checkpoint, whichever system that is."""
    return entry_of(checkpoint).from_pretrained(checkpoint)
