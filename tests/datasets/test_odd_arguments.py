"""Loaders and readers of text refuse what is not a path or a text by the argument's name."""

import numpy as np
import pytest

from workbench.datasets.audio import find_audio
from workbench.datasets.folder import load_folder
from workbench.datasets.keywords import multihot, parse_tempo, tokens
from workbench.datasets.sets.groove import load_groove
from workbench.datasets.sets.pop909 import load_pop909
from workbench.datasets.songs import load_songs
from workbench.errors import PromptError


@pytest.mark.parametrize("odd", [None, 3, np.full((2, 3), np.nan), ""])
@pytest.mark.parametrize("loader", [load_folder, load_songs, load_groove, load_pop909, find_audio])
def test_what_is_not_a_path_is_refused_by_the_argument_s_name(loader, odd):
    with pytest.raises(PromptError, match=r"^folder="):
        loader(odd)


def test_what_is_not_a_text_is_refused_by_the_argument_s_name():
    for function in (tokens, parse_tempo, multihot):
        with pytest.raises(PromptError, match=r"^text=3"):
            function(3)
