"""The model card of LDMG."""

from __future__ import annotations

from typing import Any

from workbench.systems.cards import sound_data_line, stages_table, tempo_line


def card(report: dict[str, Any], tables: str = "") -> str:
    """Return the model card of LDMG, in Markdown. report: the record of its training; tables: its
    figures, in Markdown."""
    options = " ".join(f"--{k} {report[k]}" for k in ("dataset", "profile", "seed"))
    lines = [
        f"# LDMG, trained on {report['dataset']}",
        "Generates music as sound, unconditionally, for a genre or for a text; varies and inpaints "
        "sound.",
        sound_data_line(report),
        f"- **Rebuild:** `workbench train sound {options} --out FOLDER`",
        *([f"- **History:** {report['history']}."] if "history" in report else []),
        "- **Weights:** MIT, like the code; half precision.",
        f"- **Limits:** mono at 16 kHz, so nothing above 8 kHz; trained on windows of "
        f"{report['seconds']:.1f} s; longer pieces are joined from overlapping windows and have no "
        f"form; genres and words are those of its data; {tempo_line(report)}; "
        "recordings are reconstructed worse than the rendered scores of the training data; the "
        "small decoder makes the sound audibly less clear.",
        "## Training",
        stages_table(report["stages"]),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"
