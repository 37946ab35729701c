"""Sequences transposed as they are used: the same as encoding a transposed song."""

import numpy as np
import pytest
import torch

from tests.representations.test_holes import song_clip
from workbench.representations.controls import Controls
from workbench.representations.hints import Hints
from workbench.representations.holes import Hole, bars_of, question, transpose
from workbench.representations.remi import ids_of, table_of
from workbench.representations.tokens import BOS, Vocabulary
from workbench.systems.midigpt.rows import PITCHES, Means, Rows, Transposition
from workbench.systems.midigpt.sequences import sequences_of
from workbench.systems.midigpt.training import halves


@pytest.fixture(scope="module")
def songs():
    return [table_of(song_clip(seed=seed)) for seed in range(20)]


@pytest.fixture(scope="module")
def vocabulary(songs) -> Vocabulary:
    return Vocabulary.train([ids_of(song) for song in songs], 640, apart=True)


def test_no_piece_holds_a_pitch_and_the_vocabulary_loads(songs, vocabulary):
    kinds = [[vocabulary.kinds[base] for base in piece] for piece in vocabulary.pieces]
    assert vocabulary.size == 640
    assert max(map(len, kinds)) > 1
    assert all("Pitch" not in piece or len(piece) == 1 for piece in kinds)
    again = Vocabulary.from_dict(vocabulary.to_dict())
    assert again.pieces == vocabulary.pieces
    for song in songs[:3]:
        assert (again.decode(again.encode_song(ids_of(song))) == ids_of(song)).all()


@pytest.mark.parametrize("by", [-5, 0, 6, 12])
def test_transposed_tokens_are_those_of_the_transposed_song(songs, vocabulary, by):
    move = Transposition.of(vocabulary)
    for song in songs[:5]:
        plain = np.concatenate([[BOS], *bars_of(song, vocabulary)])
        moved = np.concatenate([[BOS], *bars_of(transpose(song, by, vocabulary), vocabulary)])
        found = move(torch.from_numpy(plain)[None], torch.tensor([by]))[0]
        assert found.tolist() == moved.tolist()


@pytest.mark.parametrize("by", [-5, 0, 3])
def test_controls_move_with_the_music(songs, vocabulary, by):
    move, hole, asked = Transposition.of(vocabulary), Hole(1, 3), 0
    for song in songs[:5]:
        programs = hole.tracks(song).tolist()
        higher = transpose(song, by, vocabulary)
        rows = []
        for controls, own in ((Means(vocabulary), song), (Controls(vocabulary), higher)):
            lines = controls.ids(controls.of(own, hole), programs)
            rows.append(torch.from_numpy(question(own, hole, vocabulary, lines))[None])
        stored, true = rows
        asked += int((stored >= vocabulary.size + Controls.size).sum())
        assert move(stored, torch.tensor([by])).tolist() == true.tolist()
    assert asked > 4


def test_compact_rows_are_the_same_rows(songs, vocabulary):
    hints = Hints(vocabulary, Controls.size + PITCHES)
    controls = Means(vocabulary)
    table = sequences_of(songs, vocabulary, 256, 40, 0, shift=False, hints=hints, controls=controls)
    rows = Rows.of(table)
    assert torch.equal(rows.table(), table)
    assert (rows.echo == 0).sum() > (table[..., 1] == 0).sum()  # fewer numbers to store
    moved = Transposition.of(vocabulary)(table.long(), torch.full((40,), 4))
    assert torch.equal(moved[..., 2:], table[..., 2:].long())
    assert moved[..., 0].max() < vocabulary.size + Controls.size
    assert not torch.equal(moved[..., 1], table[..., 1].long())


def test_halves_of_sequences_leave_out_what_is_nearly_empty():
    rows = torch.zeros(3, 64, 4, dtype=torch.int16)
    rows[0, :, 0] = 7
    rows[1, :33, 0] = 8
    rows[2, :20, 0] = 9
    found = halves(rows)
    assert found.shape == (4, 32, 4)
    assert found[:, 0, 0].tolist() == [7, 8, 9, 7]
    assert halves(rows[..., 0]).shape == (4, 32)
