"""Controls that users ask for, candidates, and the tools of songs, with a small network."""

from dataclasses import replace

import numpy as np
import pytest
import symusic
import torch

from tests.systems.midigpt.test_system import rows, song
from workbench.errors import CheckpointError, PromptError
from workbench.models.gpt import GPT, GPTConfig
from workbench.music.clip import Clip
from workbench.representations.controls import FREE, Classes, Control, Controls
from workbench.representations.hints import ORDERS
from workbench.representations.holes import Hole, bars_of
from workbench.representations.remi import ids_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import MidiGPT, MidiGPTConfig
from workbench.systems.midigpt.ranking import FLUENCY, misfit, missed
from workbench.systems.midigpt.sequences import held_out, only_in, random_hole, sequences_of, split
from workbench.systems.midigpt.training import Start, balanced, known_in, load_into, loss, tables_of
from workbench.systems.region import Region


@pytest.fixture(scope="module")
def tables():
    return tables_of([Clip(song(seed=seed)) for seed in range(8)])


@pytest.fixture(scope="module")
def system(tables) -> MidiGPT:
    vocabulary = Vocabulary.train([ids_of(t) for t in tables], 640)
    torch.manual_seed(0)
    size = vocabulary.size + Controls.size
    gpt = GPTConfig(size, 512, width=32, depth=1, heads=2, echoes=len(ORDERS), clock=True)
    return MidiGPT(MidiGPTConfig(gpt), vocabulary)


def test_controls_are_asked_of_the_network_and_told_apart(system):
    clip, region = Clip(song()), Region(bars=(4, 6))
    wish = Control(density=9, tracks=[0], bars=(5, 6))
    made = system.inpaint(clip, region, controls=wish, seed=1)[0]
    assert made.labels["request"]["controls"] == ["density=9 tracks=0 bars=6-6"]
    texts = system.inpaint(clip, region, controls=["density=9 tracks=0 bars=6"], seed=1)[0]
    assert made.midi_bytes() == texts.midi_bytes()
    assert made.midi_bytes() != system.inpaint(clip, region, seed=1)[0].midi_bytes()
    assert system.realised(made, region, wish)["density"][1] == 1
    with pytest.raises(PromptError, match="bars 8 to 9"):
        system.inpaint(clip, region, controls=Control(density=2, bars=(7, 9)))
    with pytest.raises(PromptError, match="drums have no register"):
        system.inpaint(clip, Region(bars=(4, 6), tracks=["drums"]), controls=Control(register=60))
    with pytest.raises(PromptError, match="not written"):
        system.inpaint(
            clip, Region(bars=(4, 6), tracks=[0]), controls=Control(density=2, tracks=[1])
        )


def test_what_bars_are_like_is_realised_by_themselves(system):
    clip, region = Clip(song()), Region(bars=(3, 6))
    asked = system.described(clip, (3, 6))
    found = system.realised(clip, region, asked)
    assert {"density", "polyphony", "register", "length"} <= set(found)
    assert all(right == all_of for right, all_of in found.values())
    moved = system.realised(Clip(song(seed=5)), region, asked)
    assert sum(right for right, _ in moved.values()) < sum(n for _, n in moved.values())


@pytest.mark.parametrize("bars", [(-2, 2), ("last", 3)])
def test_bars_beyond_a_song_have_nothing_to_describe(system, bars):
    clip = Clip(song())
    first, last = (clip.bars - 1, clip.bars + 3) if bars[0] == "last" else bars
    inside = (max(first, 0), min(last, clip.bars))
    assert system.described(clip, (first, last)) == system.described(clip, inside)
    assert len(system.vary_bars(clip, (first, last), seed=0)) == 1


def test_a_checkpoint_without_controls_says_so(tables):
    vocabulary = Vocabulary.train([ids_of(t) for t in tables], 640)
    gpt = GPTConfig(vocabulary.size, context=256, width=32, depth=1, heads=2)
    plain = MidiGPT(MidiGPTConfig(gpt), vocabulary)
    with pytest.raises(PromptError, match="controls"):
        plain.inpaint(Clip(song()), Region(bars=(2, 4)), controls="density=3")
    assert len(plain.vary_bars(Clip(song()), (2, 4), seed=1)) == 1


