"""CLAP from transformers: a published encoder of text and sound in one embedding space.

It conditions the published MusicLDM, and it can evaluate the sound of other systems. It should not
evaluate a system that was trained with it, because that system is fitted to its embeddings.

Source: Wu et al. 2022, arXiv 2211.06687.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from workbench.errors import CheckpointError, brief

if TYPE_CHECKING:
    from transformers import ClapModel

RATE = 48_000  # sample rate of CLAP's input in Hz


class Clap:
    """CLAP of transformers: embeddings of texts and sounds of unit length."""

    def __init__(self, model: ClapModel, tokenizer: Any, extractor: Any) -> None:
        self.model, self.tokenizer, self.extractor = model.eval(), tokenizer, extractor

    @classmethod
    def load(
        cls,
        model: str | Path,
        tokenizer: str | Path | None = None,
        extractor: str | Path | None = None,
    ) -> Clap:
        """Load CLAP from a folder, or by a name on the hub such as "laion/clap-htsat-unfused".

        Args:
            model: The folder or name.
            tokenizer: The folder or name of the tokenizer; default: that of the model.
            extractor: The folder or name of the feature extractor; default: that of the model.

        Raises:
            CheckpointError: If one of them cannot be loaded.
        """
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        try:
            return cls(
                # Pickles, and code that comes with a model, could run anything.
                ClapModel.from_pretrained(model, use_safetensors=True),
                AutoTokenizer.from_pretrained(tokenizer or model, trust_remote_code=False),
                ClapFeatureExtractor.from_pretrained(extractor or model),
            )
        except Exception as error:  # any library may fail on unusual values
            raise CheckpointError(f"{model}: CLAP cannot be loaded ({brief(error)})") from None

    @torch.inference_mode()
    def embed_text(self, texts: Sequence[str]) -> Tensor:
        """Return embeddings (n, dim) of unit length."""
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        return _vectors(self.model.get_text_features(**tokens))

    @torch.inference_mode()
    def embed_sound(self, sounds: Tensor, rate: int = 16_000) -> Tensor:
        """Sounds (n, samples) at `rate` Hz → embeddings (n, dim) of unit length."""
        import torchaudio

        resampled = torchaudio.functional.resample(sounds, rate, RATE)
        features = self.extractor(
            [row.numpy() for row in resampled], sampling_rate=RATE, return_tensors="pt"
        )
        return _vectors(self.model.get_audio_features(**features))


def _vectors(output: Any) -> Tensor:
    """Return unit vectors; newer versions of transformers return an object, older ones a tensor."""
    vectors = output if isinstance(output, Tensor) else output.pooler_output
    return nn.functional.normalize(vectors, dim=-1)
