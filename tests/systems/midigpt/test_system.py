"""MidiGPT end to end at a small size: holes are filled, and nothing else is touched."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
import symusic
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.errors import CheckpointError, PromptError, WorkbenchError
from workbench.models.gpt import GPTConfig
from workbench.music.clip import Clip
from workbench.music.smf import ExtraEvent
from workbench.representations.remi import ids_of
from workbench.representations.tokens import PAD, Vocabulary
from workbench.systems.midigpt import MidiGPT, MidiGPTConfig
from workbench.systems.midigpt.sequences import held_out, sequences_of
from workbench.systems.midigpt.splice import read
from workbench.systems.midigpt.training import songs_of, tables_of
from workbench.systems.region import Region


def song(bars: int = 12, seed: int = 0, tracks: int = 3, tpq: int = 480) -> symusic.Score:
    rng = np.random.default_rng(seed)
    score = symusic.Score(tpq)
    score.tempos.append(symusic.Tempo(0, 96))
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    for program in range(tracks):
        drum = program == 2
        score.tracks.append(symusic.Track(f"part {program}", 0 if drum else program, drum))
        for step in np.sort(rng.choice(bars * 16, bars * 4, replace=False)):
            pitch = 36 if drum else int(rng.integers(50, 80))
            note = symusic.Note(int(step) * tpq // 4, tpq // 4, pitch, 64)
            score.tracks[-1].notes.append(note)
    return score


@pytest.fixture(scope="module")
def system() -> MidiGPT:
    tables = tables_of([Clip(song(seed=seed)) for seed in range(20)])
    vocabulary = Vocabulary.train([ids_of(t) for t in tables], 640)
    torch.manual_seed(0)
    gpt = GPTConfig(vocab=vocabulary.size, context=256, width=32, depth=2, heads=2)
    return MidiGPT(MidiGPTConfig(gpt), vocabulary)


def rows(track, begin=-1, end=-1):
    """Notes of a track outside of [begin, end) ticks."""
    return [
        (n.time, n.duration, n.pitch, n.velocity) for n in track.notes if not begin <= n.time < end
    ]


def test_only_the_hole_changes(system):
    clip = Clip(song())
    begin, end = 4 * 1920, 7 * 1920
    for version in system.fill(clip, (4, 7), n=2, seed=1):
        assert version.bars == clip.bars
        for before, after in zip(clip.score.tracks, version.score.tracks, strict=True):
            assert rows(after, begin, end) == rows(before, begin, end)
        inside = [n for t in version.score.tracks for n in t.notes if begin <= n.time < end]
        assert {n.pitch for n in inside}
        assert version.score.tempos == clip.score.tempos
        assert version.score.time_signatures == clip.score.time_signatures
    a, b = system.fill(clip, (4, 7), n=2, seed=1)
    assert a.notes.tolist() != b.notes.tolist()
    again = system.fill(clip, (4, 7), n=2, seed=1)
    assert [c.midi_bytes() for c in again] == [a.midi_bytes(), b.midi_bytes()]


@pytest.mark.parametrize("tracks", [[1], ["drums"], [0, "drums"]])
def test_only_the_named_tracks_change(system, tracks):
    clip = Clip(song())
    version = system.fill(clip, (2, 9), tracks, n=1, seed=0)[0]
    for before, after in zip(clip.score.tracks, version.score.tracks, strict=True):
        name = "drums" if before.is_drum else before.program
        begin, end = (2 * 1920, 9 * 1920) if name in tracks else (-1, -1)
        assert rows(after, begin, end) == rows(before, begin, end)


def test_going_on_and_beginning_earlier(system):
    clip = Clip(song())
    longer = system.fill(clip, (12, 16), n=1, seed=0)[0]
    assert longer.bars == 16
    assert rows(longer.score.tracks[0], 12 * 1920, 10**9) == rows(clip.score.tracks[0])
    assert any(n.time >= 12 * 1920 for t in longer.score.tracks for n in t.notes)
    earlier = system.fill(clip, (-2, 0), n=1, seed=0)[0]
    moved = [(t + 2 * 1920, *rest) for t, *rest in rows(clip.score.tracks[0])]
    assert rows(earlier.score.tracks[0], 0, 2 * 1920) == moved
    assert earlier.bars == 14
    assert [t.time for t in earlier.score.tempos] == [0]
    assert earlier.tempo == pytest.approx(96, abs=0.01)


def test_words_and_system_messages_stay(system):
    reset = ExtraEvent(0, 0, b"\xf0\x05\x7e\x7f\x09\x01\xf7")
    extra = [
        reset,
        ExtraEvent(0, 0, b"\xff\x02\x03(c)"),
        ExtraEvent(0, 1, b"\xff\x05\x01\xe9"),  # a lyric in Latin-1
        ExtraEvent(3 * 1920, 1, b"\xff\x01\x04text"),
    ]
    clip = Clip(song(), extra_events=extra)
    assert system.fill(clip, (2, 4), n=1, seed=0)[0].extra_events == tuple(extra)
    earlier = system.fill(clip, (-1, 0), n=1, seed=0)[0]
    moved = (*extra[:2], *(event._replace(tick=event.tick + 1920) for event in extra[2:]))
    assert earlier.extra_events == moved
    again = Clip.read_midi(earlier.midi_bytes())
    assert {(e.tick, e.data) for e in moved} <= {(e.tick, e.data) for e in again.extra_events}


def test_no_music_around_and_the_whole_piece(system):
    clip = Clip(song())
    whole = system.fill(clip, (0, 12), n=2, seed=0)  # longer than one stroke
    assert all(v.bars == 12 and len(v.notes) for v in whole)
    made = system.generate(2, bars=3, tempo=80, meter=(3, 4), tracks=[0, "drums"], seed=5)
    for clip in made:
        assert (clip.bars, clip.meter, clip.tempo) == (3, (3, 4), 80)
        assert set(clip.notes["program"][~clip.notes["is_drum"]]) <= {0}
    with pytest.raises(PromptError, match="clip: has no notes"):
        system.fill(Clip.from_notes([], beats=16), (0, 2))


def test_tempo_and_metre_changes_inside_the_hole_stay(system):
    score = song(bars=10)
    score.tempos.append(symusic.Tempo(5 * 1920, 140))
    score.time_signatures.append(symusic.TimeSignature(5 * 1920, 3, 4))
    score.time_signatures.append(symusic.TimeSignature(5 * 1920 + 1440, 4, 4))
    clip = Clip(score)
    version = system.fill(clip, (4, 7), n=1, seed=3)[0]
    assert version.score.tempos == score.tempos
    assert version.score.time_signatures == score.time_signatures
    assert (version.bar_lines == clip.bar_lines).all()
    begin, end = 4 * 1920, 4 * 1920 + 1920 + 1440 + 1920
    for before, after in zip(score.tracks, version.score.tracks, strict=True):
        assert rows(after, begin, end) == rows(before, begin, end)


def test_many_tracks_and_a_long_file(system):
    """60 tracks: the music around the hole is cut to the context, and all tracks stay."""
    score = song(bars=6, tracks=60)
    for number, track in enumerate(score.tracks):
        track.program, track.is_drum = number, False
    clip = Clip(score)
    version = system.fill(clip, (2, 3), [7], n=1, seed=0)[0]
    assert len(version.score.tracks) == 60
    for number, (before, after) in enumerate(zip(score.tracks, version.score.tracks, strict=True)):
        begin, end = (2 * 1920, 3 * 1920) if number == 7 else (-1, -1)
        assert rows(after, begin, end) == rows(before, begin, end)
    hour = Clip(song(bars=1500))
    assert hour.duration > 3600
    version = system.fill(hour, (700, 702), n=1, seed=0)[0]
    assert rows(version.score.tracks[0], 700 * 1920, 702 * 1920) == rows(
        hour.score.tracks[0], 700 * 1920, 702 * 1920
    )


@pytest.mark.parametrize("setting", [{"temperature": 0.0}, {"top_k": 1}])
def test_versions_that_must_be_the_same_are_announced(system, setting):
    clip, region = Clip(song()), Region(bars=(4, 6))
    with pytest.warns(UserWarning, match="n=2: all versions are the same"):
        first, second = system.inpaint(clip, region, 2, seed=3, **setting)
    assert [rows(t) for t in first.score.tracks] == [rows(t) for t in second.score.tracks]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        [other] = system.inpaint(clip, region, 1, seed=4, **setting)
    assert [rows(t) for t in first.score.tracks] == [rows(t) for t in other.score.tracks]


@pytest.mark.parametrize(
    ("bars", "tracks", "said"),
    [
        ((5, 5), None, r"\(5, 5\) is empty"),
        ((40, 44), None, r"bars: \(40, 44\).* 12 bars"),
        ((0, 500), None, r"bars: \(0, 500\)"),
        ((2, 4), [], "tracks.* empty"),
        ((2, 4), [128], "MIDI program .*128"),
        ((2, 4), ["piano"], "'piano' .*MIDI program"),
    ],
)
def test_odd_holes_are_refused_kindly(system, bars, tracks, said):
    with pytest.raises(PromptError, match=said):
        system.fill(Clip(song()), bars, tracks)


@pytest.mark.parametrize(
    "odd", ["song.mid", b"MThd", None, 3, [Clip(song())], np.zeros((9, 9)), song(), {}]
)
def test_what_is_no_clip_is_refused_by_name(system, odd):
    for call in (system.inpaint, lambda *args: next(system.filling(odd, (2, 4)))):
        with pytest.raises(PromptError, match="clip=") as caught:
            call(odd, Region(bars=(2, 4)))
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"progress": 3}, "progress=3"),
        ({"temperature": "warm"}, "temperature='warm'"),
        ({"temperature": float("nan")}, "temperature=nan"),
        ({"top_k": 1.5}, "top_k=1.5"),
        ({"top_k": "3"}, "top_k='3'"),
        ({"window": None}, "window=None"),
    ],
)
def test_odd_settings_are_refused_by_name(system, given, said):
    with pytest.raises(PromptError, match=said):
        system.inpaint(Clip(song()), Region(bars=(2, 4)), **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bars": 10**9}, "bars=1000000000"),
        ({"bars": "four"}, "bars='four'"),
        ({"meter": "3/4"}, "meter='3/4'"),
        ({"meter": (4,)}, "meter=.4,."),
        ({"meter": 4}, "meter=4"),
        ({"tracks": ""}, "tracks=''"),
        ({"tracks": None}, "name the tracks"),
    ],
)
def test_odd_new_songs_are_refused_by_name(system, given, said):
    with pytest.raises(WorkbenchError, match=said):
        system.generate(**({"bars": 2} | given))


def test_one_track_needs_no_list(system):
    clip = Clip(song())
    for one in (0, np.int64(0), "part 0"):
        version = system.inpaint(clip, Region(bars=(2, 6), tracks=one), seed=1)[0]
        changed = [
            rows(a) != rows(b) for a, b in zip(clip.score.tracks, version.score.tracks, strict=True)
        ]
        assert changed == [True, False, False]


def test_odd_settings_and_metres_are_refused_kindly(system):
    clip = Clip(song())
    with pytest.raises(PromptError, match="temperature=-1"):
        system.fill(clip, (2, 4), temperature=-1)
    with pytest.raises(PromptError, match="colour"):
        system.fill(clip, (2, 4), colour=1)
    with pytest.raises(PromptError, match="n=0"):
        system.fill(clip, (2, 4), n=0)
    odd = song()
    odd.time_signatures.append(symusic.TimeSignature(4 * 1920, 7, 8))
    with pytest.warns(UserWarning, match="bars 5 to 6: .*7/8"):
        version = system.fill(Clip(odd), (4, 6), n=1)[0]
    begin, end = 4 * 1920, 4 * 1920 + 2 * 1680
    for before, after in zip(odd.tracks, version.score.tracks, strict=True):
        assert rows(after, begin, end) == rows(before, begin, end)
    with pytest.raises(PromptError, match=r"clip: .*waveform"):
        system.fill(Clip(audio=np.zeros(1000), sample_rate=8000), (0, 1))


def places(version, begin, end):
    """(time, pitch) of each track's notes from begin to end, in ticks."""
    return [
        [(n.time, n.pitch) for n in track.notes if begin <= n.time < end]
        for track in version.score.tracks
    ]


