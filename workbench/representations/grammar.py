"""What may follow what in REMI, also when tokens are pieces of several: so that every sequence
that is drawn decodes, and a hole gets exactly its bars.

A rule is asked, token by token, which ids may come next: `rule(drawn) → (n, size) bool`.

Three facts of real songs are part of it. Without them a model that has walked past the last
sixteenth of a bar piles up notes there until it samples a bar line. Positions go forward; no track
plays the same pitch twice at a place; a track plays at most `TOGETHER` notes at a place (true of
all of POP909 and of 99.999 % of the places in OpenScore Lieder).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
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
TOGETHER = 10  # notes that a track strikes at once: as many as a pianist has fingers
PROGRAMS = 129  # the drums and those of General MIDI
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
        self.drum_note, wants_drum = _drums(v)
        self.follows = _agreeing(follows, self.first, wants_drum)
        # ids that go forward from each position, −1 first
        before = torch.arange(-1, int(self.last_position.max()) + 1)[:, None]
        self.forward = (self.first_position > before) | (self.first_position < 0) | self.bar
        self.places = _Places(v)


class _Places:
    """The notes in each id's piece, by place: those at the place that is being written when the
    piece comes, and those at the last place in it. Programs count from 0, the drums'."""

    def __init__(self, v: Vocabulary) -> None:
        self.moves = torch.zeros(v.size, dtype=torch.bool)  # holds a Position or a Bar
        self.opening = torch.full((v.size,), -1)  # pitch, where the program came before the piece
        self.program = torch.full((v.size,), -1)  # the last program in it
        self.here: list[list[tuple[int, int]]] = []  # (program, pitch) up to the first move
        self.last: list[list[tuple[int, int]]] = []  # and after the last one
        # notes begin with their Program: the pitch may be in the next piece
        self.begun = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # up to the first move
        self.begun_last = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # after the last one
        self.begun_later = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # most after a move
        for i, piece in enumerate(v.pieces):
            self._add(i, [v.names[b].split("_") for b in piece])
        # the same as columns, as many as any id needs: (size, columns); empty ones point behind
        # the last program and the last pitch, where there is always room and silence
        strikes = [[program * 128 + pitch for program, pitch in notes] for notes in self.here]
        self.strikes = _padded(strikes, PROGRAMS * 128)
        programs = [counts.nonzero().flatten().tolist() for counts in self.begun]
        self.begins = _padded(programs, PROGRAMS)
        count = torch.cat([self.begun, torch.zeros(v.size, 1, dtype=torch.long)], 1)
        self.begins_count = count.gather(1, self.begins)
        self.total = self.begun.sum(1)
        # pieces that begin with a pitch and play that pitch again, and by which program
        again = [
            (i, program)
            for i, notes in enumerate(self.here)
            for program, pitch in notes
            if pitch == self.opening[i]
        ]
        self.again_id, self.again_program = torch.tensor(again, dtype=torch.long).view(-1, 2).T

    def _add(self, i: int, piece: list[list[str]]) -> None:
        notes: list[list[tuple[int, int]]] = [[]]
        begun = [torch.zeros(PROGRAMS, dtype=torch.long)]
        program = -1
        for kind, *value in piece:
            if kind in ("Position", "Bar"):
                notes.append([])
                begun.append(torch.zeros(PROGRAMS, dtype=torch.long))
            elif kind == "Program":
                program = int(value[0]) + 1
                begun[-1][program] += 1
            elif kind in ("Pitch", "PitchDrum") and program < 0:
                self.opening[i] = int(value[0])
            elif kind in ("Pitch", "PitchDrum"):
                notes[-1].append((program, int(value[0])))
        self.moves[i], self.program[i] = len(notes) > 1, program
        self.here.append(notes[0])
        self.last.append(notes[-1])
        self.begun[i], self.begun_last[i] = begun[0], begun[-1]
        if len(begun) > 1:
            self.begun_later[i] = torch.stack(begun[1:]).amax(0)


