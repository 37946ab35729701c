"""The grammar of REMI, also for tokens that are pieces of several: every sampled sequence decodes,
and a hole is filled with exactly its bars.

A rule returns, token by token, which ids may come next: `rule(last ids (n,)) → (n, size) bool`.

The grammar includes three facts of real songs. Positions ascend within a bar. No track plays the
same pitch twice at a position. A track plays at most `TOGETHER` notes at a position, which is true
of all of POP909 and of 99.999 % of the positions in OpenScore Lieder. Without them, a model that
has passed the last sixteenth of a bar adds notes there until it samples a bar line.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from workbench.representations.tokens import END, EOS, Vocabulary

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
TOGETHER = 10  # most notes of a track at one position: a pianist has ten fingers
PROGRAMS = 129  # the drums and the programs of General MIDI
ENDS_NOTE = ("TimeSig", "Velocity", "Duration")  # types after which a bar may end


class TokenGrammar:
    """Properties of each id of a vocabulary as arrays (size,), computed once for all rules."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        v = vocabulary
        kind = {name: i for i, name in enumerate(KINDS)}
        self.size = v.size
        self.bar = torch.zeros(v.size, dtype=torch.bool)  # begins a bar
        self.time_signature = torch.full((v.size,), -1)  # base id of its metre
        self.first = torch.full((v.size,), -1)  # type of its first base token
        self.last = torch.full((v.size,), -1)
        self.first_position = torch.full((v.size,), -1)  # its first Position
        self.last_position = torch.full((v.size,), -1)
        self.programs = torch.zeros(v.size, v.base, dtype=torch.bool)  # its programs
        for i, piece in enumerate(v.pieces):
            names = [v.names[b] for b in piece]
            kinds = [name.split("_")[0] for name in names]
            if not piece or kinds[0] not in kind:
                continue
            self.first[i], self.last[i] = kind[kinds[0]], kind[kinds[-1]]
            self.bar[i] = kinds[0] == "Bar"
            positions = [int(n.split("_")[1]) for n in names if n.startswith("Position")]
            if positions:
                self.first_position[i], self.last_position[i] = positions[0], positions[-1]
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
        # ids that may follow each position, −1 first
        before = torch.arange(-1, int(self.last_position.max()) + 1)[:, None]
        self.forward = (self.first_position > before) | (self.first_position < 0) | self.bar
        self.onsets = _Onsets(v)


class _Onsets:
    """The notes in the piece of each id by position: those at the position that is current before
    the piece, and those at its last position. Programs are numbered from 0, the drums' program."""

    def __init__(self, v: Vocabulary) -> None:
        self.moves = torch.zeros(v.size, dtype=torch.bool)  # holds a Position or a Bar
        self.opening = torch.full(
            (v.size,), -1
        )  # its first pitch, if the program is in an earlier piece
        self.program = torch.full((v.size,), -1)  # the last program in it
        self.here: list[list[tuple[int, int]]] = []  # (program, pitch) up to the first move
        self.last: list[list[tuple[int, int]]] = []  # and after the last one
        self.notes: list[tuple[int, int, int]] = []  # (id, program, pitch) of all of them
        # Notes begin with their Program; the pitch may be in the next piece.
        self.begun = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # up to the first move
        self.begun_last = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # after the last one
        self.begun_later = torch.zeros(v.size, PROGRAMS, dtype=torch.long)  # most after a move
        for i, piece in enumerate(v.pieces):
            self._add(i, [v.names[b].split("_") for b in piece])
        # The same as padded index arrays (size, columns). The padding is the index after the last
        # program and the last pitch, where there is always room and never a note.
        strikes = [[program * 128 + pitch for program, pitch in notes] for notes in self.here]
        self.strikes = _padded(strikes, PROGRAMS * 128)
        programs = [counts.nonzero().flatten().tolist() for counts in self.begun]
        self.begins = _padded(programs, PROGRAMS)
        count = torch.cat([self.begun, torch.zeros(v.size, 1, dtype=torch.long)], 1)
        self.begins_count = count.gather(1, self.begins)
        self.total = self.begun.sum(1)
        # pieces that begin with a pitch and repeat it, with the program of the repetition
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
                self.notes.append((i, program, int(value[0])))
        self.moves[i], self.program[i] = len(notes) > 1, program
        self.here.append(notes[0])
        self.last.append(notes[-1])
        self.begun[i], self.begun_last[i] = begun[0], begun[-1]
        if len(begun) > 1:
            self.begun_later[i] = torch.stack(begun[1:]).amax(0)


