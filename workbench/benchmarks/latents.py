"""Music encoded once by LDMG's VAE, for experiments that train several networks on it."""

from __future__ import annotations

import hashlib

import numpy as np
from safetensors.torch import load_file, save_file
from torch import Tensor

from workbench.datasets.audio import AudioCollection
from workbench.files import atomic_write, cache_dir
from workbench.systems.ldmg import LDMG


def latents_of(system: LDMG, audio: AudioCollection, split: str, most: int) -> list[Tensor]:
    """Standardised latents (latent, frames) in half precision, of at most `most` pieces of a
    split. The random choice of pieces is always the same. Cached in a file for each VAE."""
    rows = np.random.default_rng(0).permutation(audio.split(split))[:most]
    digest = hashlib.sha256()
    state = system.networks.state_dict()
    for name in sorted(n for n in state if n.startswith(("vae.", "latent_"))):
        digest.update(state[name].numpy().tobytes())
    file = (
        cache_dir()
        / "latents"
        / (f"{audio.folder.name}-{split}-{most}-{digest.hexdigest()[:12]}.safetensors")
    )
    if not file.is_file():
        made = {str(k): system.encode_sound(audio[int(i)]).half() for k, i in enumerate(rows)}
        with atomic_write(file) as beside:
            save_file({k: z.contiguous() for k, z in made.items()}, beside)
    kept = load_file(file)
    return [kept[str(k)] for k in range(len(kept))]