def _padded(rows: list[list[int]], filler: int) -> Tensor:
    """Lists of numbers as rows of one tensor, the short ones filled up."""
    width = max(1, *map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


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


def _agreeing(follows: Tensor, first: Tensor, wants_drum: Tensor) -> Tensor:
    """The ids that may follow a type of token, where the note being written is not known to be a
    drum's, is not, and is: (types, 3, size)."""
    table = follows[:, None].repeat(1, 3, 1)
    for drum in (0, 1):
        for name in ("Program", "Pitch", "PitchDrum", "Velocity"):  # mid-note
            table[KINDS.index(name), drum + 1] &= (wants_drum < 0) | (wants_drum == drum)
    # a tuned note's velocity must be followed by its duration, a drum's must not
    duration = first == KINDS.index("Duration")
    velocity = table[KINDS.index("Velocity")]
    velocity &= duration == torch.tensor([False, True, False])[:, None]
    return table


class _Rule:
    """The grammar of one stream a row, kept in step with what is drawn."""

    def __init__(
        self, grammar: TokenGrammar, n: int, most: Tensor | None = None, together: int = 0
    ) -> None:
        """most: notes that each program may strike at one place, (PROGRAMS,), drums first, by
        default TOGETHER; together: that all of them may, 0 for any number."""
        self.grammar, self.n = grammar, n
        self.most = torch.full((PROGRAMS,), TOGETHER) if most is None else most
        self.together = together or PROGRAMS * TOGETHER
        later = grammar.places.begun_later
        self.too_many = (later > self.most).any(1) | (later.sum(1) > self.together)
        self.program = torch.full((n,), -1)  # of the note that is being written
        self.struck = torch.zeros(n, PROGRAMS, dtype=torch.long)  # notes begun at this place
        # pitches struck there, by program · 128 + pitch; the last one is no pitch
        self.sounding = torch.zeros(n, PROGRAMS * 128 + 1, dtype=torch.bool)
        self.last = torch.full((n,), len(KINDS))  # the row of `follows`
        self.position = torch.full((n,), -1)  # within the bar
        self.drum = torch.full((n,), -1)  # whether the note being written is a drum's
        self.bars = torch.zeros(n, dtype=torch.long)  # bars begun

    def _take(self, drawn: Tensor) -> None:
        g = self.grammar
        self._strike(drawn)
        music = g.first[drawn] >= 0
        begun = g.bar[drawn]
        self.bars += begun.long()
        self.position[begun] = -1
        place = g.last_position[drawn]
        self.position = torch.where(place >= 0, place, self.position)
        told = g.drum_note[drawn]
        self.drum = torch.where(told >= 0, told, self.drum)
        self.last = torch.where(music, g.last[drawn], self.last)

    def _strike(self, drawn: Tensor) -> None:
        """Keep what is struck at the present place."""
        p = self.grammar.places
        moves = p.moves[drawn]
        self.struck[moves], self.sounding[moves] = 0, False
        self.struck += torch.where(moves[:, None], p.begun_last[drawn], p.begun[drawn])
        for row, (token, moved) in enumerate(zip(drawn.tolist(), moves.tolist(), strict=True)):
            opening = int(p.opening[token])
            if opening >= 0 and not moved and self.program[row] >= 0:
                self.sounding[row, self.program[row] * 128 + opening] = True
            for program, pitch in p.last[token] if moved else p.here[token]:
                self.sounding[row, program * 128 + pitch] = True
        named = p.program[drawn]
        self.program = torch.where(named >= 0, named, self.program)

    def _crowded(self) -> Tensor:
        """Ids that would strike a note twice at the present place, or too many: (n, size) bool."""
        p = self.grammar.places
        over = self.struck.sum(1)[:, None] + p.total > self.together
        over |= self.too_many
        room = F.pad(self.most - self.struck, (0, 1))  # (n, PROGRAMS + 1)
        over |= (room[:, p.begins] < p.begins_count).any(2)
        over |= self.sounding[:, p.strikes].any(2)
        if len(p.again_id):
            again = (self.program[:, None] == p.again_program).float()
            over |= torch.zeros(over.shape).index_add_(1, p.again_id, again) > 0
        mid_note = self.program[:, None] >= 0
        opening = torch.where(
            (p.opening >= 0) & mid_note, self.program[:, None] * 128 + p.opening, PROGRAMS * 128
        )
        return over | self.sounding.gather(1, opening)

    def _music(self) -> Tensor:
        """Ids that go on rightly: (n, size) bool."""
        g = self.grammar
        fine = g.follows[self.last, self.drum + 1] & g.forward[self.position + 1]
        return fine & ~self._crowded()

    @property
    def between_notes(self) -> Tensor:
        """Rows at which a note, or a bar without one, is complete: (n,) bool."""
        at = [KINDS.index(name) for name in ENDS_NOTE]
        whole = torch.isin(self.last, torch.tensor(at))
        return whole & ~((self.last == KINDS.index("Velocity")) & (self.drum == 0))


class HoleRule(_Rule):
    """Exactly `len(metres)` bars, in these metres, by these tracks, then END.

    metres: base id of each bar's TimeSig; programs: base ids of Program tokens; lengths: positions
    in each bar, by default those of its metre; most and together: as in `_Rule`.
    """

    def __init__(
        self,
        grammar: TokenGrammar,
        n: int,
        metres: Sequence[int],
        programs: Sequence[int],
        *,
        lengths: Sequence[int] | None = None,
        most: Tensor | None = None,
        together: int = 0,
    ) -> None:
        super().__init__(grammar, n, most, together)
        self.limit = len(metres)
        places = grammar.length[list(metres)].tolist() if lengths is None else lengths
        others = torch.ones(grammar.programs.shape[1], dtype=torch.bool)
        others[list(programs)] = False
        self.fits = self._fitting(metres, places) & ~(grammar.programs & others).any(1)

    def _fitting(self, metres: Sequence[int], places: Sequence[int]) -> Tensor:
        """The ids that may come when so many bars have begun: (bars + 1, size)."""
        g = self.grammar
        # before the first bar only a bar may come; −2 and no place: no bar comes after the last
        now, after = torch.tensor([[-1, *metres], [*metres, -2]])[:, :, None]
        length, next_length = torch.tensor([[0, *places], [*places, 0]])[:, :, None]
        said = g.time_signature
        # a bar that begins is the next one's metre; its TimeSig may come in the same piece or next
        fine = ~g.bar | ((after != -2) & ((said < 0) | (said == after)))
        fine &= (g.first != KINDS.index("TimeSig")) | (said == now)
        # no piece crosses a bar line: all its positions are in the bar that it begins, or in this
        return fine & (g.last_position < torch.where(g.bar, next_length, length))

    def __call__(self, drawn: Tensor | None) -> Tensor:
        if drawn is not None:
            self._take(drawn)
        fine = self._music() & self.fits[self.bars]
        fine[:, END] = (self.bars == self.limit) & self.between_notes
        return _never_empty(fine, END)


class SongRule(_Rule):
    """Plain continuation: grammatical, `bars` whole bars, then EOS or the piece that begins the
    next bar, and EOS. A model that goes on ends there, as a song would: if it could not begin that
    bar, it would pile up notes in the last one until it drew EOS."""

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
        fine &= (self.bars <= self.limit)[:, None]
        fine[:, EOS] = (self.bars == self.limit) & self.between_notes
        return _never_empty(fine, EOS)


def _never_empty(fine: Tensor, end: int) -> Tensor:
    """A row in which nothing may come ends instead of failing."""
    fine[~fine.any(1), end] = True
    return fine


def programs_in(vocabulary: Vocabulary, ids: np.ndarray) -> list[int]:
    """MIDI programs (−1: drums) of Program tokens."""
    return [int(vocabulary.names[i].split("_")[1]) for i in ids if i >= len(SPECIAL)]
