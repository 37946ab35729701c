"""Wrong solutions of typical kinds: none is accepted, nearly all are recognised.

Each is an edit of the solution in a notebook, written without a look at what the check knows, as a
student's slip would be. A solution is recognised if the message names the mistake, rather than only
saying what one input gives.
"""

import re

import numpy as np
import pytest
import torch

from workbench.course import notebooks, teaching

WRONG = [  # exercise, part of the solution, what a student writes instead
    ("00.1", "beats * 60 / tempo", "beats / tempo"),
    ("00.1", "beats * 60 / tempo", "beats * tempo / 60"),
    ("00.2", "(len(hits) / 4)", "len(hits)"),
    ("00.2", "hits.sum() / (len(hits) / 4)", "hits.mean()"),
    ("00.3", " + (difference == 0).mean() / 2", ""),
    ("00.3", "(difference == 0).mean() / 2", "(difference == 0).mean()"),
    ("00.3", "difference > 0", "difference < 0"),
    ("01.1", "np.log2", "np.log"),
    ("01.1", "return -(", "return ("),
    ("01.2", ".mean(0)", ".sum(0)"),
    ("01.2", ".mean(0)", ".mean(1)"),
    ("01.3", "off.mean() / (1 - off.mean())", "(1 - off.mean()) / off.mean()"),
    ("01.3", "onsets % 1", "onsets"),
    ("01.3", "place[(place > 0.42) & (place < 0.75)]", "place"),
    ("01.3", "(place > 0.42) & (place < 0.75)", "place > 0.42"),
    ("01.3", "np.nan", "0"),
    ("01.3", "off.mean() / (1 - off.mean())", "(off / (1 - off)).mean()"),
    ("01.4", "np.diff(melody)", "melody"),
    ("01.4", "min(len(a), len(b))", "max(len(a), len(b))"),
    ("01.4", "j != i and ", ""),
    ("01.4", "j != i and", "j < i and"),
    ("02.1", "if position != last:", "if True:"),
    ("02.2", "np.round(beats * steps)", "np.floor(beats * steps)"),
    ("02.2", "beats * steps", "beats / steps"),
    ("02.3", "i += 2", "i += 1"),
    ("02.3", "in merges", "in merges[:1]"),
    ("02.3", "in merges", "in reversed(merges)"),
    ("02.3", "        ids = out\n", ""),
    ("02.4", " / np.log(2)", ""),
    ("02.4", "song.sum()", "song.mean()"),
    ("02.4", " / sum(notes)", " / len(songs)"),
    ("02.4", "/ np.log(2)", "* np.log(2)"),
    (
        "02.4",
        "nats / np.log(2) / sum(notes)",
        "np.mean([x.sum() / np.log(2) / n for x, n in zip(songs, notes)])",
    ),
    ("03.1", "weight.sum(1)", "hidden.shape[1]"),
    ("03.1", "(hidden * weight).sum(1) / weight.sum(1)", "hidden.mean(1)"),
    ("03.2", "scale * a", "a"),
    (
        "03.2",
        "(cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2",
        "cross_entropy(logits, own)",
    ),
    (
        "03.2",
        "(cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2",
        "cross_entropy(logits, own) + cross_entropy(logits.T, own)",
    ),
    ("03.3", " / mates.sum(1)", ""),
    ("03.3", "suits.mean()", "(choice == torch.arange(len(choice))).float().mean()"),
    ("03.3", "(shares[0] + shares[1]) / 2", "shares[0]"),
    ("03.3", "return loss, accuracy", "return accuracy, loss"),
    ("03.4", "< k", "<= k"),
    ("04.1", "-len(x) % stride", "stride - len(x) % stride"),
    ("04.1", "[x, np.zeros((missing, x.shape[1]))]", "[np.zeros((missing, x.shape[1])), x]"),
    ("04.1", "-len(x) % stride", "len(x) % stride"),
    ("04.1", ".swapaxes(0, 1)", ""),
    ("04.1", ".reshape(-1, stride, x.shape[1]).swapaxes(0, 1)", ".reshape(stride, -1, x.shape[1])"),
    ("04.2", "show * np.tanh(c)", "show * c"),
    ("04.2", "np.stack(outputs)", "h"),
    ("04.2", "outputs.append(h)", "outputs.append(c)"),
    ("04.3", " / hits.sum()", " / hits.numel()"),
    ("04.4", "2 * both", "both"),
    ("04.4", "both[occurs] / hits[occurs]", "both / hits"),
    ("04.4", "occurs = hits > 0", "occurs = both > 0"),
    ("04.4", "of_drums.mean()", "of_drums.sum() / true.shape[2]"),
    (
        "04.4",
        "2 * both.sum() / hits.sum(), of_drums.mean()",
        "of_drums.mean(), both.sum() * 2 / hits.sum()",
    ),
    ("04.4", "(0, 1)", "(1, 2)"),
    ("05.1", "alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5", "alpha_bar * x0 + (1 - alpha_bar)"),
    ("05.2", "network(x_t, t, text)", "network(x0, t, text)"),
    ("05.2", "drop[:, None], 0.0, text", "drop[:, None], text, 0.0"),
    ("05.2", "signal * noise - sigma * x0", "signal * x0 - sigma * noise"),
    ("05.3", " / now**0.5", ""),
    ("05.3", "then**0.5 * x0 + (1 - then)", "now**0.5 * x0 + (1 - now)"),
    ("05.4", "np.expm1(-h)", "np.exp(-h)"),
    ("05.4", "0.5 * np.log", "np.log"),
    ("05.5", "without + of_row", "with_text + of_row"),
    ("05.5", "of_row * (with_text - without)", "scale * (with_text - without)"),
    ("05.5", "t >= first", "t < first"),
    ("05.5", "t >= first", "t > first"),
    ("05.5", "t >= first, scale, 1.0", "t >= first, scale, 0.0"),
    ("05.5", "torch.zeros_like(text)", "text"),
    ("05.5", "(with_text - without)", "(without - with_text)"),
    ("06.1", "10 * np.log10", "20 * np.log10"),
    ("06.1", ".mean(0)).mean()", ".mean(1)).mean()"),
    ("06.2", "np.exp(log_variance)", "log_variance"),
    ("06.2", "np.exp(log_variance)", "np.exp(0.5 * log_variance)"),
    ("06.3", "np.exp(0.5 * logvar)", "np.exp(logvar)"),
    ("06.3", " - cost.sum(-1)", " + cost.sum(-1)"),
    ("06.3", " + log_prior - log_q", " - log_prior + log_q"),
    ("06.3", " + np.log(2 * np.pi) + logvar)", " + np.log(2 * np.pi))"),
    ("06.3", "return by_formula, by_sampling", "return by_formula"),
    ("06.2", "kl.mean(0)", "kl.mean(1)"),
    ("06.2", "np.maximum(prices, free).sum()", "np.maximum(prices, free).mean()"),
    ("06.2", "np.maximum(prices, free).sum()", "prices.sum()"),
    ("06.2", "np.maximum(prices", "np.minimum(prices"),
    ("06.2", "np.maximum(prices, free).sum()", "prices[prices >= free].sum()"),
    ("06.2", "prices = kl.mean(0)", "prices = np.maximum(kl, free).mean(0)"),
    ("06.4", "1 + on_fake", "1 - on_fake"),
    ("06.4", "np.mean(losses)", "np.sum(losses)"),
    ("06.4", "np.mean(losses), ", "np.mean(losses) + 0 * "),
    ("06.4", "== 0).mean()", "> 0).mean()"),
    ("06.4", "== 0).mean()", "== 0).sum()"),
    ("06.4", "np.mean(losses)", "2 * np.concatenate(costs).mean()"),
    ("06.5", "-fake[-1]", "fake[-1]"),
    ("06.5", "real[:-1], fake[:-1]", "real, fake"),
    ("07.1", "noise - music", "music - noise"),
    ("07.1", " - exponents.max(1, keepdims=True)", ""),
    ("07.1", "    weights /= weights.sum(1, keepdims=True)\n", ""),
    ("07.1", "weights.sum(1, keepdims=True)", "weights.sum(0)"),
    ("07.1", "-0.5 * (", "-("),
    ("07.1", " / t  #", "  #"),
    ("07.1", "(1 - t) * music", "music"),
    ("07.2", "(1 + scale)", "scale"),
    ("07.2", "h + gate", "gate"),
    ("07.2", "h + gate", "normal + gate"),
    ("07.2", "gate * branch", "branch"),
    ("07.2", "shift, scale, gate =", "scale, shift, gate ="),
    ("07.2", "branch(normal", "branch(h"),
    ("07.2", "np.sqrt(h.var(-1, keepdims=True) + 1e-5)", "(h.var(-1, keepdims=True) + 1e-5)"),
    ("07.3", "x = x - (here + there)", "x = x + (here + there)"),
    ("07.3", "(here + there) / 2", "here"),
    ("07.3", "(here + there) / 2", "(here + there)"),
    ("07.3", "guided(x - here / steps, after)", "guided(x - here / steps, t)"),
    ("07.3", "guided(x - here / steps, after)", "guided(x, after)"),
    ("07.4", "total / weights", "total"),
    ("08.1", "np.minimum", "np.maximum"),
    ("08.2", "reference / tempo", "tempo / reference"),
    ("08.3", " / np.sqrt(lam**2 + (1 - lam) ** 2)", ""),
    ("08.3", "np.sqrt(lam**2 + (1 - lam) ** 2)", "(lam**2 + (1 - lam) ** 2)"),
    ("08.3", "first[starts[0] :], second[starts[1] :]", "first, second"),
    ("08.3", "second[starts[1] :]", "second[starts[0] :]"),
    ("08.3", " / max(1, np.abs(mixture).max())", ""),
    ("08.3", "max(1, np.abs(mixture).max())", "np.abs(mixture).max()"),
    ("08.3", "np.abs(mixture).max()", "mixture.max()"),
    ("08.3", "mixture / max(1, np.abs(mixture).max())", "np.clip(mixture, -1, 1)"),
    ("08.4", ".max(axis=1)", ".mean(axis=1)"),
    ("08.4", "> threshold", "< threshold"),
    ("09.1", "logits[:-1], ids[1:]", "logits, ids"),
    ("09.1", "cost[target != pad].mean()", "cost.mean()"),
    ("09.2", "scores[later] = -np.inf", "pass"),
    ("09.2", " / np.sqrt(d)", ""),
    ("09.2", "k=1", "k=0"),
    ("09.3", "-2 * np", "2 * np"),
    ("10.1", "flat(bars[last:]) + flat(bars[:first])", "flat(bars[:first]) + flat(bars[last:])"),
    ("10.1", '["HOLE"] * (last - first)', '["HOLE"]'),
    ("10.1", ', "END"]', "]"),
    ("10.2", "places[tail] + 1", "places[tail]"),
    ("10.2", "places[tail] = i ", "places.setdefault(tail, i) "),
    ("10.2", "echo = -1", "echo = 0"),
    ("10.2", "in orders:", "in reversed(orders):"),
    ("10.2", "in orders:", "in orders[-1:]:"),
    ("10.3", "/ temperature", "* temperature"),
    ("10.3", "weights / weights.sum()", "weights"),
    ("10.3", "logits - logits.max()", "logits"),
    ("10.3", "np.where(allowed, logits, -np.inf)", "logits"),
    ("10.3", "-np.inf", "0"),
    ("10.3", "-np.inf", "np.inf"),
    ("10.3", "temperature == 0", "False"),
    ("10.3", "(np.arange(len(logits)) == logits.argmax()).astype(float)", "logits.argmax()"),
    (
        "10.3",
        "(np.arange(len(logits)) == logits.argmax()).astype(float)",
        "allowed / allowed.sum()",
    ),
    ("10.4", "- p[order]", ""),
    ("10.4", "kept / kept.sum()", "kept"),
    ("10.4", "np.argsort(-p)", "np.arange(len(p))"),
    ("10.4", "np.argsort(-p)", "np.argsort(p)"),
    ("11.1", "/ steps + s)", "/ steps) - s"),
    ("11.1", "np.arange(steps + 1) / steps", "np.arange(steps + 1)"),
    ("11.1", "np.minimum(betas, largest)", "betas"),
    ("11.1", "np.minimum", "np.maximum"),
    ("11.1", "bars[0] * ", ""),
    ("11.1", "bars[0] * np.cumprod(1 - betas)", "bars[:-1] * (1 - betas)"),
    ("11.1", "np.cumprod(1 - betas)", "np.cumprod(betas)"),
    ("11.1", "bars[1:] / bars[:-1]", "bars[:-1] / bars[1:]"),
    ("11.2", "argmax", "argmin"),
    ("11.2", "np.log(frequencies) - squares", "-squares"),
    ("11.2", "np.log(frequencies)", "frequencies"),
    ("11.2", "np.sqrt(alpha_bar) * table", "table"),
    ("11.2", "np.sqrt(alpha_bar)", "alpha_bar"),
    ("11.2", "(2 * (1 - alpha_bar))", "(1 - alpha_bar)"),
    ("11.2", "(2 * (1 - alpha_bar))", "(2 * np.sqrt(1 - alpha_bar))"),
    ("11.2", "- squares", "+ squares"),
    ("11.3", " + np.sqrt(1 - bars[0]) * start", ""),
    ("11.3", "clean if t == 0 else x0", "x0"),
    ("11.3", "logits = x0 @", "logits = prediction @"),
    ("11.3", "bars[-1] * np", "np.sqrt(bars[-1]) * np"),
    ("11.4", " / np.log(2)", ""),
    ("11.4", ".sum((1, 2))", ".mean((1, 2))"),
    ("11.4", "squares[1:]", "squares[:-1]"),
    ("11.4", "snr[:-1] - snr[1:]", "snr[1:] - snr[:-1]"),
    ("11.4", "bars / (1 - bars)", "bars"),
    ("11.4", " / len(x0)", ""),
    ("11.4", "nats.sum()", "nats.mean()"),
    ("11.5", "np.where(hidden, mask, words)", "words"),
    ("11.5", "nats[hidden]", "nats"),
    ("11.5", "len(words) / k * ", ""),
    ("12.1", "np.sqrt(v1) - np.sqrt(v2)", "v1 - v2"),
    ("12.2", "kxx.sum() - np.trace(kxx)", "kxx.sum()"),
    ("12.2", "2 * kxy.mean()", "kxy.mean()"),
    ("12.3", "1 / sizes", "sizes"),
    ("12.3", "[1]", "[0]"),
    ("12.4", "np.exp(nats / len(part))", "nats / len(part)"),
    ("12.4", "part.mean(axis=0)", "p.mean(axis=0)"),
    ("13.1", "common - levels", "levels - common"),
    ("13.1", "min(-20, (levels - peaks - 1).min())", "-20"),
    ("13.2", "abs((flips * differences).sum(1))", "(flips * differences).sum(1)"),
    ("13.2", ">= abs", "<= abs"),
    ("13.3", "np.maximum.accumulate(stepped)", "stepped"),
    ("13.3", "p[order] * range(len(p), 0, -1)", "p[order] * len(p)"),
    ("13.4", "1 - observed", "observed"),
    ("13.5", "wins[winner, loser]", "wins[loser, winner]"),
    ("13.5", "games = wins + wins.T", "games = wins"),
    ("13.5", "s - s.mean()", "s"),
    ("13.5", "s - s.mean()", "p"),
    ("13.5", "range(500)", "range(1)"),
    ("13.5", "games[i, j] / (p", "(games[i, j] > 0) / (p"),
    ("14.1", ".min()", ".mean()"),
    ("14.2", "generated <", "generated >"),
    ("14.2", "0.05", "0.95"),
    ("14.3", "shares / 6", "shares"),
    ("14.4", "np.sqrt(n * share * (1 - share))", "np.sqrt(n)"),
    ("14.4", "g - share * n", "g"),
    (
        "14.4",
        "{(tokens[i], tokens[i + 1]) for i in range(len(tokens) - 1)}",
        "[*zip(tokens, tokens[1:])]",
    ),
    ("14.4", "n, g = len(pairs)", "n, g = len(tokens) - 1"),
    ("14.4", "green[a, b]", "green[b, a]"),
    ("14.4", "n == 0", "False"),
]
WHOLE = [  # exercise, an answer that is not an edit of the solution, words of the message
    (
        "02.3",
        """
def encoded(ids, merges):
    text = " ".join(map(str, ids))
    for pair, new in merges:
        text = text.replace(f"{pair[0]} {pair[1]}", str(new))
    return list(map(int, text.split()))
""",
        "mixes digits",
    ),
    (
        "02.3",
        """
def encoded(ids, merges):
    text = f" {' '.join(map(str, ids))} "
    for pair, new in merges:
        text = text.replace(f" {pair[0]} {pair[1]} ", f" {new} ")
    return list(map(int, text.split()))
""",
        "share a space",
    ),
]
UNNAMED = re.compile(r"^(for one input|all numbers are)")


