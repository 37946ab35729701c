"""A classifier of drum rolls: a small convolutional network.

Handmade features only describe what their author thought of. This network reads hits, velocity and
microtiming on every sixteenth. It is trained within cross-validation, like the other classifiers.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from workbench.errors import WorkbenchError
from workbench.evaluation.checks import array
from workbench.representations.drum_roll import CHANNELS

BAR, STEPS, BATCH, LR = 16, 300, 64, 2e-3


class RollJudge:
    """A classifier with scikit-learn's `fit` and `predict_proba`.

    Rows are flattened rolls (n, steps · 27), whole bars. Training shifts each loop by a random
    number of bars, because a loop has no first bar.

    Args:
        seeds: One network is trained per seed; their probabilities are averaged.
        steps: Training steps of each network.
    """

    def __init__(self, seeds: tuple[int, ...] = (0, 1), steps: int = STEPS) -> None:
        self.seeds, self.steps = seeds, steps
        self.networks: list[nn.Module] = []

    def fit(self, x: np.ndarray, y: np.ndarray) -> RollJudge:
        """Train the networks.

        Args:
            x: (n, steps · 27).
            y: Labels 0 and 1, (n,).

        Returns:
            Itself.

        Raises:
            WorkbenchError: for other shapes and labels.
        """
        rolls, y = _rolls(x), array(y, "y", "(n,)")
        if len(y) != len(rolls) or not np.isin(y, (0, 1)).all():
            raise WorkbenchError(f"y: give a label 0 or 1 for each of the {len(rolls)} rows of x")
        target = torch.as_tensor(y, dtype=torch.float32)
        self.networks = [self._train(rolls, target, seed) for seed in self.seeds]
        return self

    def predict_proba(self, x: np.ndarray) -> np.ndarray:
        """Probabilities of the labels 0 and 1 for rows (n, steps · 27): (n, 2)."""
        with torch.inference_mode():
            votes = [torch.sigmoid(network(_rolls(x)))[:, 0] for network in self.networks]
        one = torch.stack(votes).mean(0).numpy()
        return np.stack([1 - one, one], axis=1)

    def _train(self, rolls: Tensor, labels: Tensor, seed: int) -> nn.Module:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = _network()
            optimizer = torch.optim.AdamW(network.parameters(), LR, weight_decay=0.05)
            rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=self.steps)
            balance = (labels == 0).sum() / (labels == 1).sum().clamp(min=1)
            loss = nn.BCEWithLogitsLoss(pos_weight=balance)
            for _ in range(self.steps):
                pick = torch.randint(len(rolls), (BATCH,))
                shift = BAR * int(torch.randint(rolls.shape[2] // BAR, ()))
                error = loss(network(rolls[pick].roll(shift, dims=2))[:, 0], labels[pick])
                optimizer.zero_grad()
                error.backward()
                optimizer.step()
                rate.step()
        return network.eval()


def _rolls(x: np.ndarray) -> Tensor:
    """(n, steps · 27) → (n, 27, steps)."""
    x = array(x, "x", "(n, numbers)")
    if not x.size or x.shape[1] % (BAR * CHANNELS):
        raise WorkbenchError(f"x has shape {x.shape}; give (n, steps · {CHANNELS}), whole bars")
    flat = torch.as_tensor(x, dtype=torch.float32)
    return flat.reshape(len(flat), -1, CHANNELS).transpose(1, 2).contiguous()


def _network(width: int = 32) -> nn.Module:
    """Four convolutions over time, from sixteenths to half bars; mean over time."""
    layers: list[nn.Module] = []
    for i, stride in enumerate((1, 2, 2, 2)):
        layers += [
            nn.Conv1d(
                CHANNELS if i == 0 else width, width, 5, stride, padding=2, padding_mode="circular"
            ),
            nn.BatchNorm1d(width),
            nn.GELU(),
            nn.Dropout(0.2),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(width, 1))
