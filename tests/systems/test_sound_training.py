"""The data of a training on sound: its splits, crops of each, and what the record says of it."""

import numpy as np
import pytest
import torch

from workbench.datasets.audio import prepare_audio
from workbench.errors import MissingDataError, PromptError
from workbench.systems.sound_training import Data


def test_crops_are_of_the_split_that_is_asked_for(audio):
    data = Data.of(audio, audio.rate)
    assert data.rows == audio.split("train")
    assert data.validation == audio.split("validation")
    for validation, rows in ((False, data.rows), (True, data.validation)):
        sounds = data.sounds(3, 4000, seed=5, validation=validation)
        crops, pieces = audio.crops(3, 4000, seed=5, rows=rows)
        assert set(pieces) <= set(rows)
        assert torch.equal(sounds, torch.from_numpy(crops).mean(1))
    about = data.record("builtin-songs")
    assert (about["dataset"], about["pieces"]) == ("builtin-songs", len(data.rows))
    minutes = sum(audio[i].shape[1] for i in data.rows) / audio.rate / 60
    assert np.isclose(about["minutes_of_sound"], minutes)
    assert data.record(audio)["dataset"] == audio.folder.name


def test_another_rate_and_a_missing_split_are_refused(audio, tmp_path):
    with pytest.raises(PromptError, match=f"dataset: .*8000.* {audio.rate}"):
        Data.of(audio, 8000)
    items = [audio.items[i] for i in audio.split("train")[:2]]
    with pytest.raises(MissingDataError, match="needs a train and a validation or test split"):
        Data.of(prepare_audio(items, tmp_path, rate=16000, quiet=True), 16000)
