"""GPT against transformers' GPT-2 and the formula of rotary positions; the engine against
plain recomputation."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.models.generation import Sampling, generate, recompute, stream, with_echoes
from workbench.models.gpt import GPT, GPTConfig, next_token_loss

CONFIG = GPTConfig(vocab=61, context=48, width=32, depth=3, heads=4, dropout=0.0)


@pytest.fixture(scope="module", params=["learned", "rotary"])
def model(request) -> GPT:
    torch.manual_seed(0)
    made = GPT(replace(CONFIG, positions=request.param)).eval()
    for weight in made.parameters():  # the untrained model's logits are almost flat
        weight.data.mul_(4).add_(0.01 * torch.randn_like(weight))
    return made


def by_distance(model: GPT, ids: torch.Tensor) -> torch.Tensor:
    """Rotary attention written out: each pair of positions by the angle of their distance."""
    x, config = model.wte(ids), model.config
    size = config.width // config.heads
    for block in model.h:
        qkv = block.attn.c_attn(block.ln_1(x))[0].view(-1, 3, config.heads, size)
        q, k, v = (qkv[:, i] for i in range(3))
        rate = 10_000.0 ** (-torch.arange(0, size, 2) / size)
        half = size // 2
        out = torch.zeros(len(q), config.heads, size)
        for i in range(len(q)):
            score = torch.stack(
                [
                    (
                        (q[i, :, :half] * k[j, :, :half] + q[i, :, half:] * k[j, :, half:])
                        * torch.cos((i - j) * rate)
                        + (q[i, :, half:] * k[j, :, :half] - q[i, :, :half] * k[j, :, half:])
                        * -torch.sin((i - j) * rate)
                    ).sum(-1)
                    for j in range(i + 1)
                ]
            )
            share = (score / size**0.5).softmax(0)
            out[i] = (share[:, :, None] * v[: i + 1]).sum(0)
        x = x + block.attn.c_proj(out.reshape(1, len(q), -1))
        x = x + block.c_proj(
            torch.nn.functional.gelu(block.c_fc(block.ln_2(x)), approximate="tanh")
        )
    return torch.nn.functional.linear(model.ln_f(x), model.wte.weight)


def test_logits_agree_with_transformers_gpt2(model):
    from transformers import GPT2Config, GPT2LMHeadModel

    if model.config.positions == "rotary":
        with torch.inference_mode():
            ids = torch.randint(0, 61, (1, 12))
            assert torch.allclose(model(ids), by_distance(model, ids), atol=1e-4)
        return
    other = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=61,
            n_positions=48,
            n_embd=32,
            n_layer=3,
            n_head=4,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
        )
    ).eval()
    theirs = {}
    for name, value in model.state_dict().items():
        name = name.replace(".c_fc", ".mlp.c_fc")
        name = name.replace(".c_proj", ".mlp.c_proj").replace("attn.mlp.", "attn.")
        if "h." in name and value.ndim == 2:
            value = value.T  # transformers' Conv1D holds the transpose of a Linear
        theirs[f"transformer.{name}"] = value
    theirs["lm_head.weight"] = model.wte.weight
    other.load_state_dict(theirs)
    ids = torch.randint(0, 61, (2, 40), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.allclose(model(ids), other(ids).logits, atol=2e-4)
        loss = next_token_loss(model(ids), ids, pad=-1)
        assert torch.allclose(loss, other(ids, labels=ids).loss, atol=1e-4)


def test_it_is_causal(model):
    ids = torch.randint(0, 61, (1, 20), generator=torch.Generator().manual_seed(2))
    embedded = model.wte(ids).detach().requires_grad_(True)
    x, turn = embedded, None
    if model.config.positions == "learned":
        x = x + model.wpe(torch.arange(20))
    else:
        turn = (model.cos[:20], model.sin[:20])
    for block in model.h:
        x = block(x, turn)
    model.ln_f(x)[0, 9].sum().backward()
    reached = embedded.grad[0].abs().sum(-1) > 0
    assert reached[:10].all()
    assert not reached[10:].any()


def test_padding_counts_for_nothing():
    logits = torch.randn(2, 6, 9)
    ids = torch.tensor([[1, 2, 3, 0, 0, 0], [4, 5, 6, 7, 8, 1]])
    assert torch.allclose(
        next_token_loss(logits, ids, pad=0),
        next_token_loss(
            logits + torch.tensor([[[0.0], [0], [5], [5], [5], [5]], [[0.0]] * 6]), ids, pad=0
        ),
        atol=1e-6,
    )
    other = logits.clone()
    other[0, 2:] = torch.randn(4, 9)  # these predict padding
    assert torch.allclose(next_token_loss(other, ids, 0), next_token_loss(logits, ids, 0))


def test_cached_generation_equals_recomputation(model):
    prompt = torch.tensor([5, 7, 11])
    for sampling in (Sampling(temperature=0), Sampling(temperature=1.3, top_k=9, repetition=1.2)):
        fast = generate(model, prompt, 3, 30, seed=4, sampling=sampling)
        slow = recompute(model, prompt, 3, 30, seed=4, sampling=sampling)
        assert slow.shape == (3, 30)
        assert torch.equal(fast, slow)


def random_hints(seed: int, vocab: int = 61):
    """Hints at random, the same for the same number of calls; those of the prompt are the same in
    all rows."""
    random = torch.Generator().manual_seed(seed)

    def hints(last: torch.Tensor | None, tokens: int = 3) -> torch.Tensor:
        n, time = (1, tokens) if last is None else (len(last), 1)
        limits = (vocab, 5, 400)
        found = torch.stack(
            [torch.randint(limit, (n, time), generator=random) for limit in limits], -1
        )
        return found if last is not None else found.expand(3, -1, -1)

    return hints


@pytest.mark.parametrize("fields", [{"echoes": 4}, {"clock": True}, {"echoes": 4, "clock": True}])
def test_cached_generation_with_hints_equals_recomputation(fields):
    torch.manual_seed(0)
    model = GPT(replace(CONFIG, **fields)).eval()
    for weight in model.parameters():
        weight.data.mul_(4).add_(0.01 * torch.randn_like(weight))
    prompt, settings = torch.tensor([5, 7, 11]), {"seed": 4, "sampling": Sampling(top_p=0.9)}
    fast = generate(model, prompt, 3, 30, hints=random_hints(1), **settings)
    assert torch.equal(fast, recompute(model, prompt, 3, 30, hints=random_hints(1), **settings))
    assert not torch.equal(fast, generate(model, prompt, 3, 30, hints=random_hints(2), **settings))
    with pytest.raises(ValueError, match="hints"):
        model(prompt[None])


def test_heads_of_the_clock_depend_on_distances_in_time_alone():
    """A shift of all times changes nothing, and one note's time does."""
    torch.manual_seed(0)
    model = GPT(replace(CONFIG, clock=True)).eval()
    for weight in model.parameters():
        weight.data.mul_(4).add_(0.01 * torch.randn_like(weight))
    ids = torch.randint(61, (1, 20))
    hints = torch.zeros(1, 20, 3, dtype=torch.long)
    hints[..., 2] = torch.arange(20) * 7
    logits = model(ids, hints=hints)
    moved = hints.clone()
    moved[..., 2] += 480
    assert torch.allclose(model(ids, hints=moved), logits, atol=1e-4)
    moved[0, 3, 2] += 5
    assert torch.allclose(model(ids, hints=moved)[:, :3], logits[:, :3], atol=1e-4)
    assert not torch.allclose(model(ids, hints=moved)[:, 3:], logits[:, 3:], atol=1e-4)