def _padded(rows: list[list[int]], filler: int) -> Tensor:
    """Return lists of numbers as rows of one tensor; short rows are padded."""
    width = max(1, *map(len, rows))
    return torch.tensor([row + [filler] * (width - len(row)) for row in rows])


def _drums(v: Vocabulary) -> tuple[Tensor, Tensor]:
    """Return two arrays (size,) of 1 for drums, 0 for other programs and −1 for unknown: the kind
    of the note in which each id ends, and the kind of the unfinished note that it can continue."""
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
    """Return the ids that may follow a type of token, (types, 3, size), if the current note is of
    an unknown kind, not a drum's, or a drum's."""
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
    """The grammar of n streams, updated with each sampled token."""

    def __init__(
        self,
        grammar: TokenGrammar,
        n: int,
        most: Tensor | None = None,
        together: int = 0,
        pitches: Tensor | None = None,
    ) -> None:
        """n: number of streams. most: most notes of each program at one position, (PROGRAMS,),
        drums first; default: TOGETHER. together: most notes of all programs; 0 for any number.
        pitches: those that each program may play, (PROGRAMS, 128) bool; default: all."""
        self.grammar, self.n = grammar, n
        self.most = torch.full((PROGRAMS,), TOGETHER) if most is None else most
        self.together = together or PROGRAMS * TOGETHER
        later = grammar.onsets.begun_later
        self.too_many = (later > self.most).any(1) | (later.sum(1) > self.together)
        self.far = None if pitches is None else _far(grammar, pitches)
        self.program = torch.full((n,), -1)  # of the current note
        self.struck = torch.zeros(
            n, PROGRAMS, dtype=torch.long
        )  # notes begun at the current position
        # whether program · 128 + pitch sounds there; the last column is never used by a note
        self.sounding = torch.zeros(n, PROGRAMS * 128 + 1, dtype=torch.bool)
        self.last = torch.full((n,), len(KINDS))  # the row of `follows`
        self.position = torch.full((n,), -1)  # within the bar
        self.drum = torch.full((n,), -1)  # whether the current note is a drum's
        self.bars = torch.zeros(n, dtype=torch.long)  # bars begun

    def _take(self, ids: Tensor) -> None:
        g = self.grammar
        self._strike(ids)
        music = g.first[ids] >= 0
        begun = g.bar[ids]
        self.bars += begun.long()
        self.position[begun] = -1
        position = g.last_position[ids]
        self.position = torch.where(position >= 0, position, self.position)
        drum = g.drum_note[ids]
        self.drum = torch.where(drum >= 0, drum, self.drum)
        self.last = torch.where(music, g.last[ids], self.last)

    def _strike(self, ids: Tensor) -> None:
        """Update the notes at the current position."""
        p = self.grammar.onsets
        moves = p.moves[ids]
        self.struck[moves], self.sounding[moves] = 0, False
        self.struck += torch.where(moves[:, None], p.begun_last[ids], p.begun[ids])
        for row, (token, moved) in enumerate(zip(ids.tolist(), moves.tolist(), strict=True)):
            opening = int(p.opening[token])
            if opening >= 0 and not moved and self.program[row] >= 0:
                self.sounding[row, self.program[row] * 128 + opening] = True
            for program, pitch in p.last[token] if moved else p.here[token]:
                self.sounding[row, program * 128 + pitch] = True
        program = p.program[ids]
        self.program = torch.where(program >= 0, program, self.program)

    def _crowded(self) -> Tensor:
        """Return the ids that would repeat a note at the current position, or add too many notes:
        (n, size) bool."""
        p = self.grammar.onsets
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
        """Return the ids that continue the music correctly: (n, size) bool."""
        g = self.grammar
        fine = g.follows[self.last, self.drum + 1] & g.forward[self.position + 1]
        return fine & ~self._crowded()

    def _near(self, fine: Tensor) -> Tensor:
        """Return the ids without pitches that the programs do not play, in the rows where any are
        left."""
        if self.far is None:
            return fine
        near = fine & ~self.far[self.program]
        return torch.where(near.any(1, keepdim=True), near, fine)

    @property
    def between_notes(self) -> Tensor:
        """Whether the last note, or a bar without notes, is complete: (n,) bool."""
        at = [KINDS.index(name) for name in ENDS_NOTE]
        whole = torch.isin(self.last, torch.tensor(at))
        return whole & ~((self.last == KINDS.index("Velocity")) & (self.drum == 0))