def test_no_note_twice_and_no_more_at_once_than_a_track_ever_plays(system):
    """The untrained network would pile up notes if it might."""
    for seed in range(3):
        clip = Clip(song(bars=10, seed=seed))
        for version in system.fill(clip, (3, 7), n=2, seed=seed):
            for track in places(version, 3 * 1920, 7 * 1920):
                assert len(track) == len(set(track))
                times = [time for time, _ in track]
                assert max(map(times.count, times), default=0) <= 1  # as everywhere in `song`
    for version in system.generate(2, bars=4, tracks=[0, 1], seed=1):
        for track in places(version, 0, 10**9):
            times = [time for time, _ in track]
            assert max(map(times.count, times), default=0) <= 10
            assert len(track) == len(set(track))


def one_program(names=("MELODY", "BRIDGE", "PIANO")) -> symusic.Score:
    score = song(tracks=2)
    score.tracks.append(score.tracks[0].copy())
    for track, name in zip(score.tracks, names, strict=True):
        track.name, track.program, track.is_drum = name, 0, False
    return score


@pytest.mark.parametrize(
    ("tracks", "changed"),
    [
        (["BRIDGE"], [1]),
        (["bridge", "#3"], [1, 2]),
        (["track 1"], [0]),
        ([0], [0, 1, 2]),
        ([np.int64(0)], [0, 1, 2]),
        ("piano", [2]),
    ],
)
def test_tracks_of_one_program_are_chosen_by_name_and_number(system, tracks, changed):
    score = one_program()
    version = system.fill(Clip(score), (2, 8), tracks, n=1, seed=0)[0]
    assert [t.name for t in version.score.tracks] == ["MELODY", "BRIDGE", "PIANO"]
    for i, (before, after) in enumerate(zip(score.tracks, version.score.tracks, strict=True)):
        begin, end = (2 * 1920, 8 * 1920) if i in changed else (-1, -1)
        assert rows(after, begin, end) == rows(before, begin, end)
        assert (rows(after) == rows(before)) == (i not in changed)


