"""Embedders by name, including those of the shipped systems, for tables, notebooks and commands.

embedder("music-ldm")                           MusicLDM's CLAP
embedder("sound-ldmg")                          LDMG's latents, mean and standard deviation over
                                                time
embedder("musicnn"), embedder("musicnn:mtt")    MusiCNN, trained elsewhere on other music
embedder("clap:laion/clap-htsat-unfused")       or a folder
embedder("vggish:vggish.safetensors")
"""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.evaluation.embedders import (
    ClipEmbedder,
    MusicnnEmbedder,
    VGGishEmbedder,
    clap,
    from_sound,
    over_time,
)
from workbench.systems.ldmg import LDMG
from workbench.systems.musicldm import MusicLDM
from workbench.systems.storage import system_of


def embedder(name: str) -> ClipEmbedder:
    """An embedder by name.

    Args:
        name: A checkpoint of MusicLDM or LDMG (shipped, a folder, or on the hub), "musicnn",
            "musicnn:mtt", "clap:NAME" or "vggish:FILE".

    Raises:
        WorkbenchError: for any other name.
    """
    kind, _, rest = name.partition(":")
    if kind == "clap":
        return clap(rest) if rest else clap()
    if kind == "vggish":
        return VGGishEmbedder(rest)
    if kind == "musicnn":
        return MusicnnEmbedder(rest or "msd")
    which = system_of(name)
    if which == "MusicLDM":
        joint = MusicLDM.from_pretrained(name)
        return from_sound(joint.embedder.embed_sound, joint.config.rate)
    if which == "LDMG":
        coder = LDMG.from_pretrained(name)
        return over_time(lambda clip: coder.encode_sound(coder.sound_of(clip)))
    raise WorkbenchError(
        f"{name}: a checkpoint of {which}, which does not embed sound; give one of MusicLDM or "
        "LDMG, musicnn, clap:NAME or vggish:FILE"
    )
