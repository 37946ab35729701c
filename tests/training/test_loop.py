"""The training loop: resuming, interrupting, budgets, and refusing what is not its own."""

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from tests.ports import free_port
from workbench.errors import CheckpointError, MemoryFullError, WorkbenchError
from workbench.training import Plan, fit, loop, seeds

PLAN = Plan(steps=24, batch=8, lr=0.01, warmup=3, every=6, ema=0.9, precision="32-true")


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 1))


def data() -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    return x, x @ torch.tensor([[1.0], [-2.0], [0.5], [0.0]])


def loss(module, x, y):
    noisy = x + 0.01 * torch.randn_like(x)  # random numbers in the loss must resume, too
    return {"mse": ((module(noisy) - y) ** 2).mean()}


def run(folder, plan=PLAN, **more):
    return fit(net(), data(), loss, plan, folder, seed=5, **more)


def stop_after(step):
    def watch(record):
        if record["step"] == step:
            os.kill(os.getpid(), signal.SIGINT)

    return watch


def weights(module):
    return torch.cat([p.flatten() for p in module.parameters()])


def test_a_resumed_run_ends_on_the_same_weights(tmp_path):
    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt, match="step 12 of 24; run the same command"):
        run(tmp_path / "torn", watch=stop_after(12))
    half = json.loads((tmp_path / "torn/log.jsonl").read_text().splitlines()[-1])
    assert 12 <= half["step"] < 24
    torn = run(tmp_path / "torn")
    assert torn.step == 24
    assert torch.equal(weights(torn.module), weights(whole.module))
    steps = [[line["step"], line["loss"]] for line in torn.log if line["step"] % 6 == 0]
    assert steps == [[line["step"], line["loss"]] for line in whole.log]


def test_a_loss_that_draws_its_own_batches_resumes_with_the_same_seeds(tmp_path):
    def seen(folder, plan):
        first: list[int] = []

        def drawing(module, numbers):
            first.append(int(numbers[0]))
            return {"loss": module(torch.ones(1, 4)).square().sum()}

        fit(net(), seeds(), drawing, plan, folder, seed=5)
        return first

    whole = seen(tmp_path / "whole", PLAN)
    assert len(set(whole)) == len(whole) == 24
    torn = seen(tmp_path / "torn", replace(PLAN, budget_minutes=1e-9))
    assert len(torn) == 1
    assert torn + seen(tmp_path / "torn", PLAN) == whole


def test_a_run_killed_outright_resumes_too(tmp_path):
    """No handler runs on SIGKILL: what counts is the last checkpoint on disk."""
    script = textwrap.dedent("""
        import os, signal, sys
        from tests.training.test_loop import run
        def watch(record):
            if record["step"] == 12:
                os.kill(os.getpid(), signal.SIGKILL)
        run(sys.argv[1], watch=watch)
    """)
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "torn")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not list((tmp_path / "torn").glob(".*"))
    whole, torn = run(tmp_path / "whole"), run(tmp_path / "torn")
    assert torch.equal(weights(torn.module), weights(whole.module))


def test_weights_say_how_often_an_item_comes_up(tmp_path):
    """Weights 0, 1 and 3: the first never, the last three times as often as the second."""
    seen = torch.zeros(3)

    def count(module, row):
        seen.index_add_(0, row, torch.ones(len(row)))
        return {"loss": module(torch.ones(1, 4)).sum() * 0}

    plan = replace(PLAN, steps=200, batch=3)
    fit(
        net(),
        (torch.arange(3),),
        count,
        plan,
        tmp_path,
        seed=0,
        weights=torch.tensor([0.0, 1.0, 3.0]),
    )
    assert seen[0] == 0
    assert 2.2 < seen[2] / seen[1] < 4


def test_training_learns(tmp_path):
    x, y = data()
    done = run(tmp_path, replace(PLAN, steps=300))
    with torch.no_grad():
        assert ((done.module(x) - y) ** 2).mean() < 0.2 * y.var()


