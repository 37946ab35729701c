"""MMM's tokens: what comes back, what is lost, and what broken sequences mean."""

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.datasets import load
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.representations.mmm import MMM, VELOCITY

CODE = MMM()


def ids(words: str) -> list[int]:
    return [CODE.ids[word] for word in words.split()]


def words(sequence) -> str:
    return " ".join(CODE.names[i] for i in sequence)


def song(tracks, bars=4, meters=((0, 4, 4),)) -> Clip:
    """tracks: (program, is drum, rows of step, steps, pitch)."""
    score = symusic.Score(480)
    for step, top, bottom in meters:
        score.time_signatures.append(symusic.TimeSignature(step * 40, top, bottom, "tick"))
    for program, drum, rows in tracks:
        track = symusic.Track(program=program, is_drum=drum)
        for step, steps, pitch in rows:
            track.notes.append(symusic.Note(step * 40, steps * 40, pitch, 70, "tick"))
        score.tracks.append(track)
    return Clip(score, beats=4.0 * bars)


def rows(clip: Clip):
    """What `song` takes, of a clip: tracks in order, steps exact."""
    found = []
    for track in clip.score.tracks:
        notes = sorted(
            (n.start * 12 / clip.score.tpq, n.duration * 12 / clip.score.tpq, n.pitch)
            for n in track.notes
        )
        found.append((track.program, track.is_drum, notes))
    return found


def playable(notes):
    """Without notes of a pitch that already sounds, so that nothing has to be lost."""
    free, kept = {}, []
    for step, steps, pitch in sorted(notes):
        if step >= free.get(pitch, 0):
            kept.append((step, min(steps, 192 - step), pitch))
            free[pitch] = step + steps
    return kept


tracks = st.lists(
    st.tuples(
        st.integers(0, 127),
        st.just(False),
        st.lists(
            st.tuples(st.integers(0, 191), st.integers(1, 192), st.integers(0, 127)),
            min_size=1,
            max_size=20,
        ).map(playable),
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=80, deadline=None)
@given(tracks)
def test_on_the_grid_only_velocity_is_lost(made):
    clip = song(made)
    back = CODE.decode(CODE.encode(clip), tempo=100)
    assert rows(back) == rows(clip)
    assert (back.beats, back.tempo) == (16, 100)
    assert set(back.notes["velocity"]) == {VELOCITY}


@settings(max_examples=40, deadline=None)
@given(tracks, st.sets(st.tuples(st.just(0), st.integers(0, 3))))
def test_filled_bars_come_back_in_their_places(made, holes):
    clip = song(made)
    sequence = CODE.encode(clip, fill=holes)
    said = words(sequence).split()
    assert said.count("FILL_PLACEHOLDER") == said.count("FILL_START") == len(holes)
    assert said.count("BAR_START") == 4 * len(made) - len(holes)
    assert rows(CODE.decode(sequence)) == rows(clip)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, CODE.size - 1), max_size=80))
def test_any_sequence_is_a_clip_and_its_own_tokens_say_it_again(sequence):
    clip = CODE.decode(sequence)
    again = CODE.decode(CODE.encode(clip))
    assert rows(again) == rows(clip)
    assert again.bar_lines.tolist() == clip.bar_lines.tolist() or not len(clip.notes)


def test_the_words_of_a_small_piece():
    made = [(0, False, [(0, 12, 60), (12, 48, 64)]), (0, True, [(24, 6, 36)])]
    assert words(CODE.encode(song(made, bars=2))) == (
        "PIECE_START "
        "TRACK_START INST=0 DENSITY=2 "
        "BAR_START NOTE_ON=60 TIME_DELTA=12 NOTE_OFF=60 NOTE_ON=64 BAR_END "
        "BAR_START TIME_DELTA=12 NOTE_OFF=64 BAR_END TRACK_END "
        "TRACK_START INST=DRUMS DENSITY=1 "
        "BAR_START TIME_DELTA=24 NOTE_ON=36 TIME_DELTA=6 NOTE_OFF=36 BAR_END "
        "BAR_START BAR_END TRACK_END"
    )
    filled = words(CODE.encode(song(made, bars=2), fill=[(0, 1)]))
    assert filled.endswith("FILL_START TIME_DELTA=12 NOTE_OFF=64 FILL_END")
    assert "BAR_END FILL_PLACEHOLDER TRACK_END" in filled


def test_names_are_those_of_the_paper():
    assert CODE.size == len(set(CODE.names)) == 451
    assert CODE.size == 3 + 2 + 3 + 129 + 10 + 128 + 128 + 48


