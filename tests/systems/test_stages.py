"""The stages of a training: who gets which minutes, what is recorded, stopping between two."""

import json
import signal
from functools import partial
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from workbench.errors import PromptError
from workbench.systems.stages import Stage, profile_of, train_stages
from workbench.systems.storage import Pretrained
from workbench.training import Plan, fit, loop

PLAN = Plan(steps=60, batch=4, lr=0.1, every=20)


class Lines(Pretrained):
    """A system of straight lines."""

    def __init__(self, names):
        torch.manual_seed(0)
        self.networks = nn.ModuleDict({name: nn.Linear(1, 1) for name in names})

    def config_dict(self):
        return {}


def loss(module, x):
    return {"square": (module(x) - 3 * x).square().mean()}


def fit_line(system, name, plan, out, **more):
    """Train another line than the system's, drawn as the stage begins."""
    line = nn.Linear(1, 1)
    done = fit(line, (torch.linspace(-1, 1, 16)[:, None],), loss, plan, out, title=name, **more)
    system.networks[name].load_state_dict(done.module.state_dict())
    return done


def run(out, shares, budget=None, plans=None, watch=None, about=None):
    """Train one line a stage. shares, plans: by name. budget: in seconds. The system and its
    record."""
    system = Lines(shares)
    stages = [
        Stage(name, (plans or {}).get(name, PLAN), share, partial(fit_line, system, name))
        for name, share in shares.items()
    ]
    trained = train_stages(
        system,
        stages,
        out,
        about=about or {"dataset": "lines"},
        card=lambda record: f"# {' '.join(record['stages'])}\n",
        seed=1,
        budget_minutes=None if budget is None else budget / 60,
        watch=watch,
    )
    assert trained is system
    return system, json.loads((out / "training.json").read_text())


@pytest.fixture
def clock(monkeypatch):
    """A clock on which a step takes a second."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=count().__next__))


def steps_of(record):
    return [stage["steps"] for stage in record["stages"].values()]


SHARES = {"a": 1, "b": 2, "c": 3}


@pytest.mark.filterwarnings("ignore:.*the time was up")
@pytest.mark.parametrize(
    ("plans", "steps"),
    [
        ({}, [11, 21, 31]),  # each step beyond a share is one less for those after
        ({"a": None}, [26, 37]),  # 62.5 s in two and three parts
        ({"b": None}, [16, 47]),
        ({"a": Plan(steps=2, batch=4, lr=0.1)}, [2, 25, 36]),  # 60.5 s are left
        ({"a": Plan(steps=2, batch=4, lr=0.1), "c": None}, [2, 60]),  # as far as the plan goes
    ],
)
def test_unused_minutes_go_to_later_stages(tmp_path, clock, plans, steps):
    _, record = run(tmp_path, SHARES, 62.5, plans)
    assert steps_of(record) == steps
    assert not any((tmp_path / name).exists() for name, plan in plans.items() if plan is None)
    assert steps_of(run(tmp_path, SHARES, 62.5, plans)[1]) == steps  # not one more
    whole = [plans.get(name, PLAN) for name in SHARES]
    assert steps_of(run(tmp_path, SHARES, None, plans)[1]) == [p.steps for p in whole if p]


@pytest.mark.filterwarnings("ignore:.*the time was up")
def test_no_time_is_a_step_of_each_stage(tmp_path, clock):
    assert steps_of(run(tmp_path, SHARES, 0)[1]) == [1, 1, 1]


@pytest.mark.filterwarnings("ignore:.*the time was up")
def test_a_stopped_run_does_not_get_its_minutes_twice(tmp_path, clock):
    """Stopped at the 20th step of the last stage."""

    def stop(line):
        if line["stage"] == "c":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, SHARES, 62.5, watch=stop)
    assert steps_of(run(tmp_path, SHARES, 62.5)[1]) == [11, 21, 31]


@pytest.mark.parametrize("last", SHARES)
def test_a_run_stopped_between_two_stages_ends_on_the_same_weights(tmp_path, last):
    def stop(line):
        if (line["stage"], line["step"]) == (last, PLAN.steps):
            signal.raise_signal(signal.SIGINT)

    whole, record = run(tmp_path / "whole", SHARES)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", SHARES, watch=stop)
    parts, _ = run(tmp_path / "parts", SHARES)
    for name, value in whole.networks.state_dict().items():
        assert torch.equal(parts.networks.state_dict()[name], value), name
    assert steps_of(record) == [60, 60, 60]


def test_record_card_and_watch_name_the_stages(tmp_path):
    seen = []
    earlier = {"stages": {"before": {"steps": 5, "minutes": 1.0, "best": {}}}, "dataset": "lines"}
    _, record = run(tmp_path, SHARES, watch=seen.append, about=earlier, plans={"b": None})
    assert list(record["stages"]) == ["before", "a", "c"]
    assert record["dataset"] == "lines"
    assert record["stages"]["a"].keys() == {"steps", "minutes", "best", "log"}
    assert (tmp_path / "README.md").read_text() == "# before a c\n"
    assert [(line["stage"], line["step"]) for line in seen] == [
        (stage, step) for stage in "ac" for step in (20, 40, 60)
    ]
    assert [{"stage": "a", **line} for line in record["stages"]["a"]["log"]] == seen[:3]


def test_an_unknown_profile_is_named():
    assert profile_of({"smoke": 1}, "smoke") == 1
    with pytest.raises(PromptError, match=r"^profile='huge'.*smoke, gpu"):
        profile_of({"smoke": 1, "gpu": 2}, "huge")
