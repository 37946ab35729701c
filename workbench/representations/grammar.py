"""What may follow what in REMI, also when tokens are pieces of several: so that every sequence
that is drawn decodes, and a hole gets exactly its bars.

A rule is asked, token by token, which ids may come next: `rule(drawn) → (n, size) bool`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from workbench.representations.tokens import END, EOS, SPECIAL, Vocabulary

# The type of a base token → the types that may come after it.
FOLLOWS = {
    "Bar": {"TimeSig"},
    "TimeSig": {"Position", "Bar"},
    "Position": {"Program"},
    "Program": {"Pitch", "PitchDrum"},
    "Pitch": {"Velocity"},
    "PitchDrum": {"Velocity"},
    "Velocity": {"Duration", "Position", "Program", "Bar"},  # a drum has no duration
    "Duration": {"Position", "Program", "Bar"},
}
KINDS = tuple(FOLLOWS)
ENDS_NOTE = ("TimeSig", "Velocity", "Duration")  # after these a bar may be over


class TokenGrammar:
    """Facts about each id of a vocabulary, as arrays (size,): made once, used by every rule."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        v = vocabulary
        kind = {name: i for i, name in enumerate(KINDS)}
        self.size = v.size
        self.bar = torch.zeros(v.size, dtype=torch.bool)  # begins a bar
        self.time_signature = torch.full((v.size,), -1)  # base id of the metre it names
        self.first = torch.full((v.size,), -1)  # type of its first base token
        self.last = torch.full((v.size,), -1)
        self.first_position = torch.full((v.size,), -1)  # where a Position stands in it
        self.last_position = torch.full((v.size,), -1)
        self.drum_open = torch.zeros(v.size, dtype=torch.bool)  # ends on a drum's Velocity
        self.programs = torch.zeros(v.size, v.base, dtype=torch.bool)  # tracks it plays
        self.first_pitched = torch.zeros(v.size, dtype=torch.bool)  # begins with a Duration
        for i, piece in enumerate(v.pieces):
            names = [v.names[b] for b in piece]
            kinds = [name.split("_")[0] for name in names]
            if not piece or kinds[0] not in kind:
                continue
            self.first[i], self.last[i] = kind[kinds[0]], kind[kinds[-1]]
            self.bar[i] = kinds[0] == "Bar"
            places = [int(n.split("_")[1]) for n in names if n.startswith("Position")]
            if places:
                self.first_position[i], self.last_position[i] = places[0], places[-1]
            for b, k in zip(piece, kinds, strict=True):
                if k == "TimeSig":
                    self.time_signature[i] = b
                if k == "Program":
                    self.programs[i, b] = True
        # positions in a bar of each metre, by the base id of its TimeSig
        self.length = torch.zeros(v.base, dtype=torch.long)
        for b, name in enumerate(v.names):
            if name.startswith("TimeSig"):
                self.length[b] = 12 * int(name.split("_")[1].split("/")[0])
        follows = torch.zeros(len(KINDS) + 1, v.size, dtype=torch.bool)  # last row: at the start
        for name, after in FOLLOWS.items():
            allowed = torch.tensor([kind[a] for a in after])
            follows[kind[name]] = torch.isin(self.first, allowed)
        follows[-1] = self.bar
        self.follows = follows
        self.drum_note, self.wants_drum = _drums(v)


def _drums(v: Vocabulary) -> tuple[Tensor, Tensor]:
    """For each id: whether the note it ends in is a drum's (1), another's (0), not told by it
    (-1); and whether it can only follow a drum's part of a note (1), another's (0), any (-1)."""
    ends, begins = torch.full((v.size,), -1), torch.full((v.size,), -1)
    drums = "Program_-1"
    for i, piece in enumerate(v.pieces):
        names = [v.names[b] for b in piece]
        kinds = [name.split("_")[0] for name in names]
        for name, kind in zip(names, kinds, strict=True):
            if kind == "Program":
                ends[i] = int(name == drums)
            if kind in ("Pitch", "PitchDrum"):
                ends[i] = int(kind == "PitchDrum")
        if kinds and kinds[0] in ("Pitch", "PitchDrum"):
            begins[i] = int(kinds[0] == "PitchDrum")
        if kinds and kinds[0] == "Duration":
            begins[i] = 0
        if kinds[:2] and kinds[0] == "Velocity" and len(kinds) > 1:
            begins[i] = int(kinds[1] != "Duration")
    return ends, begins


