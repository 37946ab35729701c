"""Keys by name: relative minors and enharmonic spellings; by what is in their scales."""

import numpy as np
import pytest

from workbench.errors import PromptError
from workbench.music.keys import TONICS, in_scales, signature


@pytest.mark.parametrize(
    ("text", "tonic"),
    [
        ("C", "C"),
        ("c major", "C"),
        ("A minor", "C"),
        ("E minor", "G"),
        ("F# minor", "A"),
        ("C# minor", "E"),
        ("Bb major", "Bb"),
        ("A# major", "Bb"),
        ("Gb", "F#"),
        ("Cb major", "B"),
        ("E- major", "Eb"),
    ],
)
def test_signatures(text, tonic):
    assert TONICS[signature(text)] == tonic


@pytest.mark.parametrize("text", ["", "H", "C dorian", "sharp"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(PromptError, match="key"):
        signature(text)


def test_a_scale_holds_its_own_notes_and_six_of_its_neighbours_seven():
    white = np.array(
        [c in "CDEFGAB" for c in ("C", "-", "D", "-", "E", "F", "-", "G", "-", "A", "-", "B")],
        dtype=float,
    )
    held = in_scales(np.stack([np.roll(white, k) for k in range(12)]))
    assert held.shape == (12, 12)
    assert (held.argmax(1) == np.arange(12)).all()
    assert held[0].tolist() == [7, 2, 5, 4, 3, 6, 2, 6, 3, 4, 5, 2]  # by fifths: 6, 5, 4, 3, 2
    assert np.allclose(in_scales(np.full(12, 1 / 12)), 7 / 12)