def test_an_echo_without_reach_is_not_heard():
    model = GPT(replace(CONFIG, echoes=4)).eval()
    ids = torch.randint(61, (1, 9))
    hints = torch.zeros(1, 9, 3, dtype=torch.long)
    logits = model(ids, hints=hints)
    hints[..., 0] = 12
    assert torch.equal(model(ids, hints=hints), logits)
    hints[0, 5, 1] = 2
    assert torch.equal(model(ids, hints=hints)[:, :5], logits[:, :5])
    assert not torch.equal(model(ids, hints=hints)[:, 5:], logits[:, 5:])


def test_a_prompt_that_does_not_fit_is_refused(model):
    with pytest.raises(ValueError, match="1 to 48 tokens, got 49"):
        list(stream(model, torch.zeros(49, dtype=torch.long), 1, 1, seed=0))
    with pytest.raises(ValueError, match="got 0"):
        list(stream(model, torch.zeros(0, dtype=torch.long), 1, 1, seed=0))
    assert generate(model, torch.zeros(40, dtype=torch.long), 2, 100, seed=0).shape == (2, 8)


def test_rows_stop_at_their_end_and_all_at_the_last(model):
    drawn = generate(
        model, torch.tensor([1]), 4, 47, seed=0, end=3, sampling=Sampling(temperature=2.0)
    )
    for row in drawn.tolist():
        if 3 in row:
            assert set(row[row.index(3) :]) == {3}


def test_only_what_is_allowed_comes(model):
    allowed = torch.zeros(2, 61, dtype=torch.bool)
    allowed[0, [4, 8]] = allowed[1, [20, 30]] = True
    drawn = generate(model, torch.tensor([1]), 2, 20, seed=0, allowed=lambda _: allowed)
    assert set(drawn[0].tolist()) <= {4, 8}
    assert set(drawn[1].tolist()) <= {20, 30}


