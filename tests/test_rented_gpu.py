"""ci/small_soundfont.py, and what ci/rented_gpu.py carries to a machine that trains."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from workbench.music.clip import Clip
from workbench.music.soundfont import SoundFontSynth, bundled_soundfont

CI = Path(__file__).parents[1] / "ci"


def script(name):
    spec = importlib.util.spec_from_file_location(name, CI / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fonts(tmp_path_factory):
    """pretty_midi's SoundFont, and the small one that is made of it."""
    whole = bundled_soundfont()
    path = tmp_path_factory.mktemp("font") / whole.name
    path.write_bytes(script("small_soundfont").small(whole.read_bytes()))
    return whole, path


def sound(font, program, drums=False):
    notes = [(0, 1, 48, 100), (1, 1, 60, 60)]
    clip = Clip.from_notes(notes, beats=4, tempo=120, drums=drums, program=program)
    return SoundFontSynth(font).render(clip.score, 22_050, 44_100, loop=False)


@pytest.mark.parametrize(("program", "drums"), [(0, False), (40, False), (81, False), (0, True)])
def test_a_small_soundfont_sounds_the_same(fonts, program, drums):
    whole, small = (sound(font, program, drums) for font in fonts)
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(small, whole, atol=1e-6)


def test_a_small_soundfont_lacks_the_other_instruments(fonts):
    assert fonts[1].stat().st_size < 0.8 * fonts[0].stat().st_size
    whole, small = (sound(font, 114) for font in fonts)  # steel drums
    assert np.abs(whole - small).max() > 0.01
