"""Small tests of sounds that are told apart by ear and by eye: tones of two sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from workbench import Clip
from workbench.tools.listening.answers import FORMAT
from workbench.tools.listening.design import ListeningTest, Material, make_test

SOURCES = ("human", "machine-of-secret-name")
PROMPTS = ("slow funk", "fast <b>jazz</b>", "a waltz")
RATE = 16000


def tone(pitch: float, seconds: float = 1.2, level: float = 0.3) -> np.ndarray:
    """A tone of a second, (1, samples)."""
    return level * np.sin(2 * np.pi * pitch * np.arange(round(seconds * RATE)) / RATE)[None]


def materials(sources: tuple[str, ...] = SOURCES) -> list[Material]:
    made = []
    for i, source in enumerate(sources):
        for j, prompt in enumerate(PROMPTS):
            sound = tone(220 * (i + 1) + 30 * j, 1.0 + 0.3 * i, 0.1 + 0.2 * i)
            clip = Clip(audio=sound, sample_rate=RATE, caption=f"{source} plays", source=source)
            made.append(Material(source, prompt, clip))
    return made


def practice() -> Clip:
    return Clip(audio=tone(330), sample_rate=RATE, caption="practice")


@pytest.fixture(scope="session")
def ratings() -> ListeningTest:
    return make_test(materials(), practice(), title="Which is which?", seed=5)


@pytest.fixture(scope="session")
def pairs() -> ListeningTest:
    return make_test(materials((*SOURCES, "empty prompt")), practice(), design="ab", seed=6)


def record(test: ListeningTest, rater: str, token: int = 0, **changes: Any) -> dict[str, Any]:
    """What the page saves of a rater who gives 4 to everything, and counts well."""
    rows = []
    for place, (name, trial) in enumerate(test.key["trials"].items()):
        check = trial["kind"] == "check"
        for scale in ["tones"] if check else test.key["scales"]:
            value = trial["answer"] if check else 1 if scale == "preference" else 4
            rows.append(
                {
                    "trial": name,
                    "scale": scale,
                    "value": value,
                    "place": place,
                    "seconds": 9.5,
                    "swapped": False,
                }
            )
    return {
        "format": FORMAT,
        "test": test.key["test"],
        "rater": rater,
        "token": f"{token:032x}",
        "started": "2026-01-01T10:00:00Z",
        "finished": True,
        "answers": rows,
    } | changes


@pytest.fixture(scope="session")
def small_system() -> Any:
    """A DrumLDM with random weights: it draws nonsense, quickly."""
    import torch

    from workbench.models.contrastive import ContrastiveConfig
    from workbench.models.mrlstm import AutoencoderConfig
    from workbench.systems.drum_ldm import DrumLDM, DrumLDMConfig

    torch.manual_seed(0)
    config = DrumLDMConfig(
        text="keywords",
        autoencoder=AutoencoderConfig(latent=8, hidden=8, width=16),
        contrastive=ContrastiveConfig(text_dim=58, dim=16, width=16, depth=1, heads=2),
        width=32,
        depth=1,
        heads=2,
        bars=8,
        vocabulary=("rock", "funk", "slow"),
    )
    return DrumLDM(config)
