"""Keys by name: relative minors and enharmonic spellings."""

import pytest

from workbench.errors import PromptError
from workbench.music.keys import TONICS, signature


@pytest.mark.parametrize(
    ("text", "tonic"),
    [("C", "C"), ("c major", "C"), ("A minor", "C"), ("E minor", "G"), ("F# minor", "A"),
     ("C# minor", "E"), ("Bb major", "Bb"), ("A# major", "Bb"), ("Gb", "F#"), ("Cb major", "B")],
)  # fmt: skip
def test_signatures(text, tonic):
    assert TONICS[signature(text)] == tonic


@pytest.mark.parametrize("text", ["", "H", "C dorian", "sharp"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(PromptError, match="key"):
        signature(text)
