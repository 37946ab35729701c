"""The vectorised encoder: MidiTok's ids to the last one, on made-up and real files."""

import warnings

import numpy as np
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from miditok import REMI, TokenizerConfig

from workbench.representations import remi
from workbench.representations.remi import RemiSong, encode, ids_of, table_of
from workbench.representations.tokens import Vocabulary, song_config

MIDI = REMI(song_config())
METRES = [(4, 4), (3, 4), (2, 4), (1, 4), (6, 8), (12, 8), (3, 8)]


def theirs(score) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metres it does not know
        return np.array(MIDI.encode(score, encode_ids=False).ids, dtype=int)


@st.composite
def scores(draw):
    """Odd resolutions, metre changes off the bar line, many tracks, doubled and empty notes."""
    tpq = draw(st.sampled_from([24, 96, 100, 384, 480, 961]))
    score = symusic.Score(tpq)
    time = 0
    for _ in range(draw(st.integers(0, 4))):
        top, bottom = draw(st.sampled_from(METRES))
        score.time_signatures.append(symusic.TimeSignature(time, top, bottom))
        time += draw(st.integers(0, 9 * tpq))
    for _ in range(draw(st.integers(1, 5))):
        program, drums = draw(st.sampled_from([0, 0, 25, 53, 127])), draw(st.booleans())
        track = symusic.Track("", program, drums)
        for _ in range(draw(st.integers(0, 12))):
            track.notes.append(
                symusic.Note(
                    draw(st.integers(0, 20 * tpq)),
                    draw(st.integers(0, 30 * tpq)),
                    draw(st.integers(0, 127)),
                    draw(st.integers(1, 127)),
                )
            )
        track.notes.sort()  # as after reading a file
        score.tracks.append(track)
    return score


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_ids_are_miditoks(score):
    before = score.dumps_midi()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = encode(score).tolist()
        assert score.dumps_midi() == before  # nothing is changed in passing
        assert ours == theirs(score).tolist()


@settings(max_examples=60, deadline=None)
@given(scores(), st.integers(0, 40))
def test_tables_and_ids_are_the_same_thing(score, cut):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ids, mixed = encode(score), remi._fast_table(score) is None
    table = RemiSong.from_ids(ids)
    if mixed:  # two of MidiTok's ticks may have one position, which it then says twice
        assert RemiSong.from_ids(ids_of(table)).notes.tolist() == table.notes.tolist()
    else:
        assert ids_of(table).tolist() == ids.tolist()
    whole = RemiSong.from_ids(ids[: len(ids) - cut])  # cut anywhere: only whole notes stay
    assert whole.notes.tolist() == table.notes[: len(whole.notes)].tolist()


def test_sixty_tracks_and_no_notes_at_all():
    score = symusic.Score(480)
    for program in range(60):
        score.tracks.append(symusic.Track("", program % 7, program % 5 == 0))
        score.tracks[-1].notes.append(symusic.Note(program * 100, 50, 40 + program, 90))
    assert encode(score).tolist() == theirs(score).tolist()
    for empty in (symusic.Score(480), symusic.Score(96)):
        assert encode(empty).tolist() == theirs(empty).tolist()
    assert len(RemiSong.from_ids(np.empty(0, dtype=int)).notes) == 0


def test_another_configuration_goes_miditoks_way():
    score = symusic.Score(480)
    score.tracks.append(symusic.Track("", 0, False))
    score.tracks[0].notes.append(symusic.Note(0, 480, 60, 90))
    other = TokenizerConfig(num_velocities=4, use_programs=True)
    assert encode(score, other).tolist() == list(REMI(other).encode(score).ids)
    assert encode(score, song_config()).tolist() == encode(score).tolist()


@pytest.mark.parametrize(
    ("name", "fast"),
    [("pop909", 1.0), ("game-midi", 0.9), ("openscore-lieder", 0.6), ("nottingham", 0.9)],
)
def test_real_files(songs_cache, name, fast):
    """Equal on every file; mixed units of metre, which go MidiTok's way, are the exception."""
    files = sorted((songs_cache(name) / name).rglob("*.mid"))
    files = files[:: max(1, len(files) // 12)]
    quick = 0
    for file in files:
        score = symusic.Score(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            quick += remi._fast_table(score) is not None
            if not remi.unspoken(score):
                assert encode(score).tolist() == theirs(score).tolist(), file
    assert quick >= fast * len(files)


@pytest.mark.parametrize(
    ("signs", "line"),
    [
        ([(0, 1, 8), (240, 3, 4)], 240),
        ([(0, 1, 16), (120, 4, 4)], 120),
        ([(0, 4, 4), (1920, 7, 8)], 1920 + 1680),
        ([(0, 3, 2)], 2880),
        ([(0, 7, 4)], 3360),
        ([(0, 5, 8), (1200, 5, 16)], 1800),
    ],
)
def test_bar_lines_hold_in_metres_that_have_no_token(signs, line):
    """The note on a bar line is the first of its bar, and that of the bar before is in no other."""
    score = symusic.Score(480)
    for sign in signs:
        score.time_signatures.append(symusic.TimeSignature(*sign))
    score.tracks.append(symusic.Track("", 0, False))
    for time in (0, line - 60, line, line + 480):
        score.tracks[0].notes.append(symusic.Note(time, 60, 60, 64))
    table = table_of(score)
    places = table.notes[:, :2].tolist()
    assert len(places) == 4
    assert places[2][1] == 0
    assert places[2][0] == places[1][0] + 1
    assert ids_of(table).tolist() == encode(score).tolist()
    assert RemiSong.from_ids(encode(score)).notes.tolist() == table.notes.tolist()


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_a_grid_of_whole_bars_gives_the_same_table(score):
    """Where tokens name every metre, both ways of laying notes in bars agree."""
    score.time_signatures = score.time_signatures[:1]
    for sign in score.time_signatures:
        sign.time = 0
    if score.tpq % 24 == 0 and not remi.unspoken(score):  # no ticks between two positions
        for track in score.tracks:
            for note in track.notes:
                note.time = note.time // (score.tpq // 24) * (score.tpq // 24)
                note.duration = max(1, note.duration // (score.tpq // 24)) * (score.tpq // 24)
        for track in score.tracks:
            track.notes = [n for n in track.notes if n.time * 24 // score.tpq % 2 == 0]
        if not score.note_num():
            return
        fast, grid = table_of(score), remi._grid_table(score)
        assert grid.bars[: len(fast.bars)].tolist() == fast.bars.tolist()
        assert sorted(map(tuple, grid.notes[:, :4].tolist())) == sorted(
            map(tuple, fast.notes[:, :4].tolist())
        )


def test_miditok_decodes_them():
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 6, 8))
    score.tracks.append(symusic.Track("", 3, False))
    for step in range(12):
        score.tracks[0].notes.append(symusic.Note(step * 240, 240, 60 + step, 63))
    decoded = MIDI.decode(encode(score).tolist())
    found = [(n.time * 480 // decoded.tpq, n.pitch) for n in decoded.tracks[0].notes]
    assert found == [(step * 240, 60 + step) for step in range(12)]
    assert len(table_of(score).bars) == 2
    names = Vocabulary().names
    assert {names[i] for i in table_of(score).bars} == {"TimeSig_6/8"}
