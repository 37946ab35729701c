"""A recurrent language model (Graves 2013, arXiv 1308.0850), the standard before transformers."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class LSTMConfig:
    """vocab: number of tokens; width: of the embedding and of each layer; layers: number of LSTM
    layers; dropout: rate before, between and after the layers."""

    vocab: int
    width: int = 256
    layers: int = 2
    dropout: float = 0.1


class LSTMLanguageModel(nn.Module):
    """ids → logits, like `gpt.GPT`. Token embedding and output head share their weights.

    Source: Graves 2013, arXiv 1308.0850, section 2.
    """

    def __init__(self, config: LSTMConfig) -> None:
        super().__init__()
        self.config = config
        self.wte = nn.Embedding(config.vocab, config.width)
        nn.init.normal_(self.wte.weight, std=0.05)
        self.drop = nn.Dropout(config.dropout)
        between = config.dropout if config.layers > 1 else 0.0
        self.lstm = nn.LSTM(
            config.width, config.width, config.layers, batch_first=True, dropout=between
        )

    def forward(self, ids: Tensor) -> Tensor:
        """ids (batch, time) → logits (batch, time, vocab) of the token after each."""
        x, _ = self.lstm(self.drop(self.wte(ids)))  # (batch, time, width)
        return F.linear(self.drop(x), self.wte.weight)

    def next(
        self, ids: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """One step: ids (batch,) and the state so far → logits (batch, vocab) and the new state."""
        x, state = self.lstm(self.wte(ids[:, None]), state)
        return F.linear(x[:, 0], self.wte.weight), state
