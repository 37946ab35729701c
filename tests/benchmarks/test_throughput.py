"""Training throughput: the operations of a step, and the table."""

from functools import partial

import pytest
import torch
from torch import nn

from workbench.benchmarks import throughput
from workbench.evaluation.table import Report
from workbench.systems.diffusion_lm.config import PROFILES
from workbench.systems.stages import Stage
from workbench.training import Plan, fit


def test_the_operations_of_a_step_are_those_of_the_network(tmp_path):
    """A linear layer multiplies and adds three times: forward, to its input, to its weight."""
    network = nn.Sequential(nn.Linear(8, 16, bias=False), nn.Linear(16, 4, bias=False))
    data = (torch.randn(64, 8),)

    def loss(module, rows):
        return {"loss": module(rows).square().mean()}

    def train(plan, out, seed, watch):
        return fit(network, data, loss, plan, out, seed=seed, watch=watch)

    plan = Plan(steps=1, batch=32, lr=1e-3, precision="32-true")
    steps = throughput.Steps(Stage("linear", plan, 1.0, partial(train)), tmp_path)
    first, second = 8 * 16, 16 * 4  # the input of the first layer needs no gradient
    assert steps.work() == 2 * 32 * (2 * first + 3 * second)
    assert steps.seconds() > 0


def test_a_training_is_held_against_the_matrix_product(monkeypatch):
    case = next(case for case in throughput.CASES if dict(case.options) == {"process": "masked"})
    monkeypatch.setattr(throughput, "CASES", (case,))
    report = Report(benchmark="speed")
    throughput.training(report, 1, profile="smoke")
    name, _, work, _, _, _, share, target = report.sections["training"]["rows"][0]
    assert name == "DiffusionLM: diffusion, masked"
    assert work > 0.1
    assert 0 < share < 1
    assert target == pytest.approx(0.4)
    assert throughput.PROFILE not in PROFILES
