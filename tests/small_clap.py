"""CLAP at a tiny size, with random weights: what its published checkpoints are made of."""

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import ClapConfig, ClapModel, ClapTextConfig, RobertaTokenizerFast


def small_clap(folder):
    """(the model, its tokenizer); the tokenizer's files are left in the folder."""
    words = ByteLevelBPETokenizer()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    words.train_from_iterator(["a slow song", "fast drums"], vocab_size=300, special_tokens=marks)
    words.save_model(str(folder))
    tokenizer = RobertaTokenizerFast.from_pretrained(str(folder), model_max_length=20)
    torch.manual_seed(0)
    audio = {
        "hidden_size": 32,
        "patch_embeds_hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "num_hidden_layers": 2,
        "spec_size": 64,
        "patch_size": 4,
        "window_size": 4,
        "num_mel_bins": 64,
        "projection_dim": 16,
    }
    text = ClapTextConfig(
        vocab_size=320,
        hidden_size=32,
        num_hidden_layers=1,
        intermediate_size=37,
        num_attention_heads=2,
        projection_dim=16,
    )
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio, projection_dim=16)
    return ClapModel(config).eval(), tokenizer
