"""What the rule lets through has no note twice, no wall of notes and nothing beyond its bar."""

from functools import cache

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workbench.music.clip import Clip
from workbench.music.midi import NOTE
from workbench.representations.grammar import PROGRAMS, TOGETHER, HoleRule, TokenGrammar
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import END, Vocabulary

TRACKS = {"Program_-1": [36, 38], "Program_0": [60, 64, 67], "Program_53": [72]}


@cache
def facts() -> tuple[Vocabulary, TokenGrammar]:
    """Chords that recur, so that byte-pair encoding makes pieces of several notes of them."""
    rows = [(beat / 2, 0.5, pitch, 80, 0, False) for beat in range(64) for pitch in (60, 64, 67)]
    rows += [(float(beat), 0.5, 72, 80, 53, False) for beat in range(32)]
    rows += [(float(beat), 0.1, 36, 80, 0, True) for beat in range(32)]
    song = ids_of(table_of(Clip.from_notes(np.array(sorted(rows), dtype=NOTE), tempo=100)))
    vocabulary = Vocabulary.train([song] * 20, 700)
    return vocabulary, TokenGrammar(vocabulary)


def test_pieces_hold_several_notes():
    vocabulary, _ = facts()
    held = [sum(vocabulary.kinds[b] == "Program" for b in piece) for piece in vocabulary.pieces]
    assert max(held) >= 3


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**20),
    places=st.lists(st.integers(1, 48), min_size=1, max_size=3),
    most=st.integers(1, TOGETHER),
    together=st.integers(1, 14),
)
def test_walls_doubles_and_places_beyond_the_bar_cannot_be_drawn(seed, places, most, together):
    """A model that wants to stay where it is: Position and Bar are made rare, and so is END."""
    vocabulary, grammar = facts()
    metre = vocabulary.id("TimeSig_4/4")
    own = [vocabulary.id(name) for name in TRACKS]
    rule = HoleRule(
        grammar,
        2,
        [metre] * len(places),
        own,
        lengths=places,
        most=torch.full((PROGRAMS,), most),
        together=together,
    )
    random = torch.Generator().manual_seed(seed)
    stuck = torch.ones(vocabulary.size)
    stuck[grammar.onsets.moves] = 0.02
    stuck[END] = 1.0
    wanted = {f"Pitch_{p}" for p in range(58, 70)} | {f"PitchDrum_{p}" for p in (36, 38)}
    for i, piece in enumerate(vocabulary.pieces):
        names = {vocabulary.names[b] for b in piece}
        if any(name.startswith("Pitch") for name in names) and not names & wanted:
            stuck[i] = 0.001  # few pitches, so that doubles would come
    drawn, rows = None, []
    for _ in range(300):
        weight = rule(drawn).float() * stuck
        drawn = torch.multinomial(weight, 1, generator=random).squeeze(1)
        rows.append(drawn)
        if (drawn == END).all():
            break
    for row in torch.stack(rows, 1).tolist():
        row = row[: row.index(END)] if END in row else row
        notes = RemiSong.from_ids(vocabulary.decode(row)).notes
        if not len(notes):
            continue
        assert (notes[:, 1] < np.array(places)[notes[:, 0]]).all()
        assert len(np.unique(notes[:, :4], axis=0)) == len(notes)  # place, program and pitch
        for columns, limit in (([0, 1, 2], most), ([0, 1], together)):
            counts = np.unique(notes[:, columns], axis=0, return_counts=True)[1]
            assert counts.max() <= limit


