"""Beats that the drum methods teach and the Groove MIDI Dataset hardly has, as tables of letters.

They say what is struck; how it is played comes from drummers (`datasets.styled`).
"""

from workbench.datasets.grammar.beats import band, club, islands, odd
from workbench.datasets.grammar.beats.beat import Beat, Pattern

BEATS: dict[str, Beat] = {
    beat.name: beat for beat in (*odd.BEATS, *club.BEATS, *band.BEATS, *islands.BEATS)
}

__all__ = ["BEATS", "Beat", "Pattern"]
