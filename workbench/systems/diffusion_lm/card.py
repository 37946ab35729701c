"""The model card of DiffusionLM."""

from __future__ import annotations

from typing import Any

from workbench.systems.cards import data_line, stage_of


def card(report: dict[str, Any], tables: str = "") -> str:
    """Return the model card of DiffusionLM, in Markdown. report: the record of its training;
    tables: its figures, in Markdown."""
    process = report.get("process", "continuous")  # older records do not name it
    record = report | {"process": process}
    names = ("dataset", "profile", "backbone", "process", "seed")
    options = " ".join(f"--{name} {record[name]}" for name in names if name in record)
    what = "masked diffusion of its words" if process == "masked" else "diffusion of embeddings"
    network = report.get("backbone", "notes as positions")
    stage = stage_of(report, "diffusion")
    best = ", ".join(f"{k} {v:.4g}" for k, v in stage["best"].items())
    lines = [
        f"# DiffusionLM ({network}, {process}), trained on {report['dataset']}",
        f"Generates two or three bars of piano music at once by {what}; key signature, density, "
        "register and style can be requested, and given notes are kept.",
        f"- **Data:** {data_line(report['dataset'])}; {report['windows']:,} training windows of "
        "128 words, transposed by −5 to +6 semitones.",
        f"- **Rebuild:** `workbench train piano {options} --out FOLDER`",
        "- **Weights:** MIT, like the code; half precision.",
        "- **Limits:** 128 words are 32 notes; sixteenths only; no form beyond these bars. The "
        "number of notes is given, by the padding behind them, and not sampled. "
        "Control was trained for the densities and registers of this data.",
        *([f"- **Tables:** {report['tables']}"] if report.get("tables") else []),
        "## Training",
        f"{stage['steps']} steps in {stage['minutes']:.0f} minutes; best on validation: {best}.",
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"
