"""The transformer of DiffusionLM against BERT's and ELECTRA's in transformers."""

import pytest
import torch
from transformers import BertConfig, BertModel, ElectraConfig, ElectraModel

from workbench.models.bert import Transformer

SHARED = {
    "vocab_size": 1,
    "num_hidden_layers": 2,
    "max_position_embeddings": 12,
    "hidden_dropout_prob": 0.1,
    "attention_probs_dropout_prob": 0.0,
    "type_vocab_size": 1,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "intermediate_size": 128,
}


@pytest.mark.parametrize("inputs", [None, 16])
@pytest.mark.parametrize("padded", [False, True])
def test_it_is_that_of_transformers(inputs, padded):
    torch.manual_seed(0)
    if inputs is None:
        theirs = BertModel(BertConfig(**SHARED), add_pooling_layer=False).eval()
    else:
        theirs = ElectraModel(ElectraConfig(embedding_size=inputs, **SHARED)).eval()
    ours = Transformer(32, 2, 4, 12, 0.1, inputs).eval()
    spreads = {name: float(value.std()) for name, value in ours.named_parameters()}
    for name, value in theirs.named_parameters():
        if value.numel() > 500:  # few numbers have another spread by chance
            assert spreads[name] == pytest.approx(float(value.std()), rel=0.2, abs=1e-6), name
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(3, 10, inputs or 32)
    mask = torch.ones(3, 10, dtype=torch.bool)
    mask[1, 6:] = mask[2, 1:] = not padded
    with torch.no_grad():
        expected = theirs(inputs_embeds=x, attention_mask=mask).last_hidden_state
        assert torch.allclose(ours(x, mask), expected, atol=1e-5)
        assert padded or torch.allclose(ours(x), expected, atol=1e-5)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    network, x = Transformer(32, 1, 4, 12, 0.5), torch.randn(1, 5, 32)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))
