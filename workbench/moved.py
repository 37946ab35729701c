"""Old names of modules, kept for one release because notebooks of students may import them.

`import workbench.widgets` imports `workbench.course.widgets`, the same module under both names, and
warns with the new name.
"""

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "workbench.datasets.fma": "workbench.datasets.sets.fma",
    "workbench.datasets.groove": "workbench.datasets.sets.groove",
    "workbench.datasets.pop909": "workbench.datasets.sets.pop909",
    "workbench.benchmarks.table": "workbench.evaluation.table",
    "workbench.benchmarks.timing": "workbench.evaluation.timing",
    "workbench.experiments": "workbench.course.experiments",
    "workbench.gallery": "workbench.tools.gallery.build",
    "workbench.glossary": "workbench.course.glossary",
    "workbench.grading": "workbench.tools.grading",
    "workbench.lesson": "workbench.course.lesson",
    "workbench.listening": "workbench.tools.listening",
    "workbench.memory": "workbench.training.memory",
    "workbench.notebooks": "workbench.course.notebooks",
    "workbench.pages": "workbench.course.accessible",
    "workbench.plots": "workbench.course.plots",
    "workbench.report": "workbench.tools.report.build",
    "workbench.runner": "workbench.tools.report.runner",
    "workbench.site": "workbench.tools.site",
    "workbench.systems.diffusion_lm_training": "workbench.systems.diffusion_lm.training",
    "workbench.systems.drum_networks": "workbench.systems.drum_ldm.networks",
    "workbench.systems.drum_training": "workbench.systems.drum_ldm.training",
    "workbench.systems.ldmg_coding": "workbench.systems.ldmg.coding",
    "workbench.systems.ldmg_training": "workbench.systems.ldmg.training",
    "workbench.systems.midigpt_training": "workbench.systems.midigpt.training",
    "workbench.systems.music_mixing": "workbench.systems.musicldm.mixing",
    "workbench.systems.musicldm_coding": "workbench.systems.musicldm.coding",
    "workbench.systems.musicldm_training": "workbench.systems.musicldm.training",
    "workbench.systems.piano_controls": "workbench.systems.diffusion_lm.controls",
    "workbench.systems.published": "workbench.systems.musicldm.published",
    "workbench.systems.splice": "workbench.systems.midigpt.splice",
    "workbench.teaching": "workbench.course.teaching",
    "workbench.weights": "workbench.training.weights",
    "workbench.widgets": "workbench.course.widgets",
}


def new_name(name: str) -> str | None:
    """The new name of a module, by its old name or that of its old folder."""
    head, tail = name, ""
    while head.startswith("workbench."):
        if head in MOVED:
            return MOVED[head] + tail
        head, _, last = head.rpartition(".")
        tail = f".{last}{tail}"
    return None


class _Finder(MetaPathFinder, Loader):
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(name, self) if new_name(name) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        new = str(new_name(spec.name))
        warnings.warn(
            f"{spec.name} is {new} now; the old name goes with the next release",
            DeprecationWarning,
            stacklevel=2,
        )
        module = import_module(new)
        spec.loader_state = module.__spec__
        return module

    def get_code(self, name: str) -> None:
        """Refuse `python -m` with the old name; the error has the new one."""
        raise ImportError(f"{name} is {new_name(name)} now")

    def exec_module(self, module: ModuleType) -> None:
        # the import by the old name replaced the module's specification: restore its own
        if module.__spec__ is not None:
            module.__spec__ = module.__spec__.loader_state


def answer_to_old_names() -> None:
    """Make imports by old names work; may be called twice."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
