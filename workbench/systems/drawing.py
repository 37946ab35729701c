"""The old name of `workbench.systems.sampling`: for notebooks that were written with it."""

import warnings

from workbench.systems.sampling import SamplingSettings as Settings
from workbench.systems.sampling import checked, keep_mask, noise_of, overlapping, slerp
from workbench.systems.sampling import sample as draw

__all__ = ["Settings", "checked", "draw", "keep_mask", "noise_of", "overlapping", "slerp"]

warnings.warn(
    "workbench.systems.drawing: has been renamed to workbench.systems.sampling, Settings to "
    "SamplingSettings and draw to sample",
    DeprecationWarning,
    stacklevel=2,
)
