"""Embedders by name, those of the shipped systems among them: for tables, notebooks and commands.

embedder("music-ldm")                  MusicLDM's joint encoder of text and sound
embedder("sound-ldmg")                 LDMG's latents, mean and spread over time
embedder("clap:laion/clap-htsat-unfused")       or a folder
embedder("vggish:vggish.safetensors")
"""

from __future__ import annotations

from workbench.errors import WorkbenchError
from workbench.evaluation.embedders import ClipEmbedder, VGGishEmbedder, clap, from_sound, over_time
from workbench.systems.ldmg import LDMG
from workbench.systems.musicldm import MusicLDM
from workbench.systems.storage import system_of


def embedder(name: str) -> ClipEmbedder:
    """The embedder of this name: a checkpoint (shipped, a folder, or the hub's) of MusicLDM or
    LDMG, "clap:NAME" or "vggish:FILE". WorkbenchError for any other."""
    kind, _, rest = name.partition(":")
    if kind == "clap":
        return clap(rest) if rest else clap()
    if kind == "vggish":
        return VGGishEmbedder(rest)
    which = system_of(name)
    if which == "MusicLDM":
        joint = MusicLDM.from_pretrained(name)
        return from_sound(joint.embedder.embed_sound, joint.config.rate)
    if which == "LDMG":
        coder = LDMG.from_pretrained(name)
        return over_time(lambda clip: coder.encode_sound(coder.sound_of(clip)))
    raise WorkbenchError(
        f"{name}: a checkpoint of {which}, which does not embed sound; give one of MusicLDM or "
        "LDMG, clap:NAME or vggish:FILE"
    )
