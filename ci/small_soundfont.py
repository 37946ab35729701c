"""Write a General MIDI SoundFont with only the instruments that the course's music uses.

    python ci/small_soundfont.py MuseScore_General_Lite.sf3 small/MuseScore_General_Lite.sf3

Presets, instruments and samples keep their numbers: every sample that is left out becomes a copy of
the first kept one, so nothing has to be renumbered. Compressed samples of more than three seconds
are cut: they fade out and then loop in silence.

Source: SoundFont Technical Specification 2.04, sections 4 to 7; sf3 is MuseScore's variant, whose
samples are Ogg Vorbis.
"""

from __future__ import annotations

import argparse
import io
import itertools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

# of bank 0, and of bank 128 for drums; those of `datasets/arrangements.py`, POP909 and Groove
PROGRAMS = {*(0, 1, 4, 6, 14, 24, 25, 27, 32, 33, 38), *range(40, 54), 56, 57, 58, 60, 61, 65}
PROGRAMS |= {*range(68, 74), 80, 81}
KITS = {0, 8, 16, 24, 25, 32, 40}
DRUMS = 128  # bank
INSTRUMENT, SAMPLE = 41, 53  # generators that name one
COMPRESSED = 0x10  # flag of a sample
LINKED = 0xE  # flags of a sample that has a partner
LONGEST = 3.0  # seconds
SMALL = 30_000  # bytes that are not worth cutting
PADDING = 92  # bytes of silence after each sample of an sf2
ROWS = {
    b"phdr": "<20sHHHIII",
    b"pbag": "<HH",
    b"pgen": "<HH",
    b"inst": "<20sH",
    b"ibag": "<HH",
    b"igen": "<HH",
    b"shdr": "<20sIIIIIBbHH",
}


class Font:
    """The chunks of a SoundFont."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.lists: dict[bytes, dict[bytes, tuple[int, int]]] = {}
        for name, at, size in self._chunks(12, len(data)):
            if name == b"LIST":
                inside = {n: (a, s) for n, a, s in self._chunks(at + 4, at + size)}
                self.lists[data[at : at + 4]] = inside
        self.rows = {name: self._rows(name, form) for name, form in ROWS.items()}

    def _chunks(self, begin: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Yield name, start and size of each chunk; some writers omit the padding byte."""
        while begin < end:
            name, size = struct.unpack_from("<4sI", self.data, begin)
            yield name, begin + 8, size
            after = begin + 8 + size
            begin = after + (size % 2 and self.data[after : after + 1] == b"\0")

    def _rows(self, name: bytes, form: str) -> list[tuple[Any, ...]]:
        at, size = self.lists[b"pdta"][name]
        return list(struct.iter_unpack(form, self.data[at : at + size]))

    def samples(self) -> list[int]:
        """Return the numbers of the samples that the kept presets play."""
        presets, instruments, samples = self.rows[b"phdr"], self.rows[b"inst"], self.rows[b"shdr"]
        played: set[int] = set()
        for one, after in itertools.pairwise(presets):
            _, program, bank, first = one[:4]
            if (bank == 0 and program in PROGRAMS) or (bank == DRUMS and program in KITS):
                played |= self._named(b"pbag", b"pgen", range(first, after[3]), INSTRUMENT)
        kept: set[int] = set()
        for number in played:
            zones = range(instruments[number][1], instruments[number + 1][1])
            kept |= self._named(b"ibag", b"igen", zones, SAMPLE)
        partners = {samples[k][8] for k in kept if samples[k][9] & LINKED}
        return sorted(kept | {k for k in partners if k < len(samples) - 1})

    def _named(self, bags: bytes, generators: bytes, zones: range, kind: int) -> set[int]:
        bag, found = self.rows[bags], set[int]()
        for zone in zones:
            own = self.rows[generators][bag[zone][0] : bag[zone + 1][0]]
            found |= {value for generator, value in own if generator == kind}
        return found


def small(data: bytes) -> bytes:
    """Return a SoundFont with only the kept samples."""
    font = Font(data)
    samples, kept = font.rows[b"shdr"], font.samples()
    step = 1 if any(row[9] & COMPRESSED for row in samples) else 2  # bytes of a unit of place
    start = font.lists[b"sdta"][b"smpl"][0]
    sound, headers = bytearray(), dict[int, tuple[Any, ...]]()
    for k in kept:
        row = samples[k]
        part, cut = data[start + step * row[1] : start + step * row[2]], None
        if step == 1:
            part, cut = shorter(part)
        at = len(sound) // step
        sound += part + (b"" if step == 1 else bytes(PADDING))
        end = at + len(part) // step
        loop = row[3:5]  # of a compressed sample, from its own start
        if step == 2:
            loop = (row[3] - row[1] + at, row[4] - row[1] + at)
        elif cut:
            loop = (cut - 128, cut - 64)
        headers[k] = (at, end, *loop)
    rows = [
        (row[0], *headers[k if k in headers else kept[0]], *row[5:])
        for k, row in enumerate(samples[:-1])
    ]
    return _file(font, bytes(sound) + b"\0" * (len(sound) % 2), [*rows, samples[-1]])


def shorter(ogg: bytes) -> tuple[bytes, int | None]:
    """Return a compressed sample, cut if it is long, and its number of samples if it was cut."""
    sound, rate = soundfile.read(io.BytesIO(ogg), dtype="float32")
    n = int(LONGEST * rate)
    if len(sound) <= n or len(ogg) < SMALL:
        return ogg, None
    fade = np.clip((n - 200 - np.arange(n)) / (0.8 * rate), 0, 1)
    out = io.BytesIO()
    cut = (sound[:n] * fade).astype(np.float32)
    soundfile.write(out, cut, rate, format="OGG", subtype="VORBIS")
    return (out.getvalue(), n) if out.tell() < len(ogg) else (ogg, None)


def _file(font: Font, sound: bytes, samples: list[tuple[Any, ...]]) -> bytes:
    def copied(part: bytes, name: bytes) -> bytes:
        at, size = font.lists[part][name]
        return _chunk(name, font.data[at : at + size])

    headers = b"".join(struct.pack(ROWS[b"shdr"], *row) for row in samples)
    info = b"".join(copied(b"INFO", name) for name in font.lists[b"INFO"])
    tables = [copied(b"pdta", n) for n in font.lists[b"pdta"] if n != b"shdr"]
    lists = (
        b"INFO" + info,
        b"sdta" + _chunk(b"smpl", sound),
        b"pdta" + b"".join([*tables, _chunk(b"shdr", headers)]),
    )
    return _chunk(b"RIFF", b"sfbk" + b"".join(_chunk(b"LIST", part) for part in lists))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("font", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    made = small(args.font.read_bytes())
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(made)
    print(f"{args.out}: {len(made) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