def test_notes_return_to_the_track_that_they_came_from(system):
    """Every track gets notes, also those of one program, and two tracks of drums."""
    version = system.fill(Clip(one_program()), (0, 8), n=1, seed=0)[0]
    assert len(version.score.tracks) == 3
    assert all(places(version, 0, 8 * 1920))
    drums = song(tracks=2)
    for track, pitch in zip(drums.tracks, (36, 38), strict=True):
        track.program, track.is_drum = 0, True
        for note in track.notes:
            note.pitch = pitch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.systems.midigpt.splice.learned", lambda v: ({"4/4"}, {-1}))
        version = system.fill(Clip(drums), (2, 6), n=1, seed=0)[0]
    kick, snare = (  # where both play a pitch often, it goes where it came from
        {pitch for _, pitch in track} for track in places(version, 2 * 1920, 6 * 1920)
    )
    assert 38 not in kick
    assert 36 not in snare


@pytest.mark.parametrize(
    ("signs", "bars"),
    [
        ([(0, 4, 4), (12 * 1920, 3, 4)], (10, 12)),  # a metre where the music ends
        ([(0, 4, 4), (20 * 1920, 2, 4)], (2, 4)),  # and long after
        ([(0, 1, 8), (240, 4, 4)], (3, 5)),  # a pickup
        ([(0, 3, 2)], (1, 3)),
        ([(0, 4, 4), (8 * 1920, 7, 8)], (2, 4)),
        ([(0, 4, 4), (6 * 1920, 7, 4)], (2, 4)),
        ([(0, 4, 4), (3 * 1920 + 700, 4, 4)], (5, 6)),  # off a bar line
        ([(0, 1, 4)], (9, 17)),
        ([(0, 2, 4)], (3, 8)),
        ([(0, 1, 16), (120, 6, 8)], (4, 6)),
    ],
)
@pytest.mark.filterwarnings("ignore:bars")
def test_any_metre_near_or_far_keeps_what_is_outside(system, signs, bars):
    score = song()
    score.time_signatures = [symusic.TimeSignature(*sign) for sign in signs]
    clip = Clip(score)
    begin, end = (round(clip.bar_lines[bar] * 480) for bar in bars)
    version = system.fill(clip, bars, n=1, seed=0)[0]
    assert (version.bar_lines == clip.bar_lines).all()
    for before, after in zip(score.tracks, version.score.tracks, strict=True):
        assert rows(after, begin, end) == rows(before, begin, end)
    assert any(places(version, begin, end))
    assert not any(places(version, end, 10**9)) or clip.beats * 480 > end


