"""The one training loop: any network, any number of devices, stop and resume at will.

The data and random numbers of a step depend only on the seed and the step's number: the batch
comes from a shuffle seeded by the epoch, the random numbers in the loss from the step. Therefore a
run that is stopped and resumed ends with the same weights as one that is not. Checkpoints are
safetensors, never pickles.

Several devices or machines: start the command through Fabric's launcher,
`fabric run --devices 2 workbench/cli.py train drums`; the batch is divided among them. Without
Lightning Fabric a training runs on one device.
"""

from __future__ import annotations

import atexit
import copy
import json
import math
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Generic

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from workbench.arguments import seed_of
from workbench.errors import CheckpointError, WorkbenchError
from workbench.files import atomic_write, clear_dead, written
from workbench.training.alone import alone_in
from workbench.training.device import fabric, progress_bar
from workbench.training.memory import memory_told
from workbench.training.plan import Fit, Loss, Network, Plan, Validate, Watch, fast_precision
from workbench.training.weights import load_file_into, load_weights, not_finite, save_weights

OPTIMIZERS = ("optim.", "muon.")  # prefixes of their states in a checkpoint
_FORMER = {"muon": 0.0, "cooldown": 0.0}  # fields of a plan that a saved run may lack


def optimizers_of(module: nn.Module, plan: Plan) -> list[torch.optim.Optimizer]:
    """Return AdamW, and with `plan.muon` a second optimiser for the matrices of hidden layers.

    Hidden layers are the linear ones inside of a `ModuleList`: the blocks of a transformer, not its
    embeddings, modulation and head.

    Source: Muon, K. Jordan et al. 2024, as in torch.optim; see also arXiv 2502.16982.
    """
    hidden: dict[int, Tensor] = {}
    if plan.muon:
        for blocks in module.modules():
            if isinstance(blocks, nn.ModuleList):
                layers = (m for m in blocks.modules() if isinstance(m, nn.Linear))
                hidden |= {id(layer.weight): layer.weight for layer in layers}
    others = [p for p in module.parameters() if id(p) not in hidden]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(others, plan.lr, plan.betas, weight_decay=plan.weight_decay)
    ]
    if hidden:
        matrices = list(hidden.values())
        optimizers.append(torch.optim.Muon(matrices, plan.muon, weight_decay=plan.weight_decay))
    return optimizers


class _Step(nn.Module):
    """Network and loss as one module, so that data-parallel wrappers see a single forward."""

    def __init__(self, module: nn.Module, loss: Loss) -> None:
        super().__init__()
        self.module, self.loss = module, loss

    def forward(self, *batch: Tensor) -> dict[str, Tensor]:
        return self.loss(self.module, *batch)


def fit(
    module: Network,
    data: tuple[Tensor, ...],
    loss: Loss,
    plan: Plan,
    out: str | Path,
    *,
    seed: int,
    weights: Tensor | None = None,
    validate: Validate[Network] | None = None,
    watch: Watch | None = None,
    title: str = "training",
) -> Fit[Network]:
    """Train `module`; continue a run that `out` contains.

    `out` receives last.safetensors (everything needed to continue), best.safetensors (the weights
    with the lowest validation loss) and log.jsonl. An interrupt finishes the step, saves and raises
    KeyboardInterrupt. Steps whose loss or gradient is not finite are skipped and counted, so in a
    GAN neither network is updated.

    Args:
        module: The network. At the end it has the kept weights, on the CPU.
        data: Tensors with one row per item.
        loss: Returns named terms for the network and a batch; their sum is minimised.
        plan: Length, batch size and learning rate.
        out: The folder of the run.
        seed: Of order and random numbers.
        weights: Relative frequency of each item, (items,); None for equal frequencies.
        validate: Returns scores of the network, with "loss" among them. Its random numbers from
            torch are the same each time.
        watch: Called with each record of the log.
        title: Name of the training in messages.

    Returns:
        The network with its scores and log.

    Raises:
        CheckpointError: If `out` contains another run.
        MemoryFullError: If the device's memory is too small.
        WorkbenchError: If another process trains in `out`; if the disk is full (saved files stay);
            if weights are not finite; after ten skipped steps in a row; and if no validation, or
            with keep="last" the last one, had a finite loss.
    """
    if not data or not len(data[0]):
        raise WorkbenchError(f"{title}: no training items; the data set gave no usable loops")
    atexit.register(_leave_group)
    run = _Run(module, loss, plan, Path(out), seed_of(seed), weights, validate, watch, title)
    precision = fast_precision() if plan.precision == "auto" else plan.precision
    with alone_in(run.out), memory_told(title, plan.batch):
        run.prepare(fabric(precision))
        run.walk(data)
        return run.finish()


