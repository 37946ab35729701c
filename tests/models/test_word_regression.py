"""Reduced-rank regression from words to features."""

import numpy as np
import torch
from sklearn.linear_model import Ridge

from workbench.models.word_regression import RIDGE, fit_words


def data(n=400, words=12, features=9, seed=0):
    random = np.random.default_rng(seed)
    counts = (random.random((n, words)) < 0.3).astype(np.float32)
    y = counts @ random.standard_normal((words, features)) + random.standard_normal((n, features))
    return counts, (3 + 2 * y).astype(np.float32)


def test_with_all_directions_it_is_ridge_regression():
    counts, features = data()
    fitted = fit_words(torch.from_numpy(counts), torch.from_numpy(features), rank=9)
    standard = (features - features.mean(0)) / features.std(0)
    ones = np.concatenate([counts, np.ones((len(counts), 1))], axis=1)
    predicted = Ridge(RIDGE, fit_intercept=False).fit(ones, standard).predict(ones)
    own = fitted.embed_text(torch.from_numpy(counts)).numpy()
    loops = fitted.embed_loops(torch.from_numpy(features)).numpy()
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (predicted, standard)]
    assert np.abs(own @ loops.T - unit[0] @ unit[1].T).max() < 1e-4


def test_features_without_words_do_not_disturb_the_search():
    counts, features = data()
    noise = 5 * np.random.default_rng(1).standard_normal((400, 40))
    features = np.concatenate([features, noise], axis=1).astype(np.float32)
    train, test = slice(0, 300), slice(300, 400)
    shares = []
    for rank in (8, 49):
        fitted = fit_words(torch.from_numpy(counts[train]), torch.from_numpy(features[train]), rank)
        texts = fitted.embed_text(torch.from_numpy(counts[test]))
        score = texts @ fitted.embed_loops(torch.from_numpy(features[test])).T
        shares.append(float((score > score.diag()[:, None]).float().mean()))
    assert shares[0] < shares[1] - 0.02
    assert shares[0] < 0.1


def test_fewer_features_than_directions():
    counts, features = data(features=3)
    fitted = fit_words(torch.from_numpy(counts), torch.from_numpy(features), rank=5)
    assert fitted.embed_loops(torch.from_numpy(features)).shape == (400, 5)
