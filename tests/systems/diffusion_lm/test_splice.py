"""Piano bars drawn anew: everything else of a song stays, in its score and in its file."""

from collections import Counter

import numpy as np
import pytest

from workbench import Region
from workbench.datasets.builtin_songs import sample
from workbench.errors import PromptError
from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.music.clip import Clip
from workbench.representations.pvd import PVD, WORDS
from workbench.systems.diffusion_lm import DiffusionLM, PianoConfig
from workbench.systems.diffusion_lm.splice import read

CODE = PVD()


@pytest.fixture(scope="module")
def writer() -> DiffusionLM:
    """An untrained network: it writes anything, which is all that splicing needs."""
    network = DiffusionLMConfig(CODE.size, dim=8, width=16, depth=1, heads=2)
    return DiffusionLM(PianoConfig(network, ControlConfig(width=16, depth=1, heads=2)))


@pytest.fixture(scope="module")
def song(tmp_path_factory) -> Clip:
    path = tmp_path_factory.mktemp("song") / "song.mid"
    sample(1, 9)[0].write_midi(path)
    return Clip.read(path)


def notes_of(clip: Clip) -> Counter:
    """Notes as (track, onset, duration, pitch, velocity)."""
    tpq = clip.score.tpq
    return Counter(
        (i, n.time / tpq, n.duration / tpq, n.pitch, n.velocity)
        for i, track in enumerate(clip.score.tracks)
        for n in track.notes
    )


@pytest.mark.parametrize("bars", [(0, 1), (3, 4), (7, 8)])
def test_a_song_keeps_every_other_note(writer, song, bars, tmp_path):
    begin, end = song.bar_lines[list(bars)]
    for version in writer.inpaint(song, Region(bars=bars), n=2, steps=2):
        before, after = notes_of(song), notes_of(version)
        changed = (before - after) + (after - before)
        assert all(begin <= onset < end for _, onset, *_ in changed)
        assert not any(song.score.tracks[i].is_drum for i, *_ in changed)
        assert after - before
        assert (version.bars, version.beats) == (song.bars, song.beats)
        assert version.file  # written as the song's own file with other notes
        version.write_midi(tmp_path / "version.mid")
        assert notes_of(Clip.read(tmp_path / "version.mid")) == after
        assert f"bars {bars[0] + 1} to {bars[1]}" in version.source


def test_only_the_named_tracks_are_written(writer, song):
    number, _ = Counter(
        i for i, onset, *_ in notes_of(song) if 8 <= onset < 12 and not song.score.tracks[i].is_drum
    ).most_common()[-1]
    (version,) = writer.inpaint(song, Region(bars=(2, 3), tracks=f"#{number + 1}"), steps=2)
    before, after = notes_of(song), notes_of(version)
    assert {i for i, *_ in (before - after) + (after - before)} == {number}


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (Region(), r"bars: \(0, \d+\) .* \d+ notes, .* 32"),
        (Region(bars=(7, 60)), r"bars: \(7, 60\)"),
        (Region(bars=(1, 2), tracks="drums"), "tracks: .*drums"),
        (Region(bars=(1, 2), tracks=101), "tracks: .*101"),
    ],
)
def test_what_does_not_fit_is_refused(writer, song, region, told):
    with pytest.raises(PromptError, match=told):
        writer.inpaint(song, region, steps=2)


def test_the_window_lies_around_the_region(song):
    reading = read(song, Region(bars=(4, 5)), CODE)
    inside = np.flatnonzero(reading.hole)
    assert reading.ids.shape == (130,)
    assert set(reading.bars[inside]) == {4}
    # at least one bar is read on each side, where they fit
    sizes = [len(bar) for bar in CODE.words(song)]
    if sum(sizes[3:6]) <= WORDS:
        assert {3, 5} <= set(reading.bars[1:-1])