def test_candidates_keep_the_one_that_fits_best(system):
    clip, region, first, last = Clip(song()), Region(bars=(4, 6)), 4, 6
    best = system.inpaint(clip, region, n=2, candidates=3, seed=2)
    six = system.inpaint(clip, region, n=6, candidates=1, seed=2)
    assert len(best) == 2
    costs = []
    for made in six:
        table = tables_of([made])[0]
        bars = bars_of(table, system.vocabulary)[: last + 2]
        new = sum(map(len, bars[first:]))
        ids = torch.from_numpy(np.concatenate([[1], *bars]))[None]
        hole = Hole(first, last, tuple(np.unique(table.notes[:, 2]).tolist()))
        surprise = float(system.nll(ids)[0, -new:].mean())
        costs.append(misfit(table, hole, hole.last, system.vocabulary) + FLUENCY * surprise)
    for group, made in enumerate(best):
        chosen = six[3 * group + int(np.argmin(costs[3 * group : 3 * group + 3]))]
        assert made.midi_bytes() == chosen.midi_bytes() or made.notes.tolist() == (
            chosen.notes.tolist()
        )


def test_a_new_song_has_no_candidates(system):
    assert "candidates" not in system.generate(bars=1, seed=0)[0].labels["request"]


def test_controls_are_kept_by_the_rule(system):
    """The network is untrained, so that only the rule can keep them."""
    clip, region = Clip(song()), Region(bars=(4, 7), tracks=[0])
    for wish in ("density=8", "register=50", "density=3 register=70"):
        made = system.inpaint(clip, region, n=3, controls=wish, seed=4)
        found = [system.realised(take, region, wish) for take in made]
        for kind in found[0]:
            assert sum(take[kind][0] for take in found) >= 8, kind  # of 9


def test_the_same_bars_fit_and_foreign_ones_do_not(tables, system):
    table = tables[0]
    hole = Hole(4, 6, tuple(np.unique(table.notes[:, 2]).tolist()))
    copy = table.notes[(table.notes[:, 0] >= 2) & (table.notes[:, 0] < 4)].copy()
    copy[:, 0] += 2
    same = replace(table, notes=np.concatenate([table.notes[~hole.covers(table)], copy]))
    empty = replace(table, notes=table.notes[~hole.covers(table)])
    costs = [misfit(made, hole, hole.last, system.vocabulary) for made in (same, empty)]
    assert 0 <= costs[0] < costs[1]


def test_notes_beyond_a_piano_are_warned_of(system):
    clip = Clip.from_notes(
        [(beat, 1.0, 10, 80) for beat in range(32)], tempo=100, beats=32, program=33, drums=False
    )
    with pytest.warns(UserWarning, match="32 of 32 notes"):
        system.inpaint(clip, Region(bars=(3, 5)), candidates=1, seed=0)


def test_no_bar_stays_empty_because_the_answer_is_long(system):
    """The answer takes more tokens than there are, so that it is written in several strokes."""
    clip = Clip(song())
    made = system.inpaint(clip, Region(bars=(2, 10)), controls="density=12", candidates=1, seed=1)[
        0
    ]
    lines = made.bar_lines
    for bar in range(2, 10):
        inside = (made.notes["time"] >= lines[bar]) & (made.notes["time"] < lines[bar + 1])
        assert inside.sum() >= 8, bar


def two_pianos(long: float = 0.5) -> Clip:
    """Two tracks of one program, each on a channel of its own: a melody and chords of two."""
    score = symusic.Score(480)
    score.time_signatures.append(symusic.TimeSignature(0, 4, 4))
    for i, pitches in enumerate(([72], [48, 52])):
        score.tracks.append(symusic.Track(f"hand {i}", 0))
        for step in range(0, 12 * 4, 1 + i):
            for pitch in pitches:
                note = symusic.Note(480 * step, int(480 * long), pitch + step % 3, 80)
                score.tracks[-1].notes.append(note)
    return Clip(score)


def begun(clip: Clip, track: int, bar: int) -> np.ndarray:
    """The notes of a track of the file that begin in a bar: rows of time and duration in beats."""
    notes, lines = clip.score.tracks[track].notes.numpy(), clip.bar_lines * clip.score.tpq
    inside = (notes["time"] >= lines[bar]) & (notes["time"] < lines[bar + 1])
    return np.stack([notes["time"], notes["duration"]], 1)[inside] / clip.score.tpq


def test_tracks_of_one_program_are_controlled_apart(system):
    clip, region = two_pianos(), Region(bars=(4, 6))
    wishes = ["density=8 tracks=#1", "density=2 tracks=#2"]
    made = system.inpaint(clip, region, controls=wishes, candidates=1, seed=3)[0]
    places = [[len(np.unique(begun(made, i, bar)[:, 0])) for bar in (4, 5)] for i in (0, 1)]
    assert all(7 <= count < 10 for count in places[0])
    assert places[1] == [2, 2]
    assert system.realised(made, region, wishes)["density"] == (4, 4)


