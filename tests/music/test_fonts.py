"""SoundFonts for music in several sounds."""

import shutil

import numpy as np
import pytest

from workbench.music.clip import Clip
from workbench.music.fonts import GENERAL, general_fonts, some_synth
from workbench.music.soundfont import bundled_soundfont

pytest.importorskip("tinysoundfont")


def test_fonts_in_the_cache_are_found_and_play(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    (tmp_path / "soundfonts").mkdir()
    font = tmp_path / "soundfonts" / GENERAL[0]
    shutil.copy(bundled_soundfont(), font)
    fonts = general_fonts()
    assert fonts[0] == bundled_soundfont()
    assert font in fonts
    played = {some_synth(np.random.default_rng(seed)).sound for seed in range(40)}
    assert {bundled_soundfont().stem, font.stem} <= played
    clip = Clip.from_notes([(0, 1, 60, 90)], drums=False)
    assert np.abs(some_synth(np.random.default_rng(0)).render(clip.score, 8000)).max() > 0.01
