"""Holes: nothing is lost, nothing leaks, and what is drawn by the rules decodes."""

import numpy as np
import pytest
import torch

from workbench.errors import CheckpointError, PromptError
from workbench.music.clip import Clip
from workbench.music.midi import NOTE
from workbench.representations.grammar import HoleRule, SongRule, TokenGrammar
from workbench.representations.holes import (
    Hole,
    answer,
    bars_of,
    part,
    question,
    song_ids,
    transpose,
    window,
)
from workbench.representations.remi import RemiSong, ids_of, table_of
from workbench.representations.tokens import BOS, END, EOS, FILL, HOLE, Vocabulary


def vocabulary_apart() -> Vocabulary:
    """A vocabulary of such songs, in which pitches are tokens of their own."""
    songs = [ids_of(table_of(song_clip(seed=seed))) for seed in range(8)]
    return Vocabulary.train(songs, 640, apart=True)


def song_clip(bars: int = 8, seed: int = 0) -> Clip:
    """Melody, piano and drums on sixteenths."""
    rng = np.random.default_rng(seed)
    notes = []
    for track, drum in ((53, False), (0, False), (0, True)):
        for beat in np.sort(rng.choice(bars * 16, bars * 5, replace=False)) / 4:
            pitch = int(rng.choice([36, 38, 42])) if drum else int(rng.integers(48, 84))
            notes.append((beat, 0.25 * rng.integers(1, 6), pitch, 63, 0 if drum else track, drum))
    array = np.array(notes, dtype=NOTE)
    return Clip.from_notes(array[np.argsort(array["time"], kind="stable")], tempo=96)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    songs = [ids_of(table_of(song_clip(seed=seed))) for seed in range(30)]
    return Vocabulary.train(songs, 700)


@pytest.fixture(scope="module")
def song() -> RemiSong:
    return table_of(song_clip(seed=99))


def base(vocabulary, ids):
    return vocabulary.decode(ids)


def test_pieces_are_midi_toks_own(vocabulary, song):
    assert vocabulary.size == 700
    ids = vocabulary.encode_song(ids_of(song))
    theirs = vocabulary.midi.encode(song_clip(seed=99).score)
    assert list(theirs.ids) == ids.tolist()
    assert len(ids) < 0.8 * len(ids_of(song))
    assert (vocabulary.decode(ids) == ids_of(song)).all()


def test_a_vocabulary_survives_its_file(vocabulary, song, tmp_path):
    vocabulary.save(tmp_path / "tokenizer.json")
    again = Vocabulary.load(tmp_path / "tokenizer.json")
    assert again.pieces == vocabulary.pieces
    (tmp_path / "broken.json").write_text('{"a": 1')
    with pytest.raises(CheckpointError, match=r"broken\.json: no tokeniser"):
        Vocabulary.load(tmp_path / "broken.json")
    with pytest.raises(CheckpointError, match="token 700 is not in this vocabulary of 700"):
        vocabulary.decode([3, 700])
    with pytest.raises(PromptError, match="REMI alone has"):
        Vocabulary.train([], 100)


def test_no_piece_crosses_a_bar_line(vocabulary):
    bar = vocabulary.id("Bar_None")
    assert all(bar not in piece[1:] for piece in vocabulary.pieces)


@pytest.mark.parametrize("programs", [None, ["Program_53"], ["Program_-1", "Program_0"]])
def test_question_and_answer_hold_every_note_once(vocabulary, song, programs):
    chosen = programs and tuple(vocabulary.id(name) for name in programs)
    hole = Hole(3, 6, chosen)
    asked, filled = question(song, hole, vocabulary), answer(song, hole, vocabulary)
    assert asked[0] == BOS
    assert filled[-1] == END
    assert (asked == HOLE).sum() == 3
    assert asked[-1] == FILL
    tracks = [i for i in asked if vocabulary.pieces[i] == (i,) and vocabulary.kinds[i] == "Program"]
    cut = int(np.flatnonzero(asked == tracks[0])[0])  # before it the hole and what is after
    front = asked[1:cut][asked[1:cut] != HOLE]
    back = asked[cut + len(tracks) : -1]
    shown = RemiSong.from_ids(base(vocabulary, np.concatenate([back, front])))
    found = RemiSong.from_ids(base(vocabulary, filled[:-1]))
    inside = hole.covers(song)
    assert (shown.notes == song.notes[~inside]).all()
    assert len(shown.bars) == len(song.bars)
    moved = found.notes.copy()
    moved[:, 0] += 3
    assert (moved == song.notes[inside]).all()
    assert len(found.bars) == 3
    assert {int(vocabulary.names[i].split("_")[1]) for i in tracks} == (
        {int(name[8:]) for name in programs} if programs else {-1, 0, 53}
    )