def test_the_best_is_kept_not_the_last(tmp_path):
    scores = iter([0.5, 0.1, 0.9, 0.8])
    seen = []

    def validate(module):
        seen.append(weights(module).clone())
        return {"loss": next(scores)}

    done = run(tmp_path, validate=validate)
    assert done.best == {"loss": 0.1, "step": 12}
    assert torch.equal(weights(done.module), seen[1])


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_network_that_was_given_has_the_weights_that_are_kept(tmp_path, ema, keep):
    scores = iter([0.5, 0.1, 0.9, 0.8])
    module, plan = net(), replace(PLAN, ema=ema, keep=keep)
    done = fit(
        module, data(), loss, plan, tmp_path, seed=5, validate=lambda _: {"loss": next(scores)}
    )
    assert not module.training
    assert torch.equal(weights(module), weights(done.module))
    best = load_file(tmp_path / "best.safetensors")
    assert all(torch.equal(v, best[k]) for k, v in module.state_dict().items()) == (keep == "best")


def test_what_a_validation_draws_is_the_same_each_time(tmp_path):
    drawn = []

    def validate(module):
        drawn.append(float(torch.randn(())))
        return {"loss": drawn[-1]}

    run(tmp_path, validate=validate)
    assert len(drawn) == 4
    assert len(set(drawn)) == 1


def test_a_budget_ends_early_and_can_be_extended(tmp_path):
    with pytest.warns(UserWarning, match="1 of 24 steps"):
        short = run(tmp_path, replace(PLAN, budget_minutes=1e-9))
    assert short.step == 1
    assert run(tmp_path).step == 24


def test_another_seed_or_plan_is_refused(tmp_path):
    run(tmp_path)
    with pytest.raises(CheckpointError, match="another seed or plan"):
        run(tmp_path, replace(PLAN, lr=0.5))


def test_a_cut_checkpoint_is_named(tmp_path):
    run(tmp_path)
    path = tmp_path / "last.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match=r"last\.safetensors.*delete it"):
        run(tmp_path)


def test_losses_that_are_not_finite_stop_with_a_word(tmp_path):
    def broken(module, x, y):
        return {"mse": (module(x) * float("nan")).mean(), "good": module(x).square().mean()}

    with pytest.raises(WorkbenchError, match=r"ten losses .* step 9 \(mse\); take another seed"):
        fit(net(), data(), broken, PLAN, tmp_path, seed=0)


def bad_at(*steps):
    """The loss, with NaN in a term of its own at some steps: no gradient tells of it."""
    calls = iter(range(1000))

    def sometimes(module, x, y):
        wrong = float("nan") if next(calls) in steps else 0.0
        return {**loss(module, x, y), "other": torch.tensor(wrong)}

    return sometimes


def test_a_bad_step_is_skipped_and_counted(tmp_path):
    done = fit(net(), data(), bad_at(4), PLAN, tmp_path, seed=0)
    assert weights(done.module).isfinite().all()
    assert done.skipped == done.log[-1]["skipped"] == 1


def test_a_skipped_step_moves_nothing(tmp_path):
    plan = replace(PLAN, steps=1, every=1, ema=0.0)
    assert torch.equal(
        weights(fit(net(), data(), bad_at(0), plan, tmp_path / "a", seed=0).module), weights(net())
    )
    assert not torch.equal(
        weights(fit(net(), data(), bad_at(), plan, tmp_path / "b", seed=0).module), weights(net())
    )