def _far(g: TokenGrammar, pitches: Tensor) -> Tensor:
    """Return the ids that hold a pitch which its program must not play, by the program of the note
    that they continue, the last row if there is none: (PROGRAMS + 1, size) bool."""
    every = F.pad(pitches, (0, 0, 0, 1), value=True)
    opening = g.onsets.opening
    far = ~every[:, opening.clamp(min=0)] & (opening >= 0)
    ids, programs, notes = torch.tensor(g.onsets.notes, dtype=torch.long).view(-1, 3).T
    far[:, ids[~pitches[programs, notes]]] = True
    return far


class HoleRule(_Rule):
    """Exactly `len(metres)` bars in these metres by these programs, then END.

    Args:
        grammar: The grammar of the vocabulary.
        n: Number of streams.
        metres: Base id of each bar's TimeSig.
        programs: Base ids of the allowed Program tokens.
        lengths: Number of positions in each bar; default: those of its metre.
        most: Most notes of each program at one position, (PROGRAMS,), drums first; default:
            TOGETHER.
        together: Most notes of all programs at one position; 0 for any number.
        pitches: Those that each program may play, (PROGRAMS, 128) bool, drums first; default: all.
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
        pitches: Tensor | None = None,
    ) -> None:
        super().__init__(grammar, n, most, together, pitches)
        self.limit = len(metres)
        self.sizes = grammar.length[list(metres)].tolist() if lengths is None else lengths
        others = torch.ones(grammar.programs.shape[1], dtype=torch.bool)
        others[list(programs)] = False
        self.fits = self._fitting(metres, self.sizes) & ~(grammar.programs & others).any(1)

    def _fitting(self, metres: Sequence[int], sizes: Sequence[int]) -> Tensor:
        """Return the ids that may come after each number of bars has begun: (bars + 1, size)."""
        g = self.grammar
        # Before the first bar only a bar may come. −2 and length 0: no bar comes after the last.
        now, after = torch.tensor([[-1, *metres], [*metres, -2]])[:, :, None]
        length, next_length = torch.tensor([[0, *sizes], [*sizes, 0]])[:, :, None]
        signature = g.time_signature
        # A new bar has the next metre; its TimeSig may be in the same piece or in the next one.
        fine = ~g.bar | ((after != -2) & ((signature < 0) | (signature == after)))
        fine &= (g.first != KINDS.index("TimeSig")) | (signature == now)
        # No piece crosses a bar line: all its positions are in the bar that it begins, or in the
        # current one.
        return fine & (g.last_position < torch.where(g.bar, next_length, length))

    def __call__(self, ids: Tensor | None) -> Tensor:
        if ids is not None:
            self._take(ids)
        fine = self._near(self._music() & self.fits[self.bars])
        fine[:, END] = (self.bars == self.limit) & self.between_notes
        return _never_empty(fine, END)


class SongRule(_Rule):
    """A continuation by `bars` whole bars, then EOS, or the piece that begins the next bar and EOS.

    The next bar may begin so that a model which does not end the song can leave the last bar.
    Otherwise it would add notes to the last bar until it sampled EOS.

    Args:
        grammar: The grammar of the vocabulary.
        n: Number of streams.
        bars: Number of bars.
        base: The last ids of the prompt.
    """

    def __init__(self, grammar: TokenGrammar, n: int, bars: int, base: Sequence[int]) -> None:
        super().__init__(grammar, n)
        self.limit = bars
        if len(base):
            self._take(torch.tensor(base).expand(n))
        self.bars.zero_()

    def __call__(self, ids: Tensor | None) -> Tensor:
        if ids is not None:
            self._take(ids)
        fine = self._music()
        fine &= (self.bars <= self.limit)[:, None]
        fine[:, EOS] = (self.bars == self.limit) & self.between_notes
        return _never_empty(fine, EOS)


def _never_empty(fine: Tensor, end: int) -> Tensor:
    """Allow `end` in rows in which nothing else is allowed."""
    fine[~fine.any(1), end] = True
    return fine
