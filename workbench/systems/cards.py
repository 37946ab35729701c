"""Lines and tables that several model cards share. Each card is in its system's folder."""

from __future__ import annotations

from typing import Any

from workbench.datasets import CATALOGUE

TITLES = {  # of stages whose names in a record are short
    "clap": "text–audio encoder",
    "joint": "text–audio encoder",  # in older records
    "vae": "VAE",
    "decoder_finetune": "decoder and vocoder together",
    "ending": "decoder and vocoder together",  # in older records
    "decoder": "decoder, fine-tuned",
    "audio": "denoiser, conditioned on sound",
    "text": "denoiser, conditioned on captions",
}


def data_line(names: str) -> str:
    """Return the titles and licences of data sets joined by "+"."""
    entries = [(name, CATALOGUE.get(name)) for name in names.split("+")]
    return "; ".join(f"{e.title} ({e.licence})" if e else name for name, e in entries)


def sound_data_line(report: dict[str, Any], windows: str = "") -> str:
    """Return a card's line on the data of a system that generates sound. windows: the number of
    windows, ending in "; "."""
    names = f" Recordings by {', '.join(report['credits'])}." if report["credits"] else ""
    return (
        f"- **Data:** {data_line(report['dataset'])}; {report['pieces']} pieces of the training "
        f"split, {report['minutes_of_sound'] / 60:.1f} hours; {windows}scores rendered by a "
        "SoundFont." + names
    )


def tempo_line(report: dict[str, Any]) -> str:
    """Return a card's words on tempi. Records of systems that were not trained on beats have no
    "beats", or 0 of them."""
    if not report.get("beats"):
        return (
            "the networks do not know tempi: a beat is imposed while sampling, by averaging each "
            "estimate with its own shifts"
        )
    return (
        f"at a tempo the network receives the position in beat and bar, with which "
        f"{report['beats']} of its {report['pieces']} pieces were trained; without one its pulse "
        "is its own"
    )


def stage_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the record of one stage. Older records of a single stage have no "stages"."""
    return report.get("stages", {}).get(name, report)


def stages_table(stages: dict[str, dict[str, Any]]) -> str:
    """Return the stages of a training as a table in Markdown. stages: their records by name."""
    rows = ["| stage | steps | minutes | best on validation |", "|---|---|---|---|"]
    for name, stage in stages.items():
        title = TITLES.get(name, name)
        # DrumLDM's older records count seconds
        minutes = stage["minutes"] if "minutes" in stage else stage["seconds"] / 60
        best = ", ".join(f"{k.replace('_', ' ')} {v:.4g}" for k, v in stage["best"].items())
        rows.append(f"| {title} | {stage['steps']} | {minutes:.0f} | {best} |")
    return "\n".join(rows)
