"""Songs as tokens: the workbench's REMI configuration (Huang & Yang 2020), through MidiTok.

One stream for all tracks: Bar, TimeSig, then for each note Position (when it changes), Program,
Pitch (or PitchDrum), Velocity and, but for drums, Duration. Tempo is not a token: it belongs to
the clip, so filling a hole never touches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from miditok import TokenizerConfig

SPECIAL = ("PAD", "BOS", "EOS", "HOLE", "FILL", "END")


def song_config() -> TokenizerConfig:
    """The default REMI configuration: 12 positions a beat (16ths and triplets), 16 velocities,
    durations in twelfths of a beat up to 4 beats and halves up to 16, drums without duration."""
    from miditok import TokenizerConfig

    return TokenizerConfig(
        pitch_range=(21, 109),
        beat_res={(0, 4): 12, (4, 16): 2},
        num_velocities=16,
        special_tokens=list(SPECIAL),
        encode_ids_split="bar",
        remove_duplicated_notes=True,
        use_note_duration_programs=list(range(128)),
        use_programs=True,
        use_time_signatures=True,
        time_signature_range={8: [3, 6, 9, 12], 4: [1, 2, 3, 4, 5, 6], 2: [2, 3]},
    )