def _leave_group() -> None:
    """Leave the group of processes before the interpreter goes: its threads must not outlive it."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


class _Run(Generic[Network]):
    """The state of one training run."""

    def __init__(
        self,
        module: Network,
        loss: Loss,
        plan: Plan,
        out: Path,
        seed: int,
        weights: Tensor | None,
        validate: Validate[Network] | None,
        watch: Watch | None,
        title: str,
    ) -> None:
        self.module, self.loss, self.plan, self.out, self.seed = module, loss, plan, out, seed
        self.weights, self.validate, self.watch, self.title = weights, validate, watch, title
        self.ema = copy.deepcopy(module).requires_grad_(False) if plan.ema else None
        self.step, self.seconds = 0, 0.0
        self.bad, self.skipped = 0, 0  # steps without a finite gradient: in a row, since the start
        self.best: dict[str, float] = {}
        self.log: list[dict[str, Any]] = []
        self.order: tuple[int, Tensor] = (-1, torch.empty(0))

    @property
    def judged(self) -> Network:
        """The network that is validated and returned: the averaged one if `ema` is used."""
        return self.ema if self.ema is not None else self.module

    def prepare(self, fabric: Any) -> None:
        self.fabric = fabric
        plan = self.plan
        own = optimizers_of(self.module, plan)
        self.stepper, *self.optimizers = fabric.setup(_Step(self.module, self.loss), *own)
        if self.ema is not None:
            self.ema.to(fabric.device)
        with written(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
        clear_dead(self.out)
        if (self.out / "last.safetensors").exists():
            self._resume()

    def walk(self, data: tuple[Tensor, ...]) -> None:
        """Take steps until the last one, the end of the budget, or an interrupt."""
        plan, title, first = self.plan, self.title, self.fabric.is_global_zero
        started = time.monotonic() - self.seconds
        bar = progress_bar(plan.steps, self.step, title, first)
        with _delayed_interrupt() as interrupted, bar:
            stop = self.step > 0 and self._time_is_up()  # in the run before
            while self.step < plan.steps and not stop:
                terms = self.one_step(data)
                self.seconds = time.monotonic() - started
                bar.update()
                stop = self.fabric.broadcast(interrupted.is_set() or self._time_is_up())
                if stop or self.step % plan.every == 0 or self.step == plan.steps:
                    record = self.checkpoint(terms)
                    told = {k: v for k, v in record.items() if "loss" in k or k == "skipped"}
                    bar.set_postfix({k: f"{v:.3g}" for k, v in told.items()})
                if interrupted.is_set():
                    raise KeyboardInterrupt(
                        f"{title} stopped after step {self.step} of {plan.steps}; run the "
                        "same command again to continue from there"
                    )
            if self.step < plan.steps and first:
                warnings.warn(
                    f"{title}: the time was up after {self.step} of {plan.steps} steps",
                    stacklevel=2,
                )

    def _time_is_up(self) -> bool:
        budget = self.plan.budget_minutes
        return budget is not None and self.seconds > 60 * budget

    def _place(self) -> int:
        """Return the step in the schedule of the learning rate. A budget that ends before the last
        step would end it at a high rate, so then it follows the time."""
        budget = self.plan.budget_minutes
        if not budget or self.step < self.plan.warmup:
            return self.step
        return max(self.step, int(self.plan.steps * min(1.0, self.seconds / (60 * budget))))

    def one_step(self, data: tuple[Tensor, ...]) -> dict[str, float]:
        plan, fabric = self.plan, self.fabric
        for optimizer, rate in zip(self.optimizers, (plan.lr, plan.muon), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = rate * plan.factor(self._place())
        rows = self._rows(len(data[0]))
        batch = tuple(tensor[rows].to(fabric.device) for tensor in data)
        self.module.train()
        torch.manual_seed(hash((self.seed, self.step, fabric.global_rank)) % 2**63)
        terms = self.stepper(*batch)
        total = torch.stack(list(terms.values())).sum()
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        fabric.backward(total)
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), plan.clip)
        # the same on every device: gradients were averaged, and so is the loss here
        if torch.isfinite(norm) and torch.isfinite(fabric.all_reduce(total.detach())):
            for optimizer in self.optimizers:
                optimizer.step()
            self.bad = 0
        else:
            self._skip(terms)
        self.step += 1
        self._average()
        return {name: float(value.detach()) for name, value in terms.items()}

    def _skip(self, terms: dict[str, Tensor]) -> None:
        """Count a skipped step; raise WorkbenchError after ten in a row."""
        self.bad, self.skipped = self.bad + 1, self.skipped + 1
        if self.bad == 10:
            wrong = [name for name, value in terms.items() if not torch.isfinite(value)]
            raise WorkbenchError(
                f"{self.out}: ten losses in a row are not finite, the last at step {self.step} "
                f"({', '.join(wrong) or 'their gradient'}); take another seed, or a lower learning "
                f"rate in the plan (now {self.plan.lr:g})"
            )

    def _rows(self, n: int) -> Tensor:
        """This device's rows of this step's batch: concatenated epochs of seeded shuffles;
        with weights, an epoch has as many rows, sampled with replacement."""
        batch, ranks = min(self.plan.batch, n), self.fabric.world_size
        per_epoch = n // batch
        epoch, place = divmod(self.step, per_epoch)
        if self.order[0] != epoch:
            shuffle = torch.Generator().manual_seed(hash((self.seed, epoch)) % 2**63)
            if self.weights is None:
                rows = torch.randperm(n, generator=shuffle)
            else:
                rows = torch.multinomial(self.weights, n, replacement=True, generator=shuffle)
            self.order = (epoch, rows)
        return self.order[1][place * batch : (place + 1) * batch][self.fabric.global_rank :: ranks]

    def _average(self) -> None:
        if self.ema is None:
            return
        decay = min(self.plan.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            live = self.module.state_dict()
            for name, kept in self.ema.state_dict().items():
                if kept.is_floating_point():
                    kept.lerp_(live[name], 1 - decay)
                else:
                    kept.copy_(live[name])

    def checkpoint(self, terms: dict[str, float]) -> dict[str, Any]:
        """Validate, log, save; returns the log's new line."""
        record: dict[str, Any] = {"step": self.step, "seconds": round(self.seconds, 1)}
        record |= {"loss": sum(terms.values())} | terms
        if self.skipped:
            record["skipped"] = self.skipped
        if self.validate is not None:
            self.judged.eval()
            with torch.no_grad(), torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)  # the same noise each time, or the best is the luckiest
                scores = self.validate(self.judged)
            record |= {f"val_{name}": value for name, value in scores.items()}
            better = math.isfinite(scores["loss"]) and (
                scores["loss"] < self.best.get("loss", math.inf)
            )
        else:
            scores, better = {"loss": record["loss"]}, True
        self._check_finite()
        if better:
            self.best = {**scores, "step": self.step}
        self.log.append(record)
        if self.fabric.is_global_zero:
            if better:
                save_weights(self.judged, self.out / "best.safetensors")
            self._save()
            with atomic_write(self.out / "log.jsonl") as path:
                path.write_text("".join(json.dumps(line) + "\n" for line in self.log))
        if self.watch:
            self.watch(record)
        return record

    def _check_finite(self) -> None:
        """Raise WorkbenchError if a weight is not finite: it would be saved as the best, or
        spread to every later step."""
        for module in (self.module, self.judged):
            wrong = not_finite(module.state_dict())
            if wrong:
                raise WorkbenchError(
                    f"{self.out}: {wrong} is not finite after step {self.step}; nothing was saved. "
                    "Take another seed, or a lower learning rate in the plan (now "
                    f"{self.plan.lr:g})"
                )

    def _save(self) -> None:
        tensors = {f"model.{k}": v for k, v in self.module.state_dict().items()}
        if self.ema is not None:
            tensors |= {f"ema.{k}": v for k, v in self.ema.state_dict().items()}
        for prefix, optimizer in zip(OPTIMIZERS, self.optimizers, strict=False):
            for i, state in optimizer.state_dict()["state"].items():
                tensors |= {f"{prefix}{i}.{k}": v for k, v in state.items()}
        about = {
            "step": self.step,
            "seconds": self.seconds,
            "seed": self.seed,
            "best": self.best,
            "log": self.log,
            "plan": self._identity(),
            "bad": self.bad,
            "skipped": self.skipped,
        }
        with atomic_write(self.out / "last.safetensors") as path:
            tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
            save_file(tensors, path, metadata={"run": json.dumps(about)})

    def _identity(self) -> dict[str, Any]:
        """The part of the plan that must be equal for a run to be resumed."""
        plan = asdict(self.plan)
        return json.loads(json.dumps({k: v for k, v in plan.items() if k != "budget_minutes"}))

    def _resume(self) -> None:
        path = self.out / "last.safetensors"
        try:
            with safe_open(path, "pt", device="cpu") as file:
                about = json.loads(file.metadata()["run"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except Exception as error:  # of JSON or safetensors that is given odd bytes
            raise CheckpointError(
                f"{path}: not a training checkpoint ({error}); delete it to start again"
            ) from None
        same = isinstance(about, dict) and about.get("seed") == self.seed
        if not same or _FORMER | about.get("plan", {}) != self._identity():
            raise CheckpointError(
                f"{path}: belongs to a run with another seed or plan; choose another folder"
            )
        load_weights(self.module, _part(tensors, "model."), path)
        if self.ema is not None:
            load_weights(self.ema, _part(tensors, "ema."), path)
        for prefix, optimizer in zip(OPTIMIZERS, self.optimizers, strict=False):
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in _part(tensors, prefix).items():
                index, key = name.split(".", 1)
                state.setdefault(int(index), {})[key] = value
            groups = optimizer.state_dict()["param_groups"]
            optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.step, self.seconds = about["step"], about["seconds"]
        self.best, self.log = about["best"], about["log"]
        self.bad, self.skipped = about.get("bad", 0), about.get("skipped", 0)

    def finish(self) -> Fit[Network]:
        """Wait for the other processes and return the weights, on the CPU."""
        self.fabric.barrier()
        last = self.log[-1].get("val_loss", 0.0) if self.log else 0.0
        if not self.best or (self.plan.keep == "last" and not math.isfinite(last)):
            raise WorkbenchError(
                f"{self.out}: {self.title} ended without a finite validation loss; take another "
                f"seed, or a lower learning rate in the plan (now {self.plan.lr:g})"
            )
        kept = self.judged.cpu()
        if self.plan.keep == "best":
            load_file_into(kept, self.out / "best.safetensors")
        self.module.cpu().eval().load_state_dict(kept.state_dict())
        return Fit(kept.eval(), self.best, self.step, self.seconds, self.log, self.skipped)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


@contextmanager
def _delayed_interrupt() -> Iterator[threading.Event]:
    """Turn Ctrl-C or a notebook's stop button into a flag, so that no step is interrupted midway.

    A second one interrupts at once. Outside the main thread signals cannot be caught, so the flag
    is never set there.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def handler(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, handler)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
