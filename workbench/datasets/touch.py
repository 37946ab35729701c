"""Touch: how drummers play a pattern, learned from real loops rather than drawn from a bell curve.

A written loop gets velocities and timing from one window of one performance, its player. Each
written hit takes them from the real hit that is most like it: the same drum, as loud, on the same
part of a beat, near in the bar, struck together with others or alone. Because neighbouring hits
follow neighbouring real hits, timing and loudness drift and hang together as the drummer's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workbench.datasets.drum_transforms.feel import triplet_share
from workbench.datasets.drum_transforms.hits import (
    BD,
    CH,
    CR,
    GHOST,
    OH,
    RD,
    SD,
    TOMS,
    Table,
    place_of,
)
from workbench.errors import PromptError
from workbench.music.clip import Clip
from workbench.music.kit import CROSS_STICK, DRUMS, PEDAL, read_lookup

PH, XS = len(DRUMS), len(DRUMS) + 1  # what the foot and the stick across the rim play, apart
VOICES = len(DRUMS) + 2
SWUNG, STRAIGHT = 0.45, 0.2  # triplet share of a player who swings, at least, or does not, at most
LEVELS = np.array([0.0, 0.15, 0.5, 0.85, 0.7])  # loudness rank of silent, ghost, normal, …
MOST_WIDER = 1.3  # by which the timing of a player is widened at most, to be as loose as he is

# costs of a real hit that differs from the written one
_FAMILY, _STRANGER, _GHOSTLY = 1.2, 4.0, 3.0
_LOUDNESS, _PART, _FAR, _ALONE, _USED, _CHANCE = 1.5, 0.8, 0.3, 0.4, 0.2, 0.3
_ELSEWHERE, _LEAP = 1.5, 0.7  # not on the place of the hit that is struck together; not the next


def voice_of(pitch: np.ndarray) -> np.ndarray:
    """The voice of each pitch: its drum, or `PH` or `XS`."""
    voice = read_lookup()[pitch].astype(np.int64)
    return np.where(pitch == PEDAL, PH, np.where(pitch == CROSS_STICK, XS, voice))


def _alike() -> np.ndarray:
    """Cost of playing one voice as another: (VOICES, VOICES)."""
    cost = np.full((VOICES, VOICES), _STRANGER)
    for family in ((CH, OH, RD), (SD, XS), (BD, PH), (RD, CR, OH), TOMS, (SD, *TOMS)):
        cost[np.ix_(family, family)] = _FAMILY
    np.fill_diagonal(cost, 0)
    return cost


_ALIKE = _alike()


def part_of(phase: np.ndarray) -> np.ndarray:
    """Part of a beat: 0 on it, 1 half of it or the last triplet, 2 anywhere else."""
    near = np.abs(phase[:, None] - np.array([0, 1, 0.5, 2 / 3])).min(1) < 0.03
    return np.where(~near, 2, np.where(np.minimum(phase, 1 - phase) < 0.03, 0, 1))


@dataclass(frozen=True)
class Player:
    """The main hits of one window: voice, place (beats), part of the beat, how far off the place
    (beats), velocity, its rank among the hits of this voice (0 to 1), and whether it is alone."""

    style: str
    tempo: float
    triplets: float
    beats: float
    voice: np.ndarray
    place: np.ndarray
    part: np.ndarray
    away: np.ndarray
    velocity: np.ndarray
    rank: np.ndarray
    alone: np.ndarray

    @classmethod
    def of(cls, clip: Clip) -> Player:
        """Read a loop in 4/4."""
        table = Table.of(clip)
        main = table.main
        at = place_of(main, table.cells)
        triplets = triplet_share(table)
        place = at / 4
        if triplets > STRAIGHT:  # a third of a beat is a place of its own
            for cell, third in ((1, 1 / 3), (3, -1 / 3)):
                near = (main["cell"] % 4 == cell) & (np.abs(main["offset"] - third) < 0.18)
                place = np.where(near, (at + third) / 4, place)
        voice = voice_of(main["pitch"])
        rank = np.zeros(len(main))
        for number in range(VOICES):
            of = np.flatnonzero(voice == number)
            rank[of] = (main["velocity"][of].argsort().argsort() + 0.5) / max(len(of), 1)
        together = np.bincount(at)[at]
        return cls(
            style=str(clip.labels.get("style", "")),
            tempo=clip.tempo,
            triplets=triplets,
            beats=clip.beats,
            voice=voice,
            place=place,
            part=part_of(place % 1),
            away=(at + main["offset"]) / 4 - place,
            velocity=main["velocity"],
            rank=rank,
            alone=together == 1,
        )


class Players:
    """The windows that a written loop may be played by, and the velocities of every voice."""

    def __init__(self, clips: Sequence[Clip]) -> None:
        beats = [c for c in clips if c.meter == (4, 4) and c.labels.get("kind", "beat") == "beat"]
        self.windows = [Player.of(clip) for clip in beats]
        if not self.windows:
            raise PromptError("players: give at least one drum loop in 4/4 that is not a fill")
        velocity = np.concatenate([w.velocity for w in self.windows])
        voice = np.concatenate([w.voice for w in self.windows])
        self.mean = float(velocity.mean())
        self.velocities = [np.sort(velocity[voice == v]) for v in range(VOICES)]
        self.styles = np.array([w.style for w in self.windows])
        self.tempo = np.log2([w.tempo for w in self.windows])
        self.triplets = np.array([w.triplets for w in self.windows])
        self.has = np.array([np.bincount(w.voice, minlength=VOICES) > 7 for w in self.windows])

    def choose(
        self,
        styles: Sequence[str],
        tempo: float,
        triplets: bool,
        voices: np.ndarray,
        rng: np.random.Generator,
    ) -> Player:
        """A player of a near tempo who swings or does not, has these voices and, where there are
        such, plays one of these styles."""
        style = np.full(len(self.windows), len(styles))
        for number, name in reversed(list(enumerate(styles))):
            style[self.styles == name] = number
        feel = self.triplets < SWUNG if triplets else self.triplets > STRAIGHT
        cost = np.abs(self.tempo - np.log2(tempo)) * 2 + 0.25 * style + 4 * feel
        cost += 0.5 * (~self.has[:, voices]).sum(1) + 0.8 * rng.random(len(cost))
        best = np.argsort(cost, kind="stable")[:12]
        return self.windows[int(best[rng.integers(len(best))])]

    def velocity(self, voice: int, rank: float, player: Player) -> float:
        """The velocity of this rank among all hits of a voice, as loud as the player is."""
        values = self.velocities[voice]
        value = float(np.quantile(values, rank)) if len(values) else 127 * rank
        return value * (float(player.velocity.mean()) / self.mean) ** 0.5


def _middle(away: np.ndarray, part: np.ndarray) -> np.ndarray:
    """For each hit the mean of those on the same part of a beat."""
    count = np.bincount(part, minlength=3)
    return (np.bincount(part, away, 3) / np.maximum(count, 1))[part]


def played(
    voice: np.ndarray,
    place: np.ndarray,
    state: np.ndarray,
    beat: float,
    players: Players,
    player: Player,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Velocities (1 to 127) and times of a written loop, whose hits are sorted by place.

    Args:
        voice: Voice of each hit, see `voice_of`.
        place: Where it is written, in beats of the player: (n,).
        state: Ghost, normal, accent or open, as in `grammar.cells`.
        beat: Length of the player's beat in quarter notes: 1, or 1.5 for a dotted one.
        players: Where velocities come from that the player has none of.
        player: The window to follow.
        rng: Breaks ties.

    Returns:
        (velocities, distances from the places in quarter notes).
    """
    ghost = state == 1
    snare, real_ghost = voice == SD, player.velocity < GHOST
    _, cell, count = np.unique(np.round(place, 4), return_inverse=True, return_counts=True)
    cost = _ALIKE[voice][:, player.voice]
    cost = cost + _LOUDNESS * np.abs(LEVELS[state][:, None] - player.rank)
    cost += _GHOSTLY * (snare[:, None] & (ghost[:, None] != real_ghost))
    cost += _PART * (part_of(place % 1)[:, None] != player.part)
    apart = np.abs(place[:, None] - player.place) % player.beats
    cost += _FAR * np.minimum(np.minimum(apart, player.beats - apart) / 4, 1)
    cost += _ALONE * ((count == 1)[cell][:, None] != player.alone)
    cost += _CHANCE * rng.random(cost.shape)
    real_cell = np.round(player.place, 4)
    chosen = np.zeros(len(voice), np.int64)
    used = np.zeros(len(player.voice))
    last = 0.0  # place of the real hit that was chosen last, less that of its written one
    for i in range(len(voice)):
        leap = np.abs(player.place - place[i] - last) % player.beats
        total = cost[i] + used + _LEAP * np.minimum(np.minimum(leap, player.beats - leap), 1)
        if i and cell[i] == cell[i - 1]:  # struck together: as the player's hits on one place
            total += _ELSEWHERE * (real_cell != real_cell[chosen[i - 1]])
        chosen[i] = int(total.argmin())
        used[chosen[i]] += _USED
        last = player.place[chosen[i]] - place[i]
    velocity = player.velocity[chosen].astype(float)
    strange = player.voice[chosen] != voice
    strange |= snare & (ghost != real_ghost[chosen])
    for at in np.flatnonzero(strange):
        level = float(np.clip(LEVELS[state[at]] + rng.normal(0, 0.08), 0.02, 0.98))
        if voice[at] == SD:  # ghost notes are about half of a drummer's snare hits
            level = 0.3 * level if ghost[at] else 0.45 + 0.5 * level
        velocity[at] = players.velocity(int(voice[at]), level, player)
    away = player.away[chosen]
    # A written pattern finds the middling hits of a player more often than those that stand out.
    middle, own = _middle(away, part_of(place % 1)), _middle(player.away, player.part)
    wider = (player.away - own).std() / max(float((away - middle).std()), 1e-6)
    away = middle + np.clip(wider, 1, MOST_WIDER) * (away - middle)
    return np.clip(velocity, 1, 127), np.clip(away, -0.124, 0.124) * beat