def solutions():
    """The source of each exercise's solution, by number."""
    found = {}
    for script in notebooks.scripts():
        cells = notebooks.build(script, solutions=True).cells
        written = [c.source for c in cells if "solution" in c.metadata.get("tags", [])]
        for place, source in enumerate(written, 1):
            found[f"{script.stem[:2]}.{place}"] = source
    return found


@pytest.fixture(scope="module")
def source():
    return solutions()


def function_of(text):
    names = {"np": np, "torch": torch}
    before = set(names)
    exec(text, names)
    made = [v for k, v in names.items() if k not in before and getattr(v, "__module__", 1) is None]
    made = made or [v for k, v in names.items() if k not in before and hasattr(v, "__code__")]
    return made[-1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_none_is_accepted_and_nine_of_ten_are_named(source, record_property):
    """At least sixty, over all exercises. Prints the share and those that are not named."""
    checks, unnamed = teaching.exercises(), []
    assert {number for number, _, _ in WRONG} == set(checks)
    assert len(WRONG) >= 60
    for number, right, wrong in WRONG:
        assert right in source[number], (number, right)
        attempt = function_of(source[number].replace(right, wrong))
        result = checks[number](attempt, seed=1)
        assert result.state == "not yet", (number, wrong, result.state)
        if UNNAMED.match(result.message):
            unnamed.append(f"{number}: {right!r} → {wrong!r}: {result.message}")
    share = 1 - len(unnamed) / len(WRONG)
    record_property("share named", share)
    print(f"{len(WRONG)} wrong solutions, {share:.0%} named", *unnamed, sep="\n")
    assert share >= 0.9


@pytest.mark.parametrize(
    ("number", "right", "wrong"),
    [  # right on nearly all inputs, so that the check needs one on which they are not
        ("04.4", "occurs = hits > 0", "occurs = true.any((0, 1))"),
        ("06.4", "costs.extend(of_scale)", "costs.extend([on_real <= 1, on_fake >= -1])"),
        ("07.2", " + 1e-5)", ")"),
        ("10.3", "-np.inf", "-1000"),
        ("10.3", "if temperature == 0:", "temperature = max(temperature, 0.01)\n    if False:"),
        ("11.1", "bars[0] * np.cumprod(1 - betas)", "bars[1] * np.cumprod([1, *(1 - betas)[1:]])"),
        ("14.4", "return (g - share * n)", "return abs(g - share * n)"),
        ("14.4", "range(len(tokens) - 1)", "range(-1, len(tokens) - 1)"),
    ],
)
def test_a_rare_mistake_is_refused_whatever_the_inputs(source, number, right, wrong):
    assert right in source[number]
    attempt = function_of(source[number].replace(right, wrong))
    check = teaching.exercises()[number]
    assert not any(check(attempt, seed=seed).passed for seed in range(20))


@pytest.mark.parametrize(("number", "text", "words"), WHOLE)
def test_an_answer_of_another_kind_is_not_accepted(number, text, words):
    """What works on most inputs by chance: text for numbers, one pass for several."""
    for seed in range(20):
        result = teaching.exercises()[number](function_of(text), seed=seed)
        assert result.state == "not yet"
        assert words in result.message
