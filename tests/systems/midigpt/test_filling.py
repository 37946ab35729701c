"""How much a filling repeats of its song: the share of the echoes, and where it is 0."""

import numpy as np
import pytest
import torch

from tests.systems.midigpt.test_system import song
from workbench.models.generation import stream
from workbench.models.gpt import GPTConfig
from workbench.music.clip import Clip
from workbench.representations.hints import ORDERS
from workbench.representations.holes import Hole
from workbench.representations.remi import ids_of, table_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt import MidiGPT, MidiGPTConfig, filling
from workbench.systems.midigpt.filling import enclosed
from workbench.systems.region import Region


@pytest.fixture(scope="module")
def system() -> MidiGPT:
    """An untrained network that reads echoes."""
    tables = [table_of(Clip(song(seed=seed))) for seed in range(8)]
    vocabulary = Vocabulary.train([ids_of(table) for table in tables], 640)
    torch.manual_seed(0)
    gpt = GPTConfig(vocabulary.size, context=512, width=16, depth=1, heads=2, echoes=len(ORDERS))
    return MidiGPT(MidiGPTConfig(gpt), vocabulary)


def test_a_hole_is_enclosed_by_its_own_tracks():
    table = table_of(Clip(song(bars=8)))
    first, second = np.unique(table.notes[:, 2])[:2].tolist()
    silent = table.notes[(table.notes[:, 2] != second) | (table.notes[:, 0] < 4)]
    half = type(table)(silent, table.bars)  # the second track ends with bar 4
    assert enclosed(half, Hole(2, 6))
    assert enclosed(half, Hole(2, 6, (first,)))
    assert not enclosed(half, Hole(2, 6, (second,)))
    assert not enclosed(table, Hole(0, 4))
    assert not enclosed(table, Hole(6, 8))


def test_echoes_have_a_share_between_bars_and_none_at_the_end(system, monkeypatch):
    shares = []

    def recorded(*args, sampling, **settings):
        shares.append(sampling.echo)
        return stream(*args, sampling=sampling, **settings)

    monkeypatch.setattr(filling, "stream", recorded)
    clip = Clip(song(bars=8))
    for bars, given in (
        ((3, 5), {}),
        ((3, 5), {"echo": 0.9}),
        ((8, 10), {}),
        ((8, 10), {"echo": 1}),
    ):
        system.inpaint(clip, Region(bars=bars), candidates=1, **given)
    system.generate(bars=1)
    assert shares == [0.5, 0.9, 0.0, 1.0, 0.0]
    assert system.settings("inpaint")["echo"] == 0.5
    assert system.settings("generate")["echo"] == 0.0


def test_what_was_filled_before_is_no_memory_of_echoes(system, monkeypatch):
    """A long hole is filled in strokes; all of them recall the bars outside of the whole hole."""
    memories, recall = [], filling.Hints.recall

    def recorded(self, prompt, n, memory, tail):
        memories.append((memory.tolist(), tail.tolist()))
        return recall(self, prompt, n, memory, tail)

    monkeypatch.setattr(filling.Hints, "recall", recorded)
    monkeypatch.setattr(filling, "LONGEST_STROKE", 2)
    system.inpaint(Clip(song(bars=8)), Region(bars=(2, 6)), candidates=1, echo=1)
    (first, _), *others = memories
    assert [memory for memory, _ in others] == [first] * len(others) != []
    assert all(tail != first for _, tail in others)
