"""BeatNet: probabilities of beats and downbeats from sound.

Heydari, Cwitkowitz and Duan 2021, "BeatNet: CRNN and particle filtering for online joint beat,
downbeat and meter tracking" (arXiv 2108.03576, section 2): a convolution over the bands of a
log-frequency spectrogram and its rise, and a recurrent network over time that does not look ahead.
Parameters are named as in the published code, so its weights can be loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from workbench.arguments import whole
from workbench.errors import CheckpointError, MissingDataError
from workbench.files import cache_dir
from workbench.music.audio import SILENT, check_rate, checked, resample, turned_down
from workbench.representations.bar_pointer import decode
from workbench.representations.mixup import Beats

FILE = "beatnet.safetensors"  # in the cache folder

RATE, WINDOW, HOP = 22_050, 1411, 441  # Hz, samples, samples: 64 ms, every 20 ms
FPS = RATE / HOP  # 50 frames per second
PER_OCTAVE, LOW, HIGH, REFERENCE = 24, 30.0, 17_000.0, 440.0  # bands per octave; Hz
FEATURES = 272  # 136 bands and their rise


class BeatNet(nn.Module):
    """Classifies each frame: beat, downbeat, neither."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(1, 2, 10)
        self.linear0 = nn.Linear(2 * ((FEATURES - 9) // 2), 150)
        self.lstm = nn.LSTM(150, 150, num_layers=2, batch_first=True)
        self.linear = nn.Linear(150, 3)

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, frames, 272) → probabilities (n, frames, 3)."""
        n, frames, _ = features.shape
        h = self.conv1(features.reshape(n * frames, 1, FEATURES)).relu()
        h = nn.functional.max_pool1d(h, 2).flatten(1)  # (n · frames, 262)
        h, _ = self.lstm(self.linear0(h).view(n, frames, -1))
        return self.linear(h).softmax(-1)


class BeatNets(nn.Module):
    """The published networks, trained on different parts of the data: their mean probabilities.

    Args:
        number: How many.
    """

    def __init__(self, number: int = 3) -> None:
        super().__init__()
        self.networks = nn.ModuleList(BeatNet() for _ in range(number))

    def forward(self, features: Tensor) -> Tensor:
        """Features (n, frames, 272) → probabilities (n, frames, 3)."""
        return torch.stack([network(features) for network in self.networks]).mean(0)

    @classmethod
    def of_states(cls, states: Sequence[Mapping[str, Tensor]]) -> BeatNets:
        """Return the networks with these weights."""
        made = cls(len(states))
        for network, state in zip(made.networks, states, strict=True):
            network.load_state_dict(dict(state))
        return made.eval().requires_grad_(False)


def log_spectrogram(sound: Tensor) -> Tensor:
    """Sound (samples,) at 22,050 Hz → features (frames, 272).

    Magnitudes in bands of a 24th of an octave, log10(1 + x), and by how much each rises from the
    frame before. Frame i is centred at sample 441 i.
    """
    frames = max(1, -(-len(sound) // HOP))
    padded = nn.functional.pad(sound.float(), (WINDOW // 2, WINDOW))
    windows = padded.unfold(0, WINDOW, HOP)[:frames]
    hann = torch.hann_window(WINDOW, periodic=False)
    magnitude = torch.fft.rfft(windows * hann)[:, : WINDOW // 2].abs()  # (frames, 705)
    bands = (1 + magnitude @ _bands()).log10()
    rise = torch.diff(bands, dim=0, prepend=bands[:1]).clamp(min=0)
    return torch.cat([bands, rise], dim=1)


@cache
def _bands() -> Tensor:
    """Return overlapping triangular filters of sum 1, (705, 136): each rises from the centre before
    to its own and falls to the next. Centres are a 24th of an octave apart where bins are close
    enough, otherwise on successive bins."""
    half = WINDOW // 2
    bins = np.arange(half) * RATE / (2 * half)  # Hz; in training an odd window counted as even
    steps = np.arange(
        np.ceil(PER_OCTAVE * np.log2(LOW / REFERENCE)),
        np.floor(PER_OCTAVE * np.log2(HIGH / REFERENCE)) + 1,
    )
    wanted = REFERENCE * 2 ** (steps / PER_OCTAVE)
    centres = np.unique(np.abs(bins[:, None] - wanted).argmin(0))
    filters = np.stack(
        [
            np.interp(np.arange(len(bins)), [left, centre, right], [0, 1, 0])
            for left, centre, right in zip(centres, centres[1:], centres[2:], strict=False)
        ],
        axis=1,
    )
    return torch.from_numpy(filters / filters.sum(0)).float()


class BeatNetTracker:
    """A tracker: mean probabilities of BeatNet's three networks, decoded by the bar pointer.

    Args:
        path: A safetensors file; default: the one that `data_scripts/beatnet.py` writes into the
            cache folder.

    Raises:
        MissingDataError: if there are no weights.
        CheckpointError: if the file cannot be read or holds other parameters.

    Source: Heydari et al. 2021, arXiv 2108.03576; Krebs et al. 2015 (`bar_pointer`).
    """

    def __init__(self, path: str | Path | None = None) -> None:
        file = cache_dir() / FILE if path is None else Path(path)
        if not file.is_file():
            raise MissingDataError(
                f"{file} does not exist; python data_scripts/beatnet.py downloads BeatNet's weights"
            )
        try:
            self.networks = BeatNets()
            self.networks.load_state_dict(load_file(file))
        except (OSError, SafetensorError, RuntimeError) as error:
            raise CheckpointError(
                f"{file}: its parameters are not those of BeatNet ({str(error).splitlines()[0]})"
            ) from None
        self.networks.eval().requires_grad_(False)

    def __call__(self, sound: np.ndarray, rate: int, *, meter: int | None = None) -> Beats:
        """Return the beats of sound (channels, samples); 3 or 4 beats per bar without `meter`."""
        meters = (3, 4) if meter is None else (whole(meter, "meter", 1),)
        return decode(self.probabilities(sound, rate), FPS, meters)

    def probabilities(self, sound: np.ndarray, rate: int) -> np.ndarray:
        """Probabilities of each frame of 20 ms, (frames, 2): of a beat that begins no bar, and of a
        downbeat; zeros for silence."""
        mono = turned_down(checked(sound)).mean(0, dtype=np.float32)
        mono = resample(mono[None], check_rate(rate, "rate"), RATE)[0]
        features = log_spectrogram(torch.from_numpy(mono))
        if not np.abs(mono).max(initial=0) > SILENT:
            return np.zeros((len(features), 2))
        return self.networks(features[None])[0, :, :2].double().numpy()
