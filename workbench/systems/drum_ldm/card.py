"""The model card of DrumLDM."""

from __future__ import annotations

from typing import Any

from workbench.music.timeline import meter_names
from workbench.representations.drum_chart import METERS
from workbench.systems.cards import data_line, stages_table


def card(report: dict[str, Any], tables: str = "") -> str:
    """Return the model card of DrumLDM, in Markdown. report: the record of its training; tables:
    its figures, in Markdown."""
    options = " ".join(f"--{key} {report[key]}" for key in ("dataset", "profile", "text", "seed"))
    low = ""
    if report.get("low"):
        words = ", ".join(f"“{word}”" for word in report["low"])
        low = (
            f" For {words} the bass drum or the backbeat is on its beat less than half as often as "
            "in real loops (table of downbeats)."
        )
    found = report.get("stages", report)  # older records have no heading
    names = ("contrastive", "autoencoder", "diffusion")
    stages = {name: found[name] for name in names if found.get(name)}
    further = ""
    if start := report.get("start"):
        further = f", starting from {start}"
        options += f" --start {start}"
        further += f" ({report['note']})" if report.get("note") else ""
        kept = report.get("kept", ("contrastive", "autoencoder"))
        stages = {f"{k}, of {start}" if k in kept else k: v for k, v in stages.items()}
        stages[f"diffusion, continued from {start}"] = stages.pop("diffusion")
    lines = [
        f"# DrumLDM, text by {report['text']}, trained on {report['dataset']}",
        _purpose(report),
        f"- **Data:** {data_line(report['dataset'])}, training sessions only"
        + ("; with transformed loops and loops of the grammar." if report.get("chart") else "."),
        f"- **Rebuild:** `workbench train drums {options} --out FOLDER`{further}",
        "- **Weights:** MIT, like the code; half precision.",
        *_critic(report),
        *_search(report),
        *_plans(report),
        *([f"- **Tables:** {report['tables']}"] if report.get("tables") else []),
        f"- **Limits:** {_limits(report)}{low}",
        "## Training",
        stages_table(stages),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def _critic(report: dict[str, Any]) -> list[str]:
    """Return a line about the critic that chooses among candidates, if there is one."""
    found = report.get("critic")
    if not found:
        return []
    return [
        f"- **Critic:** `python -m workbench.systems.drum_ldm.critic FOLDER --dataset "
        f"{report['dataset']} --seed {found['seed']}` (last loss {found['loss']:.2f}); it chooses "
        "among candidates. It shares the training sessions with the judges of the tables below, "
        "but no feature and no network."
    ]


def _search(report: dict[str, Any]) -> list[str]:
    """Return a line about the word regression that helps to find loops, if there is one."""
    if not report.get("search"):
        return []
    return [
        f"- **Search:** `python -m workbench.systems.drum_ldm.search FOLDER --dataset "
        f"{report['dataset']}` fits a regression from words to features of a loop, which stands "
        "beside the contrastive encoders in `search_text` and `search_clips`."
    ]


def _plans(report: dict[str, Any]) -> list[str]:
    """Return a line about the plans that takes of a style follow, if there are any."""
    if not report.get("plans"):
        return []
    return [
        f"- **Plans:** `python -m workbench.systems.drum_ldm.planning FOLDER --dataset "
        f"{report['dataset']}` collects form, timing and number of hits of training loops of "
        f"{report['plans']}, which takes of that style follow."
    ]


def _purpose(report: dict[str, Any]) -> str:
    if not report.get("chart"):
        return "Generates drum loops of one to eight bars in 4/4 from a text and a tempo."
    return (
        f"Generates drum loops of 1 to {report['bars']} bars in {meter_names(METERS)} from a text, "
        "which is read as a style, a tempo and facts: which drums are struck or silent, where, how "
        "loud, fills, form, feel."
    )


def _limits(report: dict[str, Any]) -> str:
    keywords = report["text"] == "keywords"
    if report.get("chart"):
        styles = "the style by 57 keywords" if keywords else "the style by any English words"
        return (
            "nine drums on sixteenths with microtiming, at most two hits of a drum in a sixteenth; "
            f"facts in English, Spanish, German, French and Portuguese, {styles}; the styles and "
            "players of its data. What is not understood is said. Metres other than 4/4 and styles "
            "that Groove lacks are learned from the grammar of this project."
        )
    reads = "57 keywords and no other words" if keywords else "prompts in English"
    return (
        f"nine drums on sixteenths with microtiming; 4/4 only; {reads}; the styles and players of "
        "its data. For an unknown prompt it generates the nearest known style; a feel without a "
        "style is read as the feel of a beat. Bars repeat less exactly than a drummer's, the "
        "timing is tidier, and takes of one prompt are more similar than two drummers. A tempo "
        "beside other words sets how fast a loop is played; the words determine nearly everything "
        "else."
    )