def test_bars_of_other_metres():
    made = [(5, False, [(0, 36, 60), (36, 6, 61), (72, 3, 62)]), (6, False, [(50, 9, 40)])]
    clip = song(made, bars=3, meters=[(0, 3, 4), (72, 4, 4)])
    back = CODE.decode(CODE.encode(clip))
    assert rows(back) == rows(clip)
    assert back.bar_lines.tolist() == clip.bar_lines.tolist() == [0, 3, 6, 10, 14]
    assert back.meter == (3, 4)


def test_a_pitch_that_begins_again_ends_what_sounds_and_the_end_ends_all():
    clip = song([(0, False, [(0, 40, 60), (12, 4, 60), (12, 9, 60), (40, 100, 62)])], bars=1)
    back = CODE.decode(CODE.encode(clip))
    assert rows(back)[0][2] == [(0, 12, 60), (12, 9, 60), (40, 8, 62)]


def test_tracks_of_one_program_stay_apart_and_empty_ones_go():
    clip = song([(0, False, [(0, 1, 60)]), (9, False, []), (0, False, [(0, 1, 60)])])
    assert [track[0] for track in rows(CODE.decode(CODE.encode(clip)))] == [0, 0]
    with pytest.raises(PromptError, match=r"fill: \(2, 0\); tracks are 0 to 1, bars 0 to 3"):
        CODE.encode(clip, fill=[(2, 0)])


BAR = "TRACK_START INST=7 DENSITY=0 BAR_START "


@pytest.mark.parametrize(
    ("broken", "notes"),
    [
        ("", []),
        ("BAR_START NOTE_ON=60 TIME_DELTA=3 NOTE_OFF=60 BAR_END", []),  # no track
        (BAR + "NOTE_OFF=60 TIME_DELTA=3 NOTE_ON=60 TIME_DELTA=3 NOTE_OFF=60", [(3, 3, 60)]),
        (BAR + "NOTE_ON=60 TIME_DELTA=3 NOTE_OFF=61 BAR_END", [(0, 48, 60)]),
        (BAR + "NOTE_ON=60 NOTE_OFF=60 BAR_END", []),
        (BAR + "NOTE_ON=60 BAR_START TIME_DELTA=1 NOTE_ON=60", [(0, 49, 60), (49, 47, 60)]),
        (BAR + "NOTE_ON=60 BAR_END TIME_DELTA=9 NOTE_OFF=60", [(0, 48, 60)]),
        (BAR + "NOTE_ON=60 TIME_DELTA=48 TIME_DELTA=12 NOTE_OFF=60", [(0, 60, 60)]),
        (BAR + "NOTE_ON=60 TIME_DELTA=12", [(0, 12, 60)]),  # a wait ends the bar early
        (BAR + "BAR_END FILL_PLACEHOLDER TRACK_END", []),
        (BAR + "FILL_START NOTE_ON=60 FILL_END FILL_START NOTE_ON=61", []),
        (
            BAR + "BAR_END FILL_PLACEHOLDER FILL_START NOTE_ON=60 FILL_START NOTE_ON=61",
            [(48, 48, 60)],
        ),
    ],
)
def test_broken_sequences(broken, notes):
    clip = CODE.decode(ids(broken))
    assert rows(clip) == ([(7, False, notes)] if notes else [])


def test_ids_there_are_not():
    with pytest.raises(PromptError, match=r"id 451 .* 451 of MMM"):
        CODE.decode([0, 451])


@pytest.mark.parametrize("name", ["pop909", "game-midi"])
def test_real_songs_lose_less_than_a_step(song_set, name):
    song_set(name)
    for clip in load(name, "test", limit=3):
        back = CODE.decode(CODE.encode(clip), tempo=clip.tempo)
        kept = [track for track in clip.score.tracks if len(track.notes)]
        insts = [
            ["drums" if t.is_drum else t.program for t in tracks]
            for tracks in (kept, back.score.tracks)
        ]
        assert insts[0] == insts[1]
        assert np.allclose(back.bar_lines, clip.bar_lines, atol=1 / 24)
        for old, new in zip(kept, back.score.tracks, strict=True):
            wanted = {(round(n.start * 12 / clip.score.tpq), n.pitch) for n in old.notes}
            end = round(clip.bar_lines[-1] * 12)
            assert {(n.start // 40, n.pitch) for n in new.notes} == {
                pair for pair in wanted if pair[0] < end
            }
        again = CODE.encode(back)
        assert words(again) == words(CODE.encode(clip))
