"""The model card of MidiGPT."""

from __future__ import annotations

from typing import Any

from workbench.systems.cards import data_line, stage_of, stages_table


def card(report: dict[str, Any], tables: str = "") -> str:
    """Return the model card of MidiGPT, in Markdown. report: the record of its training; tables:
    its figures, in Markdown."""
    options = " ".join(f"--{key} {report[key]}" for key in ("dataset", "profile", "seed"))
    stages = report.get("stages") or {"gpt": stage_of(report, "gpt")}
    began: list[str] = []
    if "start" in report:
        options += f" --start {report['start']}"
        before = report.get("before") or {}
        minutes = sum(stage["minutes"] for stage in before.get("stages", {}).values())
        began = [
            f"- **Start:** an earlier `{report['start']}` (a shipped one is in the history of the "
            f"repository), trained for {minutes:.0f} minutes on "
            f"{before.get('dataset', 'other songs')}; its record is in training.json."
        ]
    lines = [
        f"# MidiGPT, trained on {report['dataset']}",
        "Regenerates bars or tracks of a song, continues it, or generates a new one. It is a GPT-2 "
        "on REMI tokens, trained to fill in the middle between bar lines.",
        f"- **Data:** {data_line(report['dataset'])}; {report['songs']} training songs, "
        f"{report['notes']:,} notes, transposed by −5 to +6 semitones.",
        f"- **Rebuild:** `workbench train songs {options} --out FOLDER`",
        *began,
        "- **Weights:** MIT, like the code; half precision.",
        "- **Limits:** it generates music like its training data. Other instruments are read and "
        "written as the nearest part of the training data; drums stay as they are if the training "
        "data has none. It predicts other styles far worse, and so it does performed files whose "
        "notes do not follow the file's beats. It warns of metres that are rare in training.",
        "- **Rules:** positions increase and stay within the bar; at one position a track has each "
        "pitch once and at most ten notes.",
        "## Training",
        'Losses in nats per token; "short" is the training on rows of half the length.',
        stages_table(stages),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"
