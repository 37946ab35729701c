"""CLAP as transformers has it: a published encoder of text and sound in one space.

arXiv 2211.06687. It conditions the published MusicLDM, and it can judge any system's sound: not
both at once, since a system that was made by an encoder has been fitted to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from workbench.errors import CheckpointError

if TYPE_CHECKING:
    from transformers import ClapModel

RATE = 48_000  # Hz that CLAP hears


class Clap:
    """transformers' CLAP: texts and sounds as unit vectors."""

    def __init__(self, model: ClapModel, tokenizer: Any, extractor: Any) -> None:
        self.model, self.tokenizer, self.extractor = model.eval(), tokenizer, extractor

    @classmethod
    def load(
        cls,
        model: str | Path,
        tokenizer: str | Path | None = None,
        extractor: str | Path | None = None,
    ) -> Clap:
        """From a folder, or a name on the hub such as "laion/clap-htsat-unfused"; tokenizer and
        extractor are looked for there unless named. CheckpointError says why they could not be
        read."""
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        try:
            return cls(
                # a pickle, or code that comes with a model, could do anything
                ClapModel.from_pretrained(model, use_safetensors=True),
                AutoTokenizer.from_pretrained(tokenizer or model, trust_remote_code=False),
                ClapFeatureExtractor.from_pretrained(extractor or model),
            )
        except Exception as error:  # of any library that is given odd numbers
            raise CheckpointError(f"{model}: CLAP cannot be loaded ({brief(error)})") from None

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """(n, dim)."""
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        return _vectors(self.model.get_text_features(**tokens))

    @torch.inference_mode()
    def embed_sound(self, sounds: Tensor, rate: int = 16_000) -> Tensor:
        """Sounds (n, samples) at `rate` Hz → (n, dim)."""
        import torchaudio

        wide = torchaudio.functional.resample(sounds, rate, RATE)
        features = self.extractor(
            [row.numpy() for row in wide], sampling_rate=RATE, return_tensors="pt"
        )
        return _vectors(self.model.get_audio_features(**features))


def _vectors(found: Any) -> Tensor:
    """Newer transformers return an output object, older ones the tensor."""
    vectors = found if isinstance(found, Tensor) else found.pooler_output
    return nn.functional.normalize(vectors, dim=-1)


def brief(error: BaseException) -> str:
    """The first line of an error of another library."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
