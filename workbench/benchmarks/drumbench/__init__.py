"""DrumBench: prompts as musicians write them, with rules that score loops by their notes.

    workbench evaluate drums --only drumbench
    python -m workbench.benchmarks.drumbench drums-groove-bert --split validation
    python -m workbench.benchmarks.drumbench a-folder-of-midi-files
    python -m workbench.benchmarks.drumbench --list

`prompts.tsv` holds the prompts, their rules, and how often people's loops satisfy these. Half of
the prompts are for choosing (validation), half for reporting (test). `score.py` counts the
prompts that are followed; `loop.py` computes the measures that the rules use.
"""

from workbench.benchmarks.drumbench.loop import Loop
from workbench.benchmarks.drumbench.rules import Rule
from workbench.benchmarks.drumbench.score import Folder, Loaded, Outcome, System, score
from workbench.benchmarks.drumbench.table import Prompt, prompts

__all__ = ["Folder", "Loaded", "Loop", "Outcome", "Prompt", "Rule", "System", "prompts", "score"]
