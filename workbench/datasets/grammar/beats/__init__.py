"""Beats that drum methods teach but that are rare in the Groove MIDI Dataset, as tables of letters.

A table gives the hits; their velocity and timing come from drummers (`datasets.styled`).
"""

from workbench.datasets.grammar.beats import band, club, islands, odd
from workbench.datasets.grammar.beats.beat import Beat, Pattern

BEATS: dict[str, Beat] = {
    beat.name: beat for beat in (*odd.BEATS, *club.BEATS, *band.BEATS, *islands.BEATS)
}

__all__ = ["BEATS", "Beat", "Pattern"]
