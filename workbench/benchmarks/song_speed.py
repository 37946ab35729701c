"""MidiGPT's speed as ratios within one run: with and without cache, and against transformers."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from workbench.benchmarks.song_data import SongBench
from workbench.evaluation.timing import in_turn, timed
from workbench.models.generation import generate, recompute
from workbench.models.gpt import GPT, GPTConfig, next_token_loss
from workbench.training import fast_precision


def speed(bench: SongBench) -> None:
    """Tokens per second, generating and training."""
    length = 128 if bench.quick else 1024
    config = GPTConfig(vocab=bench.vocabulary.size, context=length)
    model = GPT(config).eval()
    prompt = torch.randint(6, config.vocab, (8,))
    cached = timed(lambda: generate(model, prompt, 1, length - 8, seed=0))
    recomputed = timed(lambda: recompute(model, prompt, 1, length - 8, seed=0))
    steps = 1 if bench.quick else 4
    ours, theirs = training(config, batch=4, steps=steps)
    tokens = length - 8
    bench.report.table(
        "speed",
        f"{sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters, "
        f"{torch.get_num_threads()} threads, {fast_precision()} training",
        ["", "tokens per second", "ratio"],
        [
            [
                f"generating {tokens} tokens, keys and values cached",
                tokens / cached,
                recomputed / cached,
            ],
            ["the same, all recomputed each time", tokens / recomputed, 1.0],
            [f"training, {length} tokens per row: ours", 4 * length / ours, theirs / ours],
            ["training: transformers' GPT-2 of the same size", 4 * length / theirs, 1.0],
        ],
        ["Medians; the two of a pair alternate in one run."],
        cached=recomputed / cached,
        training=theirs / ours,
    )


def training(config: GPTConfig, batch: int, steps: int) -> tuple[float, float]:
    """Seconds of one training step: the workbench's, and transformers' GPT-2 of the same size
    and dropout."""
    from transformers import GPT2Config, GPT2LMHeadModel

    other = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=config.vocab,
            n_positions=config.context,
            n_embd=config.width,
            n_layer=config.depth,
            n_head=config.heads,
            resid_pdrop=config.dropout,
            embd_pdrop=config.dropout,
            attn_pdrop=0.0,
        )
    )
    ids = torch.randint(6, config.vocab, (batch, config.context))
    ours = stepper(GPT(config), lambda m: next_token_loss(m(ids), ids, 0))
    theirs = stepper(other, lambda m: m(ids, labels=ids).loss)
    return in_turn(ours, theirs, steps)


def stepper(model: nn.Module, loss: Callable[[nn.Module], torch.Tensor]) -> Callable[[], None]:
    """One training step as a function, in the precision that training uses here."""
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    half = fast_precision() == "bf16-mixed"

    def step() -> None:
        with torch.autocast(kind, torch.bfloat16, enabled=half):
            value = loss(model)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    return step
