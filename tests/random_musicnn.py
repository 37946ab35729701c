"""MusiCNN with random weights, where tests need its networks but not what they know."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from workbench.models.musicnn import TAGS, Musicnn


def write_musicnn(cache: Path) -> None:
    """Write both networks into a cache folder, as data_scripts/musicnn.py does."""
    cache.mkdir(parents=True, exist_ok=True)
    for seed, training in enumerate(TAGS):
        torch.manual_seed(seed)
        save_file(Musicnn().state_dict(), cache / f"musicnn-{training}.safetensors")