class _Rule:
    """The grammar of one stream a row, kept in step with what is drawn."""

    def __init__(self, grammar: TokenGrammar, n: int) -> None:
        self.grammar, self.n = grammar, n
        self.last = torch.full((n,), len(KINDS))  # the row of `follows`
        self.position = torch.full((n,), -1)  # within the bar
        self.drum = torch.full((n,), -1)  # whether the note being written is a drum's
        self.bars = torch.zeros(n, dtype=torch.long)  # bars begun

    def _take(self, drawn: Tensor) -> None:
        g = self.grammar
        music = g.first[drawn] >= 0
        begun = g.bar[drawn]
        self.bars += begun.long()
        self.position[begun] = -1
        place = g.last_position[drawn]
        self.position = torch.where(place >= 0, place, self.position)
        told = g.drum_note[drawn]
        self.drum = torch.where(told >= 0, told, self.drum)
        self.last = torch.where(music, g.last[drawn], self.last)

    def _music(self) -> Tensor:
        """Ids that go on rightly: (n, size) bool."""
        g = self.grammar
        fine = g.follows[self.last].clone()
        place = g.first_position
        forward = (place[None] > self.position[:, None]) | (place[None] < 0) | g.bar[None]
        fine &= forward
        want = g.wants_drum
        agrees = (want[None] < 0) | (self.drum[:, None] < 0) | (want[None] == self.drum[:, None])
        mid_note = (self.last == KINDS.index("Program")) | (self.last == KINDS.index("Pitch"))
        mid_note |= (self.last == KINDS.index("PitchDrum")) | (self.last == KINDS.index("Velocity"))
        fine &= agrees | ~mid_note[:, None]
        # a tuned note's velocity must be followed by its duration, a drum's must not
        velocity = self.last == KINDS.index("Velocity")
        duration = g.first == KINDS.index("Duration")
        fine &= ~velocity[:, None] | (duration[None] == (self.drum == 0)[:, None])
        return fine

    @property
    def between_notes(self) -> Tensor:
        """Rows at which a note, or a bar without one, is complete: (n,) bool."""
        at = [KINDS.index(name) for name in ENDS_NOTE]
        whole = torch.isin(self.last, torch.tensor(at))
        return whole & ~((self.last == KINDS.index("Velocity")) & (self.drum == 0))


class HoleRule(_Rule):
    """Exactly `len(metres)` bars, in these metres, by these tracks, then END.

    metres: base id of each bar's TimeSig; programs: base ids of Program tokens.
    """

    def __init__(
        self, grammar: TokenGrammar, n: int, metres: Sequence[int], programs: Sequence[int]
    ) -> None:
        super().__init__(grammar, n)
        self.metres = torch.tensor([*metres, -2])  # −2: no further bar
        others = torch.ones(grammar.programs.shape[1], dtype=torch.bool)
        others[list(programs)] = False
        self.own = ~(grammar.programs & others).any(1)

    def __call__(self, drawn: Tensor | None) -> Tensor:
        if drawn is not None:
            self._take(drawn)
        g, metre = self.grammar, g_metre(self.metres, self.bars)
        fine = self._music() & self.own
        # a bar that begins is the next one's metre; its TimeSig may come in the same piece or next
        said = g.time_signature[None]
        fine &= ~g.bar[None] | (metre[:, None] != -2) & ((said < 0) | (said == metre[:, None]))
        now = g_metre(self.metres, self.bars - 1)
        fine &= g.first_position[None] < g.length[now.clamp(min=0)][:, None]
        names = (g.first == KINDS.index("TimeSig"))[None]
        fine &= ~names | (said == now[:, None])
        fine[:, END] = (self.bars == len(self.metres) - 1) & self.between_notes
        return _never_empty(fine, END)


class SongRule(_Rule):
    """Plain continuation: grammatical, at most `bars` bars, then EOS (never before)."""

    def __init__(self, grammar: TokenGrammar, n: int, bars: int, base: Sequence[int]) -> None:
        super().__init__(grammar, n)
        self.limit = bars
        if len(base):
            self._take(torch.tensor(base).expand(n))
        self.bars.zero_()

    def __call__(self, drawn: Tensor | None) -> Tensor:
        if drawn is not None:
            self._take(drawn)
        fine = self._music()
        over = self.bars >= self.limit
        fine &= ~(self.grammar.bar[None] & over[:, None])
        fine[:, EOS] = over & self.between_notes
        return _never_empty(fine, EOS)


def g_metre(metres: Tensor, bar: Tensor) -> Tensor:
    """The metre of each row's bar; the last entry for bars beyond."""
    return metres[bar.clamp(0, len(metres) - 1)]


def _never_empty(fine: Tensor, end: int) -> Tensor:
    """A row in which nothing may come ends instead of failing."""
    fine[~fine.any(1), end] = True
    return fine


def programs_in(vocabulary: Vocabulary, ids: np.ndarray) -> list[int]:
    """MIDI programs (−1: drums) of Program tokens."""
    return [int(vocabulary.names[i].split("_")[1]) for i in ids if i >= len(SPECIAL)]