def test_skipped_steps_are_counted_over_a_stop(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit(net(), data(), bad_at(1, 2), PLAN, tmp_path, seed=0, watch=stop_after(6))
    assert fit(net(), data(), bad_at(5), PLAN, tmp_path, seed=0).skipped == 3


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("keep", ["best", "last"])
def test_validations_that_are_not_finite_are_told(tmp_path, bad, keep):
    plan = replace(PLAN, keep=keep)
    with pytest.raises(WorkbenchError, match="training ended without a finite validation loss"):
        run(tmp_path / "all", plan, validate=lambda module: {"loss": bad})
    scores = iter([0.5, 0.4, bad, 0.3])
    done = run(tmp_path / "one", plan, validate=lambda module: {"loss": next(scores)})
    assert done.best["loss"] == 0.3


def test_full_memory_is_told_with_what_to_do(tmp_path):
    """The allocator of the CPU, really asked for four petabytes; what CUDA's says is an error of
    the same class."""

    def greedy(module, *batch):
        return {"mse": module(torch.empty(1 << 48, 4)).mean()}

    def greedy_gpu(module, *batch):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 80 GiB")

    for name, bad in (("cpu", greedy), ("gpu", greedy_gpu)):
        with pytest.raises(MemoryFullError, match="full at a batch of 8; take a smaller profile"):
            fit(net(), data(), bad, PLAN, tmp_path / name, seed=0)
        with pytest.raises(MemoryFullError, match="take a smaller profile"):  # in a validation
            run(tmp_path / f"{name} later", validate=bad)


def test_other_errors_of_a_step_stay_what_they_are(tmp_path):
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        fit(net(), (torch.zeros(50, 3),) * 2, loss, PLAN, tmp_path, seed=0)


def test_no_items_is_an_error(tmp_path):
    with pytest.raises(WorkbenchError, match="no training items"):
        fit(net(), (torch.zeros(0, 4), torch.zeros(0, 1)), loss, PLAN, tmp_path, seed=0)


def test_the_rate_warms_up_and_falls():
    rates = [PLAN.rate(step) for step in range(PLAN.steps)]
    assert rates[0] < rates[2] == pytest.approx(PLAN.lr)
    assert rates[-1] < 0.05 * PLAN.lr


def test_a_cooldown_falls_in_a_straight_line_at_the_end():
    plan = replace(PLAN, steps=100, cooldown=0.5)
    rates = [plan.rate(step) for step in range(100)]
    assert rates[10] == rates[49] == PLAN.lr
    assert rates[75] == pytest.approx(PLAN.lr * (0.01 + 0.99 * 0.5))
    assert max(rates[i + 1] - rates[i] for i in range(50, 99)) < 0


class Blocks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(4, 16)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(16, 16), nn.Tanh()) for _ in "ab")
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        x = self.embed(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


def test_muon_trains_the_matrices_of_blocks_and_resumes(tmp_path):
    """Muon makes the singular values of an update alike, AdamW does not."""
    plan = replace(PLAN, muon=0.02, weight_decay=0.0, ema=0.0, warmup=1, keep="last")

    def blocks():
        torch.manual_seed(0)
        return Blocks()

    def changed(plan, folder):
        done = fit(blocks(), data(), loss, plan, folder, seed=5).module
        return done.blocks[0][0].weight - blocks().blocks[0][0].weight

    # the nuclear norm of an update, as a share of what its largest singular value allows
    def evenness(change):
        values = torch.linalg.svdvals(change.detach())[:6]  # the rank of a gradient of 8 rows
        return float(values.mean() / values.max())

    muon = changed(replace(plan, steps=1), tmp_path / "one")
    adamw = changed(replace(plan, steps=1, muon=0.0), tmp_path / "adamw")
    assert evenness(muon) > 0.6 > 0.5 > evenness(adamw)
    whole = changed(plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(blocks(), data(), loss, plan, tmp_path / "torn", seed=5, watch=stop_after(12))
    assert torch.equal(changed(plan, tmp_path / "torn"), whole)


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_without_fabric_and_tqdm_the_numbers_are_the_same(precision, tmp_path, monkeypatch, capsys):
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
    plan = Plan(steps=12, batch=8, lr=0.01, warmup=3, every=6, precision=precision, ema=0.9)

    def loss(module, x, place):
        noisy = x + 0.1 * torch.randn_like(x)
        return {"mse": (module(noisy) - x.sum(1, keepdim=True)).square().mean()}

    def trained(out):
        torch.manual_seed(0)
        network = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 1))
        return fit(network, (x, torch.arange(50)), loss, plan, out, seed=5)

    ours = trained(tmp_path / "fabric")
    for name in ("lightning_fabric", "tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, name, None)  # then an import fails
    capsys.readouterr()
    theirs = trained(tmp_path / "plain")
    assert capsys.readouterr().err.splitlines()[1].startswith("training: step 12 of 12, loss ")
    for name, value in theirs.module.state_dict().items():
        assert torch.equal(value, ours.module.state_dict()[name]), name
    assert [line["loss"] for line in theirs.log] == [line["loss"] for line in ours.log]
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(WorkbenchError, match="lightning-fabric"):
        trained(tmp_path / "two")


def test_the_rate_falls_to_the_end_of_a_budget(tmp_path, monkeypatch):
    """A second per step: the time ends long before the steps do."""
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=count().__next__))
    rates = []
    step = torch.optim.AdamW.step

    def watched(self, *args, **more):
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args, **more)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    plan = Plan(steps=10_000, batch=8, lr=0.01, warmup=10, every=50, cooldown=0.5)
    plan = replace(plan, precision="32-true", budget_minutes=100 / 60)
    x = torch.randn(50, 4)

    def square(module, x):
        return {"mse": module(x).square().mean()}

    with pytest.warns(UserWarning, match="the time was up"):
        fit(
            nn.Linear(4, 1),
            (x,),
            lambda m, x: {"mse": m(x).square().mean()},
            plan,
            tmp_path,
            seed=0,
        )
    assert 95 <= len(rates) <= 102
    assert rates[:10] == pytest.approx([0.001 * (i + 1) for i in range(10)])
    assert rates[10:49] == pytest.approx([0.01] * 39)
    assert rates[74] == pytest.approx(0.005, rel=0.06)
    assert rates[-1] < 0.0003