def test_a_hit_that_rounds_to_the_end_stays_in_the_last_bar(system):
    score = song(bars=4)
    score.tracks[2].notes.append(symusic.Note(4 * 1920 - 15, 10, 38, 90))
    clip = Clip(score)
    assert clip.bars == 4
    version = system.fill(clip, (2, 3), n=1, seed=0)[0]
    assert version.bars == 4
    assert rows(version.score.tracks[2], 2 * 1920, 3 * 1920) == rows(
        score.tracks[2], 2 * 1920, 3 * 1920
    )


POP = ({"4/4"}, {0, 25, 53})  # what a checkpoint of POP909 has learned


def band(bars: int = 12) -> symusic.Score:
    """Lead, second voice, strings, organ, bass and drums; the horn plays in the first bar only."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    parts = [(33, [36]), (48, [60, 64]), (80, [84]), (19, [52, 55]), (73, [72]), (0, [38])]
    for program, pitches in parts:
        score.tracks.append(symusic.Track(f"p{program}", program, program == 0))
        for beat in range(4 * bars):
            for pitch in pitches:
                score.tracks[-1].notes.append(symusic.Note(480 * beat, 400, pitch + beat % 3, 64))
    score.tracks.append(symusic.Track("horn", 60))
    score.tracks[-1].notes.append(symusic.Note(0, 400, 60, 64))
    return score


def test_a_band_is_read_as_the_parts_that_training_had(system, monkeypatch):
    """The highest tracks of single notes lead, the others accompany, the drums are not read."""
    monkeypatch.setattr("workbench.systems.midigpt.splice.learned", lambda v: POP)
    clip = Clip(band())
    with pytest.warns(UserWarning, match="drums"):
        reading = read(clip, 6, 8, None, system.vocabulary)
    assert reading.called == [0, 0, 53, 0, 25, None, 0]
    assert reading.chosen == [0, 1, 2, 3, 4]  # the horn is silent around the hole
    reading = read(clip, 6, 8, ["p33", "horn"], system.vocabulary)  # as named
    assert reading.chosen == [0, 6]
    assert {reading.called[i] for i in (0, 6)}.isdisjoint(reading.called[1:5])
    for name, program in zip(("p33", "p80"), (0, 25), strict=True):
        clip.score.tracks[[33, 48, 80].index(int(name[1:]))].name = ("PIANO", "bridge")[program > 0]
    with pytest.warns(UserWarning, match="drums"):
        called = read(clip, 6, 8, None, system.vocabulary).called
    assert (called[0], called[2], called[4]) == (0, 25, 53)  # names win


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_track_that_stays_is_called_as_one_that_is_written(system, data):
    programs = data.draw(st.lists(st.sampled_from([0, 0, 1, 25, 33, 48, 53, 80, -1]), min_size=1))
    score = symusic.Score(480)
    for i, program in enumerate(programs):
        score.tracks.append(symusic.Track(str(i), max(program, 0), program < 0))
        high = data.draw(st.integers(30, 90))
        for beat in range(16):
            score.tracks[-1].notes.append(symusic.Note(480 * beat, 300, high + beat % 2, 64))
    chosen = data.draw(st.sets(st.integers(1, len(programs)), min_size=1))
    known = data.draw(st.sets(st.sampled_from([-1, 0, 25, 53, 80])))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr("workbench.systems.midigpt.splice.learned", lambda v: ({"4/4"}, known))
        reading = read(Clip(score), 1, 2, [f"#{i}" for i in chosen], system.vocabulary)
    written = {reading.called[i] for i in reading.chosen if programs[i] >= 0}
    kept = {c for i, c in enumerate(reading.called) if i not in reading.chosen and programs[i] >= 0}
    assert written.isdisjoint(kept)
    assert None not in written | kept
    for i, program in enumerate(programs):
        if program < 0:
            assert reading.called[i] == (-1 if i in reading.chosen or -1 in known else None)


def test_a_band_plays_on_in_its_registers_and_keeps_what_is_silent(system, monkeypatch):
    monkeypatch.setattr("workbench.systems.midigpt.splice.learned", lambda v: POP)
    clip = Clip(band())
    drums, horn = (rows(clip.score.tracks[i]) for i in (5, 6))
    begin, end = 6 * 1920, 8 * 1920
    pitches = [[], [], []]
    for seed in range(4):
        with pytest.warns(UserWarning, match="drums stay"):
            version = system.fill(clip, (6, 8), n=1, seed=seed)[0]
        assert rows(version.score.tracks[5]) == drums
        assert rows(version.score.tracks[6]) == horn
        written = places(version, begin, end)
        for found, i in zip(pitches, (0, 3, 1), strict=True):
            found += [pitch for _, pitch in written[i]]
            times = [time for time, _ in written[i]]
            assert max(map(times.count, times), default=0) <= (1 if i == 0 else 2)
    assert all(pitches)
    bass, organ, strings = map(np.median, pitches)
    assert bass < organ < strings


def test_what_is_written_ends_where_its_pitch_is_struck_again(system):
    """So a file has as many tracks after as before: two notes of one pitch need two channels."""
    for seed in range(4):
        clip = Clip(song(bars=6, seed=seed))
        version = system.fill(clip, (1, 4), [0, 1], n=1, seed=seed)[0]
        for track in version.score.tracks[:2]:
            for pitch in {note.pitch for note in track.notes}:
                own = [note for note in track.notes if note.pitch == pitch]
                for note, after in pairwise(own):
                    if 1920 <= note.time < 4 * 1920:
                        assert note.time < note.time + note.duration <= after.time
        again = Clip.read_midi(version.midi_bytes())
        assert len(again.score.tracks) == len(clip.score.tracks)


def test_the_songs_last_notes_keep_their_ends(system, tmp_path):
    """Also where they ring past the last bar: a hole elsewhere changes nothing of them."""
    score = song(bars=6, seed=1)
    last = max(score.tracks[0].notes, key=lambda note: note.time)
    last.duration = 5 * 1920
    Clip(score).write_midi(tmp_path / "song.mid")
    clip = Clip.read_midi(tmp_path / "song.mid")
    version = system.fill(clip, (1, 3), n=1, seed=0)[0]
    again = Clip.read_midi(version.midi_bytes())
    for before, after in zip(clip.score.tracks, again.score.tracks, strict=True):
        assert rows(before, 1920, 3 * 1920) == rows(after, 1920, 3 * 1920)
    assert version.beats == clip.beats


def test_versions_say_who_made_what(system):
    clip = Clip(one_program(), source="a person's song", labels={"composer": "Ada"})
    for take, version in enumerate(system.fill(clip, (2, 4), ["BRIDGE"], n=2, seed=7), 1):
        labels = version.labels
        assert (labels["original"], labels["composer"]) == ("a person's song", "Ada")
        assert (labels["system"], labels["seed"], labels["take"]) == ("MidiGPT", 7, take)
        assert labels["request"]["bars"] == "3 to 4"
        assert labels["request"]["tracks"] == ["BRIDGE"]
        assert "a person's song" in version.source
        assert "MidiGPT" in version.source
    made = system.generate(1, bars=2, tracks=[0], seed=3)[0]
    assert (made.labels["action"], made.labels["seed"]) == ("generation", 3)
    assert "original" not in made.labels


def test_drums_that_training_lacked_are_said_in_words(system, monkeypatch):
    monkeypatch.setattr("workbench.systems.midigpt.splice.learned", lambda v: ({"4/4"}, {0, 1}))
    with pytest.warns(UserWarning, match="tracks: .* without drums"):
        assert system.fill(Clip(song()), (12, 14), ["drums"], n=1)[0].bars == 14


def test_progress_hears_each_bar_and_may_stop(system):
    heard = []
    system.fill(Clip(song()), (2, 6), n=2, seed=0, progress=lambda *a: heard.append(a[:2]))
    assert heard[-1] == (4, 4)
    assert [done for done, _ in heard] == sorted(done for done, _ in heard)

    def stop(done, bars, versions):
        raise StopIteration

    with pytest.raises(StopIteration):
        system.fill(Clip(song()), (2, 6), n=1, progress=stop)


def test_saved_and_loaded_it_writes_the_same(system, tmp_path):
    system.networks.half().float()  # half precision is what is stored
    system.save_pretrained(tmp_path / "kept")
    again = MidiGPT.from_pretrained(tmp_path / "kept")
    clip = Clip(song())
    ours = system.fill(clip, (3, 5), n=1, seed=2)[0].midi_bytes()
    assert again.fill(clip, (3, 5), n=1, seed=2)[0].midi_bytes() == ours


def test_a_vocabulary_that_does_not_fit_is_refused_by_name(system):
    with pytest.raises(CheckpointError, match=r"vocabulary: 640 tokens do not fit .* 999"):
        MidiGPT(MidiGPTConfig(GPTConfig(vocab=999)), system.vocabulary)


def test_sequences_fit_and_held_out_rows_hold_all(system):
    tables = tables_of([Clip(song(seed=seed)) for seed in range(4)])
    made = sequences_of(tables, system.vocabulary, 256, 40, seed=0)
    assert made.shape == (40, 256)
    assert int(made.max()) < system.vocabulary.size
    fine = held_out(tables, system.vocabulary, 256)
    notes = 0
    for row in fine.numpy():
        base = system.vocabulary.decode(row[(row != PAD) & (row > 5)].astype(int))
        notes += int((system.vocabulary.kinds[base] == "Program").sum())
    assert notes == sum(len(t.notes) for t in tables)


def test_nll_is_that_of_the_plain_loss(system):
    tables = tables_of([Clip(song(seed=50))])
    made = held_out(tables, system.vocabulary, 256)
    nll = system.nll(made)
    first = made[0].long()
    with torch.inference_mode():
        logp = system.networks(first[None]).log_softmax(-1)[0]
    expected = [-float(logp[i, first[i + 1]]) for i in range(20)]
    assert np.allclose(nll[0, :20], expected, atol=1e-4)
    assert (nll[made[:, 1:] == PAD] == 0).all()


def test_training_writes_a_system_that_loads(tmp_path):
    folder = tmp_path / "songs"
    for split in ("train", "validation"):
        (folder / split).mkdir(parents=True)
        for seed in range(6):
            song(seed=seed + 10 * (split == "train")).dump_midi(folder / split / f"{seed}.mid")
    lines = []
    made = MidiGPT.train(str(folder), "smoke", out=tmp_path / "out", watch=lines.append)
    steps = [(line["stage"], line["step"]) for line in lines]
    assert steps == [("short", 3), ("short", 6), ("gpt", 10), ("gpt", 20)]
    assert lines[-1]["val_loss"] < np.log(made.vocabulary.size)
    again = MidiGPT.from_pretrained(tmp_path / "out")
    assert again.vocabulary.pieces == made.vocabulary.pieces
    assert "workbench train songs" in (tmp_path / "out" / "README.md").read_text()


def test_a_filled_file_is_the_file_with_other_notes(system, tmp_path):
    """Format, tracks, channels and every event stay, at a coarse division, too; nothing new is
    on the bar line after the hole."""
    import mido

    from tests.music.test_patching import file_of, hits, outside, rich

    coarse = file_of(hits(0, 60, range(0, 120, 5), 4), hits(1, 40, range(0, 120, 20), 20), tpq=5)
    held = file_of(  # notes that end while the hole is written, some at one tick
        [row for pitch in range(50, 80) for row in hits(0, pitch, [480], 1600 + 40 * (pitch % 7))],
        hits(1, 40, range(0, 7680, 480)),
    )
    for data in (rich(), coarse, held):
        clip = Clip.read_midi(data)
        bar = 4 * clip.score.tpq
        for seed in range(2):
            version = system.inpaint(clip, Region(bars=(1, 2)), seed=seed)[0]
            result = version.midi_bytes()
            times = np.unique(version.notes["time"])
            assert ((times >= 4) & (times < 8)).any()
            factor = version.score.tpq // clip.score.tpq
            kept = [
                [
                    (t // factor, m, None if onset is None else onset // factor)
                    for t, m, onset in track
                    if "filling" not in m
                    and "end_of_track" not in m
                    and not (bar <= t // factor < 2 * bar and "program_change" in m)
                ]
                for track in outside(result, bar * factor, 2 * bar * factor)
            ]
            assert kept == [
                [
                    row
                    for row in track
                    if "end_of_track" not in row[1]
                    and not (bar <= row[0] < 2 * bar and "program_change" in row[1])
                ]
                for track in outside(data, bar, 2 * bar)
            ]
            (tmp_path / "song.mid").write_bytes(result)
            assert mido.MidiFile(tmp_path / "song.mid").type == 1


def test_a_part_of_single_notes_is_filled_with_single_notes(system):
    """And the bars have as many notes as before they were kept apart."""
    score = song(bars=8, seed=3, tracks=2)
    clip = Clip(score)
    for version in system.inpaint(clip, Region(bars=(3, 5)), 3, seed=1):
        for track in version.score.tracks:
            notes = sorted((n.time, n.time + n.duration) for n in track.notes)
            inside = [row for row in notes if 3 * 1920 <= row[0] < 5 * 1920]
            assert inside
            onsets = {onset for onset, _ in notes}
            for onset, stop in inside:
                assert not any(onset < other < stop for other in onsets)


def test_songs_that_are_in_two_data_sets_are_trained_on_once(tmp_path):
    for name, seeds in (("a", range(20)), ("b", range(15, 30))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            song(seed=seed, bars=4).dump_midi(tmp_path / name / f"{name} {seed}.mid")
    a, b = str(tmp_path / "a"), str(tmp_path / "b")

    splits = [songs_of(f"{a}+{b}", split) for split in ("train", "validation", "test")]
    found = [clip.notes.tobytes() for clips in splits for clip in clips]
    assert len(set(found)) == len(found) == 30


@pytest.mark.parametrize(("meter", "bars"), [((128, 1), 128), ((40, 4), 10), ((255, 4), 64)])
def test_bars_longer_than_what_is_written_for_one_are_refused(system, meter, bars):
    with pytest.raises(PromptError, match=f"bars 1 to 1: .* {bars} .*4/4"):
        system.generate(bars=1, meter=meter, tracks=[0])
