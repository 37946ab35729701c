"""The model card of MusicLDM."""

from __future__ import annotations

from typing import Any

from workbench.systems.cards import sound_data_line, stages_table, tempo_line


def card(report: dict[str, Any], tables: str = "") -> str:
    """Return the model card of MusicLDM, in Markdown. report: the record of its training; tables:
    its figures, in Markdown."""
    options = " ".join(f"--{k} {report[k]}" for k in ("dataset", "profile", "mixup", "seed"))
    lines = [
        f"# MusicLDM ({report['mixup']} mixup), trained on {report['dataset']}",
        "Generates music as sound for a text, or similar to a given sound.",
        sound_data_line(report, f"{report['windows']:,} windows, mixes included; "),
        f"- **Rebuild:** `workbench train music {options} --out FOLDER`",
        *([f"- **History:** {report['history']}."] if "history" in report else []),
        "- **Weights:** MIT, like the code; half precision.",
        f"- **Limits:** mono at 16 kHz; windows of {report['seconds']:.1f} s; it knows the words "
        "of its captions (instruments, styles, keys) and no others, except that it reads which "
        f"kind of sound a prompt names; {tempo_line(report)}; "
        "recordings are reconstructed worse than the rendered scores of the training data.",
        "## Training",
        stages_table(report["stages"]),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"
