"""Model cards: what a checkpoint is, how it was trained, and its measurements."""

from __future__ import annotations

from typing import Any

from workbench.datasets import CATALOGUE

TITLES = {  # of stages whose names in a record are short
    "joint": "text–audio encoder",
    "vae": "VAE",
    "ending": "decoder and vocoder together",
    "decoder": "decoder, fine-tuned",
    "audio": "U-Net, conditioned on sound",
    "text": "U-Net, conditioned on captions",
}


def card(report: dict[str, Any], tables: str = "") -> str:
    """The model card of DrumLDM. report: the record of a training; tables: in Markdown."""
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
        further = ", starting from the checkpoint of the previous version"
        options += f" --start {start}"
        stages = {k if k == "diffusion" else f"{k}, of {start}": v for k, v in stages.items()}
        stages[f"diffusion, continued from {start}"] = stages.pop("diffusion")
    reads = (
        "57 keywords and no other words" if report["text"] == "keywords" else "prompts in English"
    )
    lines = [
        f"# DrumLDM, text by {report['text']}, trained on {report['dataset']}",
        "Generates drum loops of one to eight bars in 4/4 from a text and a tempo.",
        f"- **Data:** {_data(report['dataset'])}, training sessions only.",
        f"- **Rebuild:** `workbench train drums {options} --out FOLDER`{further}",
        "- **Weights:** MIT, like the code; half precision.",
        f"- **Limits:** nine drums on sixteenths with microtiming; 4/4 only; {reads}; the styles "
        "and players of its data. For an unknown prompt it generates the nearest known style; a "
        "feel without a style is read as the feel of a beat. Bars repeat less exactly than a "
        "drummer's, the timing is tidier, and takes of one prompt are more similar than two "
        "drummers. A tempo beside other words sets how fast a loop is played; the words "
        f"determine nearly everything else.{low}",
        "## Training",
        _stages(stages),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def song_card(report: dict[str, Any], tables: str = "") -> str:
    """The model card of MidiGPT."""
    options = " ".join(f"--{key} {report[key]}" for key in ("dataset", "profile", "seed"))
    stage = _stage(report, "gpt")
    best = ", ".join(f"{k} {v:.4g}" for k, v in stage["best"].items())
    lines = [
        f"# MidiGPT, trained on {report['dataset']}",
        "Regenerates bars or tracks of a song, continues it, or generates a new one. It is a GPT-2 "
        "on REMI tokens, trained to fill in the middle between bar lines.",
        f"- **Data:** {_data(report['dataset'])}; {report['songs']} training songs, "
        f"{report['notes']:,} notes, transposed by −5 to +6 semitones.",
        f"- **Rebuild:** `workbench train songs {options} --out FOLDER`",
        "- **Weights:** MIT, like the code; half precision.",
        "- **Limits:** it generates music like its training data. Other instruments are read and "
        "written as the nearest part of the training data; drums stay as they are if the training "
        "data has none. It predicts other styles far worse, and so it does performed files whose "
        "notes do not follow the file's beats. It warns of metres that are rare in training.",
        "- **Rules:** positions increase and stay within the bar; at one position a track has each "
        "pitch once and at most ten notes.",
        "## Training",
        f"{stage['steps']} steps in {stage['minutes']:.0f} minutes; best on validation "
        f"(nats per token): {best}.",
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def piano_card(report: dict[str, Any], tables: str = "") -> str:
    """The model card of DiffusionLM."""
    options = " ".join(f"--{k} {report[k]}" for k in ("dataset", "profile", "backbone", "seed"))
    stage = _stage(report, "diffusion")
    best = ", ".join(f"{k} {v:.4g}" for k, v in stage["best"].items())
    lines = [
        f"# DiffusionLM ({report['backbone']}), trained on {report['dataset']}",
        "Generates two or three bars of piano music at once by diffusion over word embeddings; key "
        "signature, density, register and style can be requested, and given notes are kept.",
        f"- **Data:** {_data(report['dataset'])}; {report['windows']:,} training windows of 128 "
        "words, transposed by −5 to +6 semitones.",
        f"- **Rebuild:** `workbench train piano {options} --out FOLDER`",
        "- **Weights:** MIT, like the code; half precision.",
        "- **Limits:** 128 words are about 35 notes; sixteenths only; no form beyond these bars. "
        "Control was trained for the densities and registers of this data.",
        "## Training",
        f"{stage['steps']} steps in {stage['minutes']:.0f} minutes; best on validation: {best}.",
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def sound_card(report: dict[str, Any], tables: str = "") -> str:
    """The model card of LDMG."""
    options = " ".join(f"--{k} {report[k]}" for k in ("dataset", "profile", "seed"))
    lines = [
        f"# LDMG, trained on {report['dataset']}",
        "Generates music as sound, unconditionally, for a genre or for a text; varies and inpaints "
        "sound.",
        _sound_data(report),
        f"- **Rebuild:** `workbench train sound {options} --out FOLDER`",
        "- **Weights:** MIT, like the code; half precision.",
        f"- **Limits:** mono at 16 kHz, so nothing above 8 kHz; trained on windows of "
        f"{report['seconds']:.1f} s; longer pieces are joined from overlapping windows and have no "
        "form; genres and words are those of its data, and a tempo in the text has no effect; "
        "recordings are reconstructed worse than the rendered scores of the training data; the "
        "small decoder makes the sound audibly less clear.",
        "## Training",
        _stages(report["stages"]),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


def music_card(report: dict[str, Any], tables: str = "") -> str:
    """The model card of MusicLDM."""
    options = " ".join(f"--{k} {report[k]}" for k in ("dataset", "profile", "mixup", "seed"))
    lines = [
        f"# MusicLDM ({report['mixup']} mixup), trained on {report['dataset']}",
        "Generates music as sound for a text, or similar to a given sound.",
        _sound_data(report, f"{report['windows']:,} windows, mixes included; "),
        f"- **Rebuild:** `workbench train music {options} --out FOLDER`",
        "- **Weights:** MIT, like the code; half precision.",
        f"- **Limits:** mono at 16 kHz; windows of {report['seconds']:.1f} s; it knows the words "
        "of its captions (instruments, styles, keys) and no others, and a tempo in the text has "
        "no effect; recordings are reconstructed worse than the rendered scores of the training "
        "data.",
        "## Training",
        _stages(report["stages"]),
    ]
    return "\n\n".join([*lines, *([tables] if tables else [])]) + "\n"


# --- shared by several cards -------------------------------------------------------------------


def _data(names: str) -> str:
    """Titles and licences of data sets joined by "+"."""
    entries = [(name, CATALOGUE.get(name)) for name in names.split("+")]
    return "; ".join(f"{e.title} ({e.licence})" if e else name for name, e in entries)


def _sound_data(report: dict[str, Any], windows: str = "") -> str:
    """The line of data of systems that generate sound. windows: their number, ending in "; "."""
    names = f" Recordings by {', '.join(report['credits'])}." if report["credits"] else ""
    return (
        f"- **Data:** {_data(report['dataset'])}; {report['pieces']} pieces of the training split, "
        f"{report['minutes_of_sound'] / 60:.1f} hours; {windows}scores rendered by a SoundFont."
        + names
    )


def _stage(report: dict[str, Any], name: str) -> dict[str, Any]:
    """One stage of a record; older ones of a single stage are its record themselves."""
    return report.get("stages", {}).get(name, report)


def _stages(stages: dict[str, dict[str, Any]]) -> str:
    """The table of a training's stages, by name."""
    rows = ["| stage | steps | minutes | best on validation |", "|---|---|---|---|"]
    for name, stage in stages.items():
        title = TITLES.get(name, name)
        # DrumLDM's older records count seconds
        minutes = stage["minutes"] if "minutes" in stage else stage["seconds"] / 60
        best = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in stage["best"].items())
        rows.append(f"| {title} | {stage['steps']} | {minutes:.0f} | {best} |")
    return "\n".join(rows)