def test_a_short_clip_is_read_whole():
    rows = [(t, 0.5, 60 + int(2 * t) % 12, 80) for t in np.arange(0, 12, 0.5).tolist()]
    clip = Clip.from_notes(rows, beats=12.0, drums=False)
    reading = read(clip, Region(bars=(2, 3)), CODE)
    np.testing.assert_array_equal(reading.ids, CODE.windows(clip, hop=3)[0])
    again = reading.put(reading.ids, CODE)
    assert again.notes[["time", "duration", "pitch"]].tolist() == (
        clip.notes[["time", "duration", "pitch"]].tolist()
    )


def test_early_and_doubled_notes_of_other_bars_stay(writer):
    rows = [(t, 0.4, 60 + int(2 * t) % 12, 80) for t in np.arange(0, 16, 1.0).tolist()]
    early = [(3.97, 1.0, 90, 70), (7.97, 1.0, 91, 70), (2.0, 4.0, 40, 71), (2.05, 0.1, 64, 72)]
    clip = Clip.from_notes([*rows, *early], beats=16.0, drums=False)
    (version,) = writer.inpaint(clip, Region(bars=(1, 2)), steps=2)
    after = notes_of(version)
    for note in notes_of(clip):
        if note[3] in (90, 91) or not 4 <= note[1] < 8:
            assert after[note] == 1


def test_notes_of_other_tracks_do_not_fill_the_window(writer):
    """A bar with 40 notes, of which the region's track has 6."""
    left = [(4 * bar + t, 0.5, 40 + bar, 80) for bar in range(3) for t in range(4)]
    left += [(4.5, 0.5, 47, 80), (5.5, 0.5, 48, 80)]
    right = [(4 + t, 0.25 + (t == 2), 60 + i, 70) for t in np.arange(0, 4, 0.5) for i in range(4)]
    right += [(4.25, 1.0, 90, 70), (4.75, 1.0, 92, 70)]
    clip = Clip.from_notes(left, beats=12.0, drums=False)
    score = clip.score.copy()
    score.tracks.append(Clip.from_notes(right, beats=12.0, drums=False).score.tracks[0])
    clip = clip.with_score(score)
    region = Region(bars=(1, 2), tracks="#1")
    reading = read(clip, region, CODE)
    assert reading.hole.sum() == 4 * 6
    inside = reading.bars == 1
    assert inside.sum() == WORDS
    assert CODE.validity(reading.ids) == (1.0, 1.0)
    kept = CODE.notes(reading.ids[inside & ~reading.hole])
    assert {90, 92} <= set(kept["pitch"])  # long notes are read before short ones
    for version in writer.inpaint(clip, region, n=2, steps=2):
        before, after = notes_of(clip), notes_of(version)
        assert {i for i, *_ in (before - after) + (after - before)} == {0}
        assert 0 < sum(4 <= onset < 8 for i, onset, *_ in after.elements() if i == 0) <= 6
    with pytest.raises(PromptError, match=r"bars: \(1, 2\) .* 40 notes, .* 32"):
        writer.inpaint(clip, Region(bars=(1, 2)), steps=2)


def test_a_silent_bar_gets_notes_and_stays_alone(writer):
    rows = [(t, 0.5, 60 + int(2 * t) % 12, 80) for t in np.arange(4, 16, 0.5).tolist()]
    clip = Clip.from_notes(rows, beats=16.0, drums=False)
    (version,) = writer.inpaint(clip, Region(bars=(0, 1)), steps=2)
    onsets = version.notes["time"]
    assert 1 <= (onsets < 4).sum() <= 8
    assert not notes_of(clip) - notes_of(version)
    with pytest.raises(PromptError, match="too few notes"):
        writer.inpaint(Clip.from_notes([], beats=16.0, drums=False), Region(bars=(0, 1)), steps=2)


def test_progress_shows_the_song(writer, song):
    shown = []
    writer.inpaint(song, Region(bars=(2, 3)), steps=2, progress=lambda now: shown.append(now.clips))
    assert [clip.bars for (clip,) in shown] == [song.bars] * 2