JOB = """
import sys
import torch
from torch import nn
from workbench.training import Plan, fit
x = torch.randn(50, 4, generator=torch.Generator().manual_seed(1))
y = x.sum(1, keepdim=True)
torch.manual_seed(0)
plan = Plan(steps=12, batch=8, lr=0.01, warmup=3, every=6, precision="32-true")
loss = lambda m, x, y: {"mse": ((m(x) - y) ** 2).mean()}
fit(nn.Linear(4, 1), (x, y), loss, plan, sys.argv[1], seed=5)
"""


def test_processes_and_machines_share_the_batch_and_agree_with_one(tmp_path):
    """The same command through Fabric's launcher: two CPU processes end where one does, and so do
    two launchers that call themselves machines, of one process each, with a folder in common."""
    script = tmp_path / "job.py"
    script.write_text(JOB)
    ports = {folder: str(free_port()) for folder in ("one", "two", "apart")}

    def launched(folder: str, *options: str) -> subprocess.Popen:
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "lightning_fabric.cli",
                "--accelerator",
                "cpu",
                "--main-port",
                ports[folder],
                *options,
                str(script),
                str(tmp_path / folder),
            ],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    nodes = ["--devices", "1", "--num-nodes", "2", "--main-address", "127.0.0.1"]
    jobs = [
        launched("one", "--devices", "1"),
        launched("two", "--devices", "2"),
        *(launched("apart", *nodes, "--node-rank", rank) for rank in "01"),
    ]
    try:
        assert [job.wait(240) for job in jobs] == [0, 0, 0, 0]
    finally:
        for job in jobs:
            job.kill()
    one, two, apart = (
        load_file(tmp_path / folder / "last.safetensors")["model.weight"]
        for folder in ("one", "two", "apart")
    )
    assert torch.allclose(one, two, atol=1e-6)
    assert torch.allclose(one, apart, atol=1e-6)


def test_a_second_training_in_a_folder_is_refused(tmp_path):
    script = textwrap.dedent("""
        import sys, time
        from tests.training.test_loop import run
        def watch(record):
            print("began", flush=True)
            time.sleep(60)
        run(sys.argv[1], watch=watch)
    """)
    torn = tmp_path / "torn"
    other = subprocess.Popen([sys.executable, "-c", script, str(torn)], stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"began\n"
        with pytest.raises(WorkbenchError, match=f"process {other.pid} on"):
            run(torn)
    finally:
        other.kill()
        other.wait()
    resumed, alone = run(torn), run(tmp_path / "alone")  # the dead hold no lock
    assert torch.equal(weights(resumed.module), weights(alone.module))


def test_weights_that_are_not_finite_are_never_the_best(tmp_path):
    class Sick(nn.Module):
        def __init__(self):
            super().__init__()
            self.live = nn.Linear(4, 1)
            self.register_buffer("mean", torch.zeros(1))

        def forward(self, x):
            return self.live(x)

    def loss(module, x, y):
        module.mean.div_(0)  # 0 / 0; no loss hears of it
        return {"mse": (module(x) - y).square().mean()}

    data = torch.randn(32, 4), torch.randn(32, 1)
    plan = Plan(steps=4, batch=8, lr=1e-2, every=2)
    with pytest.raises(WorkbenchError, match="mean is not finite"):
        fit(Sick(), data, loss, plan, tmp_path, seed=0, validate=lambda module: {"loss": 0.1})
    assert not list(tmp_path.glob("*.safetensors"))


def test_an_infinitely_good_validation_is_no_best(tmp_path):
    with pytest.raises(WorkbenchError, match="finite validation loss"):
        run(tmp_path, validate=lambda module: {"loss": -math.inf})