def test_a_bias_raises_the_first_tokens(model):
    """One token of the first five is nearly certain; those behind the bias keep their logits."""
    bias = torch.tensor([-50.0, -50.0, -50.0, 50.0, -50.0])
    sampled = generate(model, torch.tensor([1]), 2, 20, seed=0, bias=bias)
    assert (sampled == 3).all()
    zero = generate(model, torch.tensor([1]), 2, 20, seed=0, bias=torch.zeros(5))
    assert torch.equal(zero, generate(model, torch.tensor([1]), 2, 20, seed=0))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), k=st.integers(1, 12), p=st.floats(0.05, 1.0))
def test_top_k_and_top_p_by_their_definition(seed, k, p):
    random = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(1, 12, generator=random)
    drawn = {
        int(Sampling(top_k=k, top_p=p).sample(logits, torch.empty(1, 0).long(), random))
        for _ in range(40)
    }
    order = logits[0].argsort(descending=True).tolist()[:k]
    mass = logits[0].softmax(-1)[order]
    mass = mass / mass.sum()
    kept, total = [], 0.0
    for token, share in zip(order, mass.tolist(), strict=True):
        kept.append(token)
        total += share
        if total > p + 1e-6:
            break
    assert drawn <= set(kept)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_divides_the_logits(temperature):
    """Frequencies of many samples against SciPy's softmax of logits / T, within 4 deviations."""
    scipy = pytest.importorskip("scipy.special")
    logits = torch.tensor([1.5, 0.2, -0.7, 0.9, -2.0])
    n, random = 40_000, torch.Generator().manual_seed(0)
    settings = Sampling(temperature=temperature)
    ids = settings.sample(logits.expand(n, -1), torch.empty(n, 0).long(), random)
    expected = scipy.softmax(logits.double().numpy() / temperature)
    deviation = (expected * (1 - expected) / n) ** 0.5
    assert (abs(ids.bincount(minlength=5).numpy() / n - expected) < 4 * deviation).all()


def test_repetition_makes_what_was_drawn_less_likely():
    logits = torch.tensor([[2.0, 1.9, -1.0]])
    past = torch.tensor([[0]])
    greedy = Sampling(temperature=0, repetition=1.5)
    assert int(greedy.sample(logits, past, torch.Generator())) == 1
    far = torch.tensor([[0] + [2] * 64])
    assert int(greedy.sample(logits, far, torch.Generator())) == 0  # outside the window


def test_an_echo_receives_its_share_where_it_is_allowed():
    logits = torch.tensor([[0.3, 1.2, -0.5, 2.0]]).repeat(3, 1)
    logits[2, 1] = -torch.inf
    p = with_echoes(logits, torch.tensor([1, 1, 1]), torch.tensor([0.4, 0.0, 0.4])).exp()
    old = logits.softmax(-1)
    assert torch.allclose(p[0], 0.6 * old[0] + 0.4 * torch.eye(4)[1])
    assert torch.allclose(p[1:], old[1:])  # no reach, or not allowed


def test_the_longest_echoes_are_certain_at_a_share_of_one():
    """With echoes of the longest reach, all samples are the echoes; with a reach of half, half."""
    n, random = 4000, torch.Generator().manual_seed(0)
    logits, past, echo = torch.zeros(n, 50), torch.empty(n, 0).long(), torch.full((n,), 7)
    for reach, share in ((1.0, 1.0), (0.5, 0.5 + 0.5 / 50)):
        ids = Sampling(echo=1.0).sample(logits, past, random, (echo, torch.full((n,), reach)))
        assert float((ids == 7).float().mean()) == pytest.approx(share, abs=0.04)
    ids = Sampling().sample(logits, past, random, (echo, torch.ones(n)))
    assert float((ids == 7).float().mean()) < 0.04


@pytest.mark.parametrize(
    "wrong", [{"echo": 2}, {"temperature": -1}, {"top_p": 0}, {"top_k": -2}, {"repetition": 0}]
)
def test_odd_settings_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sampling(**wrong)


def test_it_learns_to_copy():
    """Half of each row repeats the other half: after training the second half costs little."""
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab=16, context=32, width=32, depth=2, heads=2, dropout=0.0))
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(200):
        half = torch.randint(1, 16, (32, 12))
        ids = torch.cat([half, half], 1)
        loss = next_token_loss(model(ids), ids, 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    half = torch.randint(1, 16, (64, 12))
    ids = torch.cat([half, half], 1)
    logits = model.eval()(ids)[:, 12:-1]
    second = torch.nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 13:].flatten())
    assert second < 0.5 < torch.log(torch.tensor(15.0))


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(temperature=1.2, top_k=7, top_p=0.9)])
def test_a_row_is_the_same_in_any_batch(sampling):
    model = GPT(CONFIG).eval()
    prompt = torch.tensor([5, 7, 11])
    one, four = (generate(model, prompt, n, 30, seed=2**63, sampling=sampling) for n in (1, 4))
    assert torch.equal(one, four[:1])
    assert len({tuple(row.tolist()) for row in four}) == 4