def test_a_silent_bar_can_be_asked_for(system):
    clip, region = two_pianos(), Region(bars=(4, 7))
    wishes = ["density=0 tracks=#1 bars=6", "density=3 tracks=#1 bars=7"]
    made = system.inpaint(clip, region, controls=wishes, candidates=1, seed=3)[0]
    assert not len(begun(made, 0, 5))
    assert system.realised(made, region, wishes)["density"] == (2, 2)


def test_long_notes_and_chords_are_not_cut_where_the_song_has_none(system):
    """The melody has one short note at a time; the wish has priority over what it usually does."""
    clip, region = two_pianos(), Region(bars=(4, 7), tracks=["#1"])
    wish = "length=4 density=4 polyphony=3"
    made = system.inpaint(clip, region, controls=wish, candidates=1, seed=5)[0]
    notes = np.concatenate([begun(made, 0, bar) for bar in (4, 5, 6)])
    assert np.median(notes[:, 1]) >= 3
    assert len(notes) / len(np.unique(notes[:, 0])) >= 2
    found = system.realised(made, region, wish)
    assert sum(right for right, _ in found.values()) >= 8  # of 9


def test_tracks_without_a_wish_play_on(system):
    """The network is untrained: what the other track plays is due to the rule, by which no silent
    bar follows another one."""
    clip, region = two_pianos(), Region(bars=(4, 7))
    for controls in (None, "density=6 tracks=#1"):
        for made in system.inpaint(clip, region, 4, controls=controls, candidates=1, seed=1):
            played = [len(begun(made, 1, bar)) > 0 for bar in (4, 5, 6)]
            assert played[1] or (played[0] and played[2])


def test_variations_leave_what_is_silent(system):
    clip = two_pianos()
    quiet = clip.score.copy()
    quiet.tracks[1].notes = [n for n in quiet.tracks[1].notes if not 16 <= n.time / 480 < 28]
    made = system.vary_bars(Clip(quiet), (4, 7), candidates=1, seed=2)[0]
    assert not any(len(begun(made, 1, bar)) for bar in (4, 5, 6))
    assert all(len(begun(made, 0, bar)) for bar in (4, 5, 6))


def test_controls_of_an_introduction_are_named_in_text(system):
    clip, region = two_pianos(), Region(bars=(-2, 0))
    made = system.inpaint(clip, region, controls="density=3 bars=-1", candidates=1, seed=1)[0]
    assert made.labels["request"]["controls"] == ["density=3 bars=-1--1"]
    assert len(np.unique(begun(made, 0, 0)[:, 0])) in (3, 4)


def test_a_silent_track_costs(tables, system):
    table = tables[0]
    programs = np.unique(table.notes[:, 2])
    hole = Hole(4, 6, tuple(programs.tolist()))
    gone = hole.covers(table) & (table.notes[:, 2] == programs[0])
    quiet = replace(table, notes=table.notes[~gone])
    costs = [misfit(made, hole, hole.last, system.vocabulary) for made in (table, quiet)]
    assert costs[1] > costs[0] + 0.05


@pytest.mark.parametrize("odd", [{"bars": 3}, {"bars": "34"}, {"bars": (4, 2)}, {"tracks": 33}])
def test_odd_bars_and_tracks_of_a_control_are_named(odd):
    with pytest.raises(PromptError, match=next(iter(odd))):
        Control(density=3, **odd)


def test_what_is_missed_is_counted(tables, system):
    table = tables[0]
    hole = Hole(4, 6, tuple(np.unique(table.notes[:, 2]).tolist()))
    asked = system.controls.of(table, hole)
    assert missed(table, hole, asked, system.controls) == 0
    count = int((asked.tracks != FREE).sum() + (asked.chords != FREE).sum())
    other = Classes(asked.tracks.copy(), asked.chords)
    other.tracks[0, 0, 0] = (other.tracks[0, 0, 0] + 1) % 7
    assert missed(table, hole, other, system.controls) == pytest.approx(1 / count)


