"""Model cards: what a checkpoint is, how it was made, what it reached."""

from __future__ import annotations

from typing import Any

from workbench.datasets import CATALOGUE


def card(report: dict[str, Any], tables: str = "") -> str:
    """The model card: what was run, what the stages reached, and tables of measurements."""
    dataset = CATALOGUE.get(report["dataset"])
    data = f"{dataset.title} ({dataset.licence})" if dataset else report["dataset"]
    options = " ".join(f"--{key} {report[key]}" for key in ("dataset", "profile", "text", "seed"))
    lines = [
        f"# DrumLDM, text by {report['text']}, trained on {report['dataset']}",
        "Draws drum loops of one to eight bars in 4/4 from a text and a tempo.",
        f"- **Data:** {data}, training sessions only.",
        f"- **Rebuild:** `workbench train drums {options} --out FOLDER`",
        "- **Weights:** MIT, as the code; half precision.",
        "- **Limits:** nine drums on sixteenths with microtiming, 4/4 only, English prompts, the "
        "styles and players of its data. Prompts outside of that get the nearest it knows.",
        "## Training",
        f"| stage | steps | minutes | best on validation |\n|---|---|---|---|\n{_stages(report)}",
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def _stages(report: dict[str, Any]) -> str:
    rows = []
    for name in ("contrastive", "autoencoder", "diffusion"):
        stage = report[name]
        best = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in stage["best"].items())
        rows.append(f"| {name} | {stage['steps']} | {stage['seconds'] / 60:.0f} | {best} |")
    return "\n".join(rows)
