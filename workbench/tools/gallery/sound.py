"""The gallery's clips of the systems that draw sound, and what their coding loses."""

from __future__ import annotations

from typing import Any

from workbench.errors import MissingDataError
from workbench.music.clip import Clip
from workbench.systems.ldmg import LDMG
from workbench.systems.musicldm import MusicLDM
from workbench.tools.gallery.clips import Exhibit, drummer, hang_drummer


def sound(seed: int) -> Exhibit:
    made = Exhibit(
        "sound",
        "LDMG: sound out of noise",
        "A VAE-GAN on sound at 16 kHz and a diffusion transformer in its latent.",
        ['ldmg = LDMG.from_pretrained("sound-ldmg")'],
    )
    names: dict[str, Any] = {"ldmg": LDMG.from_pretrained("sound-ldmg")}
    asked: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("rock", {"genre": "rock"}, "The sound of the style, but an unsteady pulse."),
        (
            "slow pop piano",
            {"prompt": "slow pop piano"},
            "A piano, as much as a small decoder lets through.",
        ),
        (
            "funk, twice as long",
            {"genre": "funk", "seconds": 8.2},
            "Longer than it was trained, in windows that overlap; no form arises.",
        ),
        ("nothing asked", {}, "Out of nothing: something between all that it knows."),
    )
    for title, words, note in asked:
        made.draw(names, title, note, "ldmg", "generate", **words, seed=seed)
    _rebuilt(made, names, "ldmg", "Encoded and decoded only: what the autoencoder loses.")
    return made


def music(seed: int) -> Exhibit:
    made = Exhibit(
        "music",
        "MusicLDM: words to sound",
        "Diffusion in the latent of a mel autoencoder, steered by an embedding that text and sound "
        "share; a vocoder makes it sound.",
        ['music = MusicLDM.from_pretrained("music-ldm")'],
    )
    names: dict[str, Any] = {"music": MusicLDM.from_pretrained("music-ldm")}
    asked: tuple[tuple[str, dict[str, Any], str], ...] = (
        (
            "rock 120 bpm beat busy crash",
            {"candidates": 5},
            "The best of five by the system's own ear. Drums; does their beat hold?",
        ),
        ("slow pop piano", {}, "Chords, but no phrase that goes anywhere."),
        ("a choir of robots", {}, "Words it never read: it generates something that it knows."),
    )
    for prompt, more, note in asked:
        made.draw(names, prompt, note, "music", "generate", prompt, **more, seed=seed)
    _rebuilt(made, names, "music", "Through mel, autoencoder and vocoder only: what they lose.")
    if "groove" in names:
        made.draw(
            names,
            "like that drummer",
            "A sound is as good a question as words.",
            "music",
            "generate",
            like=names["groove"],
            seed=seed,
        )
    return made


def _rebuilt(made: Exhibit, names: dict[str, Any], name: str, note: str) -> None:
    """A drummer of Groove as sound, and the same through a system's autoencoder."""
    try:
        played = drummer("rock", 110).excerpt(0, 8)
    except MissingDataError:
        made.missing = "A drummer of Groove, and what coding loses of it, would be here: make data."
        return
    made.setup += [
        "from workbench.tools.gallery.clips import drummer",
        'played = drummer("rock", 110).excerpt(0, 8)',
        "groove = Clip(audio=played.waveform(16000), sample_rate=16000)",
    ]
    names["groove"] = Clip(
        audio=played.waveform(16000),
        sample_rate=16000,
        labels=played.labels,
        caption=played.caption,
    )
    note_of_real = "Two bars of a held-out session, rendered."
    hang_drummer(made, "rock, played by a person", names["groove"], note_of_real)
    made.draw(names, "the same, rebuilt", note, name, "reconstruct", names["groove"])