def test_plain_is_the_song_between_its_ends(vocabulary, song):
    ids = song_ids(song, vocabulary, ends=True)
    assert ids[0] == BOS
    assert ids[-1] == EOS
    assert (base(vocabulary, ids[1:-1]) == ids_of(song)).all()
    assert (RemiSong.from_ids(ids_of(part(song, 2, 5))).bars == song.bars[2:5]).all()


@pytest.mark.parametrize("room", [0, 7, 40, 95, 1000])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_window_holds_the_hole_and_keeps_to_its_room(room, share):
    sizes = [10, 20, 5, 0, 0, 30, 10, 10]
    first, last = window(sizes, Hole(3, 5), room, share)
    assert first <= 3
    assert last >= 5
    assert sum(sizes[first:last]) <= room
    wider = sum(sizes[max(0, first - 1) : min(8, last + 1)])
    assert wider > room or (first, last) == (0, 8)


def test_transposing_moves_all_but_drums(vocabulary, song):
    up = transpose(song, 5, vocabulary)
    drums = song.notes[:, 5] < 0
    assert (up.notes[drums] == song.notes[drums]).all()
    assert (up.notes[~drums, 3] - song.notes[~drums, 3] == 5).all()
    high = transpose(transpose(song, 60, vocabulary), -60, vocabulary)
    names = [vocabulary.names[i] for i in high.notes[~drums, 3]]
    assert all(name.startswith("Pitch_") for name in names)  # out of range: an octave back


@pytest.mark.parametrize("seed", range(6))
def test_what_the_hole_rule_lets_through_decodes(vocabulary, seed):
    """Random draws under the rule: exact bars, asked tracks only, no note lost in decoding."""
    grammar = TokenGrammar(vocabulary)
    metres = [vocabulary.id("TimeSig_4/4"), vocabulary.id("TimeSig_3/4")]
    own = [vocabulary.id("Program_53"), vocabulary.id("Program_-1")]
    rule = HoleRule(grammar, 3, metres, own)
    random = torch.Generator().manual_seed(seed)
    drawn, rows = None, []
    for _ in range(1500):
        fine = rule(drawn)
        assert fine.any(1).all()
        weight = fine.float()
        weight[:, END] *= 20
        weight[:, grammar.bar] *= 4
        drawn = torch.multinomial(weight, 1, generator=random).squeeze(1)
        rows.append(drawn)
        if (drawn == END).all():
            break
    for row in torch.stack(rows, 1):
        ids = row.tolist()
        assert END in ids
        ids = vocabulary.decode(ids[: ids.index(END)])
        found = RemiSong.from_ids(ids)
        assert found.bars.tolist() == metres
        assert set(found.notes[:, 2]) <= set(own)
        assert (found.notes[found.notes[:, 0] == 1, 1] < 36).all()  # three beats of twelve
        assert len(found.notes) == sum(vocabulary.kinds[i] == "Program" for i in ids)
        place = found.notes[:, 0] * 1000 + found.notes[:, 1]
        assert (np.diff(place) >= 0).all()


def test_the_song_rule_ends_after_its_bars(vocabulary, song):
    grammar = TokenGrammar(vocabulary)
    rule = SongRule(grammar, 1, 2, song_ids(song, vocabulary, ends=False)[-1:].tolist())
    random = torch.Generator().manual_seed(0)
    drawn, ids = None, []
    for _ in range(2000):
        weight = rule(drawn).float()
        weight[:, grammar.bar] *= 10
        drawn = torch.multinomial(weight, 1, generator=random).squeeze(1)
        ids.append(int(drawn))
        if ids[-1] == EOS:
            break
    assert ids[-1] == EOS
    assert sum(bool(grammar.bar[i]) for i in ids) == 3
    assert grammar.bar[ids[-2]]  # it began a third bar, which is not written
    rule, drawn = SongRule(grammar, 1, 2, []), None
    for i in [*song_ids(part(song, 0, 2), vocabulary, ends=True)[1:]]:  # a song may end there, too
        assert rule(drawn)[0, int(i)]
        drawn = torch.tensor([i])


def test_the_real_songs_obey_the_rules(vocabulary):
    """The grammar forbids nothing that is music."""
    grammar = TokenGrammar(vocabulary)
    for seed in range(3):
        table = table_of(song_clip(seed=seed))
        hole = Hole(1, 4)
        ids = answer(table, hole, vocabulary)
        rule = HoleRule(grammar, 1, table.bars[1:4].tolist(), hole.tracks(table).tolist())
        drawn = None
        for i in ids:
            assert bool(rule(drawn)[0, i]), vocabulary.names[vocabulary.pieces[i][0]]
            drawn = torch.tensor([i])


def test_bars_are_encoded_alone(vocabulary, song):
    whole = np.concatenate(bars_of(song, vocabulary))
    halves = [bars_of(part(song, 0, 3), vocabulary), bars_of(part(song, 3, 8), vocabulary)]
    assert np.concatenate([*halves[0], *halves[1]]).tolist() == whole.tolist()
