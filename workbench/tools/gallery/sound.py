"""Gallery entries of the systems that generate sound, and reconstructions by their autoencoders."""

from __future__ import annotations

from typing import Any

from workbench.errors import MissingDataError
from workbench.music.clip import Clip
from workbench.systems.ldmg import LDMG
from workbench.systems.musicldm import MusicLDM
from workbench.tools.gallery.clips import Exhibit, add_drummer, drummer


def sound(seed: int) -> Exhibit:
    made = Exhibit(
        "sound",
        "LDMG: from noise to sound",
        "A VAE-GAN on sound at 16 kHz and a diffusion transformer on its latents.",
        ['ldmg = LDMG.from_pretrained("sound-ldmg")'],
    )
    names: dict[str, Any] = {"ldmg": LDMG.from_pretrained("sound-ldmg")}
    requests: tuple[tuple[str, dict[str, Any], str], ...] = (
        (
            "rock drums, 120 bpm",
            {"prompt": "rock drums, 120 bpm"},
            "At the tempo, and more regular than a drummer.",
        ),
        (
            "slow pop piano",
            {"prompt": "slow pop piano"},
            "A piano, within the limits of a small decoder.",
        ),
        (
            "orchestra, twice as long",
            {"genre": "orchestra", "seconds": 12.2},
            "Longer than in training, by overlapping windows; there is no form.",
        ),
        ("no prompt", {}, "Unconditional: any of the kinds of sound in the training data."),
    )
    for title, words, note in requests:
        made.add_call(names, title, note, "ldmg", "generate", **words, seed=seed)
    _reconstructed(
        made, names, "ldmg", "Only encoded and decoded: this is the loss of the autoencoder."
    )
    return made


def music(seed: int) -> Exhibit:
    made = Exhibit(
        "music",
        "MusicLDM: from text to sound",
        "Diffusion on the latents of a mel autoencoder, conditioned on an embedding that text and "
        "sound share; a vocoder turns mel spectrograms into sound.",
        ['music = MusicLDM.from_pretrained("music-ldm")'],
    )
    names: dict[str, Any] = {"music": MusicLDM.from_pretrained("music-ldm")}
    requests: tuple[tuple[str, dict[str, Any], str], ...] = (
        (
            "rock 120 bpm beat busy crash",
            {"candidates": 5},
            "The best of five by the system's text–audio encoder. Do the drums keep a steady beat?",
        ),
        ("slow pop piano", {}, "Chords, but no melodic phrases."),
        (
            "a choir of robots",
            {},
            "Words that are not in the training captions: it generates something familiar.",
        ),
    )
    for prompt, more, note in requests:
        made.add_call(names, prompt, note, "music", "generate", prompt, **more, seed=seed)
    _reconstructed(
        made, names, "music", "Only through mel, autoencoder and vocoder: this is their loss."
    )
    if "groove" in names:
        made.add_call(
            names,
            "like that drummer",
            "Conditioned on a sound instead of text.",
            "music",
            "generate",
            like=names["groove"],
            seed=seed,
        )
    return made


def _reconstructed(made: Exhibit, names: dict[str, Any], name: str, note: str) -> None:
    """A drummer of Groove as sound, and its reconstruction by a system."""
    try:
        played = drummer("rock", 110).excerpt(0, 8)
    except MissingDataError:
        made.missing = (
            "A drummer of Groove and its reconstruction are missing: get Groove with make data."
        )
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
    note_of_real = "Two rendered bars of a held-out session."
    add_drummer(made, "rock, played by a person", names["groove"], note_of_real)
    made.add_call(names, "the same, reconstructed", note, name, "reconstruct", names["groove"])
