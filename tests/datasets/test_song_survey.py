"""The survey of songs: properties of made songs that are known, and copies in another key."""

import numpy as np
import pytest

from workbench import Clip, load
from workbench.datasets.song_survey import (
    KEYS,
    binned,
    copies,
    instruments,
    key_of,
    load_present,
    mean_polyphony,
    melody_of,
    polyphony,
    survey_songs,
)
from workbench.errors import MissingDataError, PromptError
from workbench.evaluation import symbolic
from workbench.music.notes import NOTE


def song(rows, **facts):
    """A clip of rows (time, duration, pitch, program, is_drum)."""
    notes = np.zeros(len(rows), NOTE)
    for name, column in zip(
        ("time", "duration", "pitch", "program", "is_drum"), zip(*rows, strict=True), strict=True
    ):
        notes[name] = column
    notes["velocity"] = 80
    return Clip.from_notes(notes, **facts)


def two_parts(**facts):
    """One bass note of a bar, a melody of two quarters in its second half, a drum."""
    return song(
        [(0, 4, 40, 33, False), (2, 1, 60, 73, False), (3, 1, 62, 73, False), (0, 4, 36, 0, True)],
        beats=4,
        **{"tempo": 100} | facts,
    )


def test_polyphony_is_that_of_the_notes_without_drums():
    edges, count = polyphony(two_parts())
    assert edges.tolist() == [0, 2, 3, 4]
    assert count.tolist() == [1, 2, 2]
    empty = song([(0, 1, 36, 0, True)], tempo=100, beats=4)
    assert [part.tolist() for part in polyphony(empty)] == [[0, 4], [0]]


def test_mean_polyphony_between_times():
    assert mean_polyphony(two_parts(), [0, 1, 3, 4]).tolist() == [1, 1.5, 2]


def test_mean_polyphony_agrees_with_the_metric_where_no_pitch_overlaps_itself():
    clip = two_parts()
    edges, count = polyphony(clip)
    width = np.diff(edges)[count > 0]
    assert (count[count > 0] * width).sum() / width.sum() == pytest.approx(symbolic.polyphony(clip))


def test_the_properties_of_two_made_songs():
    one = two_parts(labels={"key": "E- major"})
    other = song([(0, 0.5, 60, 0, False)], tempo=70, beats=6, meter=(3, 4))
    found = survey_songs([one, other])
    assert found["instruments"] == {"bass": 0.5, "pipe": 0.5, "drums": 0.5, "piano": 0.5}
    assert found["metre"] == {"4/4": 0.5, "3/4": 0.5}
    assert found["tempo (BPM)"] == {"60 to 80": 0.5, "80 to 100": 0, "100 to 120": 0.5}
    assert {key: n for key, n in found["key"].items() if n} == {"Eb major": 0.5, "not stated": 0.5}
    assert set(KEYS) <= set(found["key"])
    assert found["notes at once"]["2"] == pytest.approx(0.25)  # half of the first song
    assert found["notes at once"]["1"] == pytest.approx(0.25 + 0.5 / 6 / 2)
    assert found["length of notes"] == pytest.approx(
        {"sixteenth or shorter": 0, "eighth": 0.25, "quarter": 0.5, "half": 0, "longer": 0.25}
    )
    through = found["notes at once, by tenth of the song"]
    assert list(through) == [str(n) for n in range(1, 11)]
    assert through["10"] == pytest.approx(1.0)
    assert found["length of the song (minutes)"] == {"0 to 1": 1.0}
    for name, shares in found.items():
        if name not in ("instruments", "notes at once, by tenth of the song"):
            assert sum(shares.values()) == pytest.approx(1), name
    with pytest.raises(PromptError, match="songs"):
        survey_songs([])


def test_a_key_is_that_of_the_labels_or_of_the_signature():
    import symusic

    assert key_of(two_parts()) == ""
    for sharps, minor, name in ((0, 0, "C major"), (1, 0, "G major"), (-3, 1, "C minor")):
        score = two_parts().score.copy()
        score.key_signatures.append(symusic.KeySignature(0, sharps, minor))
        assert key_of(Clip(score)) == name
    assert key_of(Clip(score, labels={"key": "f# minor"})) == "F# minor"
    assert all(key_of(clip) in KEYS for clip in load("builtin-songs", limit=50))


def test_instruments_are_families():
    assert instruments(two_parts()) == {"bass", "pipe", "drums"}


def test_a_melody_is_the_highest_note_at_each_onset():
    chords = [(0, 1, 60, 0, False), (0, 1, 64, 0, False), (1, 1, 67, 0, False), (1, 1, 36, 0, True)]
    assert melody_of(song(chords, tempo=100, beats=4)).tolist() == [64, 67]


def test_a_copy_in_another_key_and_tempo_is_found():
    random = np.random.default_rng(0)
    first, second = random.integers(50, 80, (2, 30))

    def tune(pitches, tempo, step):
        rows = [(step * i, step, pitch, 0, False) for i, pitch in enumerate(pitches)]
        return song(rows, tempo=tempo)

    songs = [tune(first, 100, 1), tune(second, 100, 1), tune(first + 5, 90, 0.5)]
    assert copies(songs) == [[0, 2]]
    assert copies(songs[:2]) == []


def test_ranges_are_named_in_order_and_without_gaps():
    assert binned([5, 25, 29.9, np.nan, -3, 70], (0, 10, 20, 30, 60)) == {
        "0 to 10": 2,
        "10 to 20": 0,
        "20 to 30": 2,
        "30 to 60": 0,
        "60 or more": 1,
    }
    assert binned([np.inf], (0, 1)) == {}


def test_sets_that_are_not_here_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    assert list(load_present(["pop909", "builtin-songs"], 2)) == ["builtin-songs"]
    with pytest.raises(MissingDataError, match="pop909"):
        load_present(["pop909", "nottingham"])
    with pytest.raises(PromptError, match="names"):
        load_present([])
