"""Widgets for the notebooks: each wraps calls that a notebook can also make directly.

PromptBox(system)      a prompt, its settings, and the takes; any system that reads text
DrumGrid(clip, system) a drum-grid editor that fills in the rest
FilmWidget(frames)     sampling step by step, from noise to a loop, a song or a sound
InpaintingWidget(system, clip)  bars of a song, or seconds of a sound, regenerated
MixupLab(a, b, system) two clips mixed by plain mixup, BAM and BLM, with their beats
DegradationLab(sounds, rate, measure)  degraded real sounds, and how each metric responds
Prediction(question)   what `predict` shows: choices and a confidence
QuizBox(lesson, items) what `quiz` shows: questions whose answers are explained
SoundMap(views, clips, groups)  pictures of many clips; each point plays its clip
compare(clips)         clips side by side
explore(draw, Slider)  sliders and lists of ipywidgets, and a figure that answers at once
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from workbench.extras import named_extras

if TYPE_CHECKING:
    from workbench.course.widgets.degradation_lab import DegradationLab
    from workbench.course.widgets.drum_grid import DrumGrid
    from workbench.course.widgets.film import FilmWidget
    from workbench.course.widgets.inpainting import InpaintingWidget
    from workbench.course.widgets.mixup_lab import MixupLab
    from workbench.course.widgets.prediction import Prediction
    from workbench.course.widgets.prompt_box import PromptBox
    from workbench.course.widgets.quiz import QuizBox
    from workbench.course.widgets.side_by_side import compare
    from workbench.course.widgets.sliders import Choice, Slider, explore
    from workbench.course.widgets.sound_map import SoundMap
    from workbench.course.widgets.worker import Stopped

__all__ = [
    "Choice",
    "DegradationLab",
    "DrumGrid",
    "FilmWidget",
    "InpaintingWidget",
    "MixupLab",
    "Prediction",
    "PromptBox",
    "QuizBox",
    "Slider",
    "SoundMap",
    "Stopped",
    "compare",
    "explore",
]

_WHERE = {
    "Choice": "sliders",
    "DegradationLab": "degradation_lab",
    "DrumGrid": "drum_grid",
    "FilmWidget": "film",
    "InpaintingWidget": "inpainting",
    "MixupLab": "mixup_lab",
    "Prediction": "prediction",
    "PromptBox": "prompt_box",
    "QuizBox": "quiz",
    "Slider": "sliders",
    "SoundMap": "sound_map",
    "Stopped": "worker",
    "compare": "side_by_side",
    "explore": "sliders",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with named_extras():
        return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
