"""The drum kit: nine voices, the pitches that are read as them, and the pitches to write.

Voices and the write pitches follow the drum paper (arXiv 2408.02711); the read map adds the
Roland TD-11's pitches, on which the Groove MIDI Dataset was played.
"""

from functools import cache

import numpy as np

DRUMS = ("BD", "SD", "CH", "OH", "RD", "CR", "LT", "MT", "HT")
DRUM_NAMES = {
    "BD": "bass drum",
    "SD": "snare drum",
    "CH": "closed hi-hat",
    "OH": "open hi-hat",
    "RD": "ride cymbal",
    "CR": "crash cymbal",
    "LT": "low tom",
    "MT": "mid tom",
    "HT": "high tom",
}
WRITE_PITCH = {
    "BD": 36,
    "SD": 38,
    "CH": 42,
    "OH": 46,
    "RD": 51,
    "CR": 49,
    "LT": 41,
    "MT": 45,
    "HT": 48,
}
PEDAL, CROSS_STICK = 44, 37  # pitches of the hi-hat's pedal and of the stick across the rim

_READ = {
    "BD": (35, 36),
    "SD": (37, 38, 39, 40),  # 37 side stick, 39 clap, 40 rim (TD-11)
    "CH": (22, 42, 44, 54, 69, 70),  # 22 closed edge (TD-11), 44 pedal, shakers and tambourine
    "OH": (26, 46),  # 26 open edge (TD-11)
    "RD": (51, 53, 56, 59, 80),  # 53 bell, 56 cowbell, 80 triangle
    "CR": (49, 52, 55, 57),  # 52 china and 55 splash; 52, 55, 57 are crash edges on the TD-11
    "LT": (41, 43, 58, 64, 66),  # 58 third tom's rim (TD-11); low conga, low timbale
    "MT": (45, 47, 61, 63, 68),  # low bongo, open conga, low agogo
    "HT": (48, 50, 60, 62, 65, 67),  # 50 first tom's rim (TD-11); high bongo, timbale, agogo
}
READ_MAP = {pitch: DRUMS.index(code) for code, pitches in _READ.items() for pitch in pitches}


@cache
def read_lookup() -> np.ndarray:
    """Return the voice of each MIDI pitch, int8 (128,); −1 for a pitch outside the kit."""
    table = np.full(128, -1, dtype=np.int8)
    for pitch, index in READ_MAP.items():
        table[pitch] = index
    table.flags.writeable = False
    return table