def test_what_is_struck_may_be_struck_again_by_others_and_at_the_next_place():
    vocabulary, grammar = facts()
    ids = {
        name: vocabulary.id(name)
        for name in (
            "Bar_None",
            "TimeSig_4/4",
            "Position_0",
            "Position_6",
            "Program_0",
            "Program_53",
            "Pitch_60",
            "Velocity_79",
        )
    }
    duration = next(vocabulary.id(n) for n in vocabulary.names if n.startswith("Duration"))

    def after(*names: str) -> torch.Tensor:
        rule = HoleRule(grammar, 1, [ids["TimeSig_4/4"]], [ids["Program_0"], ids["Program_53"]])
        allowed = rule(None)
        for name in names:
            token = duration if name == "Duration" else ids[name]
            assert allowed[0, token], name
            allowed = rule(torch.tensor([token]))
        return allowed[0]

    first = (
        "Bar_None",
        "TimeSig_4/4",
        "Position_0",
        "Program_0",
        "Pitch_60",
        "Velocity_79",
        "Duration",
    )
    assert not after(*first, "Program_0")[ids["Pitch_60"]]
    assert after(*first, "Program_53")[ids["Pitch_60"]]
    assert after(*first, "Position_6", "Program_0")[ids["Pitch_60"]]
    assert not after(*first)[ids["Position_0"]]


def test_a_vocabulary_of_single_tokens_has_the_same_rules():
    vocabulary = Vocabulary()
    ids = [vocabulary.id(name) for name in ("TimeSig_4/4", "Program_0", "Bar_None", "Position_6")]
    rule = HoleRule(TokenGrammar(vocabulary), 1, ids[:1], ids[1:2])
    assert rule(None).nonzero()[:, 1].tolist() == [ids[2]]
    assert rule(torch.tensor(ids[2:3])).nonzero()[:, 1].tolist() == [ids[0]]
    assert rule(torch.tensor(ids[:1]))[0, ids[3]]
    allowed = rule(torch.tensor(ids[3:]))[0]
    assert allowed.nonzero().flatten().tolist() == [ids[1]]


def test_ten_notes_are_all_that_a_track_strikes_by_default():
    vocabulary, grammar = facts()
    own = vocabulary.id("Program_0")
    rule = HoleRule(grammar, 1, [vocabulary.id("TimeSig_4/4")], [own])
    duration = next(vocabulary.id(n) for n in vocabulary.names if n.startswith("Duration"))
    velocity = next(vocabulary.id(n) for n in vocabulary.names if n.startswith("Velocity"))
    allowed = rule(None)
    for name in ("Bar_None", "TimeSig_4/4", "Position_0"):
        allowed = rule(torch.tensor([vocabulary.id(name)]))
    for number in range(TOGETHER):
        assert allowed[0, own], number
        for token in (own, vocabulary.id(f"Pitch_{40 + number}"), velocity, duration):
            assert allowed[0, token]
            allowed = rule(torch.tensor([token]))
    assert not allowed[0, own]


def test_programs_play_only_their_pitches():
    """Also in pieces of several notes; where no pitch is left, all are allowed."""
    vocabulary, grammar = facts()
    metre, piano = vocabulary.id("TimeSig_4/4"), vocabulary.id("Program_0")
    pitches = torch.ones(PROGRAMS, 128, dtype=torch.bool)
    pitches[1] = False
    pitches[1, 62:66] = True  # of the chord of 60, 64 and 67 only the 64
    rule = HoleRule(grammar, 1, [metre], [piano], pitches=pitches)
    random, ids, row = torch.Generator().manual_seed(3), None, []
    for _ in range(200):
        ids = torch.multinomial(rule(ids).float(), 1, generator=random).squeeze(1)
        row.append(int(ids))
        if row[-1] == END:
            break
    names = [vocabulary.names[b] for b in vocabulary.decode(np.array(row[:-1]))]
    sampled = {int(name.split("_")[1]) for name in names if name.startswith("Pitch_")}
    assert sampled
    assert sampled <= {62, 63, 64, 65}
    nothing = HoleRule(grammar, 1, [metre], [piano], pitches=torch.zeros_like(pitches))
    ids = None
    for _ in range(20):
        ids = torch.multinomial(nothing(ids).float(), 1, generator=random).squeeze(1)
    assert (nothing.struck > 0).any() or nothing.bars > 0