def test_a_training_starts_from_another_vocabulary(tables, system):
    vocabulary = Vocabulary.train([ids_of(t) for t in tables[:4]], 620)
    size = vocabulary.size + Controls.size
    start = Start("old", system.vocabulary, system.networks.state_dict(), {})
    weights = start.fitted(vocabulary, size)
    network = GPT(replace(system.config.gpt, vocab=size))
    own = network.wte.weight.detach().clone()
    load_into(network, weights)
    old = system.networks.wte.weight
    places = {tuple(piece): i for i, piece in enumerate(system.vocabulary.pieces)}
    for i, piece in enumerate(vocabulary.pieces):
        at = places.get(tuple(piece))
        assert torch.equal(network.wte.weight[i], own[i] if at is None else old[at])
    assert torch.equal(network.wte.weight[-Controls.size :], old[-Controls.size :])
    assert torch.equal(network.h[0].c_fc.weight, system.networks.h[0].c_fc.weight)
    narrow = GPT(replace(system.config.gpt, vocab=size, width=16))
    with pytest.raises(CheckpointError, match="start"):
        load_into(narrow, weights)


def test_tools_change_what_they_say_and_nothing_else(system):
    clip = Clip(song())
    joined = system.accompany(clip, tracks=(40,), seed=0)[0]
    assert [t.program for t in joined.score.tracks] == [0, 1, 0, 40]
    for before, after in zip(clip.score.tracks, joined.score.tracks, strict=False):
        assert rows(before) == rows(after)
    assert system.bass(clip, seed=0)[0].score.tracks[3].program == 33
    assert system.extend(clip, 3, seed=0)[0].bars == 15
    varied = system.vary_bars(clip, (4, 6), seed=0)[0]
    begin, end = 4 * 1920, 6 * 1920
    for before, after in zip(clip.score.tracks, varied.score.tracks, strict=True):
        assert rows(before, begin, end) == rows(after, begin, end)
    assert varied.labels["request"]["controls"]
    with pytest.raises(PromptError, match="program"):
        system.bass(clip, program=3)
    with pytest.raises(PromptError, match="bars"):
        system.extend(clip, 0)


def test_rows_with_hints_hold_the_rows_without_them(system, tables):
    vocabulary, hints = system.vocabulary, system.hints
    plain = sequences_of(tables, vocabulary, 256, 30, seed=3)
    table = sequences_of(tables, vocabulary, 256, 30, seed=3, hints=hints)
    assert table.shape == (30, 256, 4)
    assert torch.equal(table[..., 0], plain)
    held = held_out(tables[:2], vocabulary, 256, hints)
    assert torch.equal(held[..., 0], held_out(tables[:2], vocabulary, 256))
    assert torch.equal(system.hinted(held), held)
    ids, more = split(held)
    assert ids.shape == held.shape[:2]
    assert more["hints"].shape == (*held.shape[:2], 3)
    assert float(loss(system.networks, held)["nll"]) > 0
    asked = sequences_of(
        tables, vocabulary, 256, 30, seed=3, holes=1.0, controls=Controls(vocabulary)
    )
    assert (asked >= vocabulary.size).any()
    assert (asked[:, 0] == 1).all()


def test_collections_count_by_the_roots_of_their_notes_the_first_twice(tables):
    weights = balanced([tables[:1], tables[1:3], tables[3:7]])
    notes = [len(table.notes) for table in tables]
    roots = np.sqrt([notes[0], sum(notes[1:3]), sum(notes[3:7])])
    assert [weights[:1].sum(), weights[1:3].sum(), weights[3:].sum()] == pytest.approx(
        roots * [2, 1, 1]
    )
    assert weights[1] / weights[2] == pytest.approx(notes[1] / notes[2])
    assert balanced([tables[:2], []]) == pytest.approx(balanced([tables[:2]]))


def test_holes_are_shorter_where_bars_are_dense(tables):
    song, rng = tables[0], np.random.default_rng(0)
    assert len(song.bars) >= 4
    holes = [random_hole(song, [100] * len(song.bars), 250, rng) for _ in range(60)]
    lengths = {hole.last - hole.first for hole in holes if hole}
    assert lengths == {1, 2}
    long = [random_hole(song, [300] * len(song.bars), 250, rng) for _ in range(20)]
    assert {hole.last - hole.first for hole in long if hole} == {1}


def test_a_part_to_add_plays_in_the_hole_only(tables):
    song = next(table for table in tables if len(np.unique(table.notes[:, 2])) > 1)
    program = int(song.notes[0, 2])
    bar = int(song.notes[song.notes[:, 2] == program][0, 0])
    hole = Hole(bar, bar + 1, (program,))
    alone = only_in(song, hole)
    own = alone.notes[:, 2] == program
    assert set(alone.notes[own, 0].tolist()) == {bar}
    assert own.sum() == hole.covers(song).sum()
    assert (~own).sum() == (song.notes[:, 2] != program).sum()


def test_programs_and_metres_that_songs_have_are_known(system, tables):
    known = known_in(tables, system.vocabulary)
    assert known.programs == ("-1", "0", "1")
    assert known.metres == ("4/4",)
