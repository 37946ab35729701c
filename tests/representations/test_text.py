"""Text encoders: masked mean, independence from the batch, clear errors."""

import pytest
import torch

from workbench.errors import MissingDataError
from workbench.representations.text import BertText, KeywordText, masked_mean, text_encoder


@pytest.fixture(scope="module")
def bert() -> BertText:
    return BertText()


def test_masked_mean_ignores_padding():
    hidden = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert masked_mean(hidden, torch.tensor([[1, 1, 0]])) == 2.0


def test_a_text_has_the_same_vector_in_any_batch(bert):
    short = "slow funk"
    alone = bert.embed([short])[0]
    long = "a very long and detailed request for a loud rock beat with many toms and crashes"
    beside = bert.embed([long, short])[1]
    assert torch.allclose(alone, beside, atol=1e-5)


def test_minilm_agrees_with_transformers_own_call(bert):
    """Against the plain recipe of the model's card: no sorting, no batching."""
    tokenizer, model = bert._model
    tokens = tokenizer("jazz ride with swing", return_tensors="pt")
    with torch.no_grad():
        expected = model(**tokens).last_hidden_state[0].mean(0)
    assert torch.allclose(bert.embed(["jazz ride with swing"])[0], expected, atol=1e-5)


def test_meaning_shows(bert):
    a, b, c = torch.nn.functional.normalize(
        bert.embed(["a funky drum groove", "funk drums", "a lullaby for strings"]), dim=-1
    )
    assert a @ b > a @ c


def test_empty_list_and_empty_text(bert):
    assert bert.embed([]).shape == (0, 384)
    assert bert.embed([""]).isfinite().all()
    assert KeywordText().embed([]).shape == (0, 58)


def test_a_byte_that_is_no_text_is_read_as_a_question_mark(bert):
    odd, plain = "drums \ud800 120 bpm", "drums ? 120 bpm"
    assert torch.equal(bert.embed([odd]), bert.embed([plain]))
    assert torch.equal(bert.pieces([odd])[0], bert.pieces([plain])[0])


def test_keywords_are_the_multihot():
    vector = KeywordText().embed(["fast funk fill, 150 bpm"])[0]
    assert vector[:57].sum() == 3
    assert vector[57] == pytest.approx(0.5)


def test_an_unknown_bert_is_named(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(MissingDataError, match="no-such/bert"):
        text_encoder("no-such/bert").embed(["x"])
