"""The LSTM: causal, the same step by step, and able to learn what a Markov chain cannot."""

import numpy as np
import torch

from workbench.models.gpt import next_token_loss
from workbench.models.lstm import LSTMConfig, LSTMLanguageModel
from workbench.models.markov import MarkovChain


def test_step_by_step_is_the_whole_at_once():
    torch.manual_seed(0)
    model = LSTMLanguageModel(LSTMConfig(vocab=9, width=16)).eval()
    ids = torch.randint(0, 9, (3, 12))
    whole, state = model(ids), None
    for t in range(12):
        logits, state = model.next(ids[:, t], state)
        assert torch.allclose(logits, whole[:, t], atol=1e-5)
    later = ids.clone()
    later[:, 7:] = (later[:, 7:] + 1) % 9
    assert torch.allclose(model(later)[:, :7], whole[:, :7])  # causal


def test_it_remembers_longer_than_a_markov_chain():
    """The first token says what comes at the end, four tokens of noise later."""

    def rows(n, seed):
        rng = np.random.default_rng(seed)
        first = rng.integers(1, 4, size=(n, 1))
        return np.concatenate([first, rng.integers(4, 6, size=(n, 4)), first + 5], axis=1)

    train, test = rows(2000, 0), rows(200, 1)
    chain = MarkovChain(3, 9).fit(list(train))
    of_chain = np.mean([chain.nll(row)[-1] for row in test])
    torch.manual_seed(0)
    model = LSTMLanguageModel(LSTMConfig(vocab=9, width=24, layers=1, dropout=0.0))
    optimizer = torch.optim.Adam(model.parameters(), 2e-2)
    for step in range(300):
        ids = torch.from_numpy(train[(step * 64) % 1900 :][:64])
        loss = next_token_loss(model(ids), ids, pad=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ids = torch.from_numpy(test)
    logits = model.eval()(ids)[:, -2]
    of_lstm = float(torch.nn.functional.cross_entropy(logits, ids[:, -1]))
    assert of_chain > 0.9 * np.log(3)
    assert of_lstm < 0.3
