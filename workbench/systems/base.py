"""The names that all systems share, for imports: each is explained in the module it comes from."""

from workbench.arguments import renamed
from workbench.models.conditioning import Conditioning
from workbench.music.clip import clips_of
from workbench.systems.latent_diffusion import LatentDiffusion, film_of
from workbench.systems.progress import Progress, Report, reporter
from workbench.systems.prompts import PromptReading
from workbench.systems.region import Region, region_of
from workbench.systems.sampling import SamplingSettings
from workbench.systems.system import VERBS, System

__all__ = [
    "VERBS",
    "Conditioning",
    "LatentDiffusion",
    "Progress",
    "PromptReading",
    "Region",
    "Report",
    "SamplingSettings",
    "System",
    "clips_of",
    "film_of",
    "region_of",
    "renamed",
    "reporter",
]
