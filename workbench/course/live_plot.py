"""A loss curve that is updated during training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.arguments import whole
from workbench.course.charts import lines
from workbench.course.figure_style import axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class LivePlot:
    """A loss curve that is updated during training: pass it as `watch`.

    A new curve begins with each stage, and when the step decreases.

    Args:
        every: Records between two updates.
    """

    def __init__(self, every: int = 1) -> None:
        self.every, self.calls = whole(every, "every", 1), 0
        self.stages: list[list[dict[str, Any]]] = []
        self._handle: Any = None

    def __call__(self, record: dict[str, Any]) -> None:
        last = self.stages[-1][-1] if self.stages else None
        if (
            last is None
            or record.get("stage") != last.get("stage")
            or record["step"] <= last["step"]
        ):
            self.stages.append([])
        self.stages[-1].append(record)
        self.calls += 1
        if self.calls % self.every == 0:
            self._draw()

    def figure(self) -> Figure:
        """The curves so far, training and validation, one panel per stage."""
        made = np.atleast_1d(axes(1, max(1, len(self.stages)), width=9, height=2.6))
        for ax, stage in zip(made, self.stages, strict=False):
            steps = [record["step"] for record in stage]
            curves = {"training": [record["loss"] for record in stage]}
            if "val_loss" in stage[0]:
                curves["validation"] = [record["val_loss"] for record in stage]
            lines(ax, steps, curves, xlabel="step", ylabel="loss", title=stage[0].get("stage", ""))
        return made[0].figure

    def _draw(self) -> None:
        import matplotlib.pyplot as plt
        from IPython.display import display

        figure = self.figure()
        plt.close(figure)  # otherwise the inline backend shows it a second time
        if self._handle is None:
            self._handle = display(figure, display_id=True)
        else:
            self._handle.update(figure)
