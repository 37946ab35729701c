"""A SoundFont file of a few samples, written after the SoundFont 2.04 specification."""

import struct

import numpy as np

RATE = 44100
KEY_RANGE, VELOCITY_RANGE, INSTRUMENT, SAMPLE, ROOT_KEY = 43, 44, 41, 53, 58


def _chunk(name, data):
    return struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)


def _list(name, *chunks):
    return _chunk(b"LIST", name + b"".join(chunks))


def soundfont(zones, bank=128):
    """Return the bytes of a SoundFont with one preset.

    zones: (key, lowest velocity, highest velocity, samples), samples (n,) in [-1, 1] at 44.1 kHz.
    """
    data, headers, generators, bags = b"", b"", b"", b""
    for number, (key, low, high, samples) in enumerate(zones):
        start = len(data) // 2
        data += np.rint(np.asarray(samples) * 32767).astype("<i2").tobytes()
        end = len(data) // 2
        data += bytes(2 * 46)  # the specification's silence after each sample
        headers += struct.pack(
            "<20sIIIIIBbHH", b"sample%d" % number, start, end, start, end, RATE, key, 0, 0, 1
        )
        bags += struct.pack("<HH", 4 * number, 0)
        generators += struct.pack("<HBB", KEY_RANGE, key, key)
        generators += struct.pack("<HBB", VELOCITY_RANGE, low, high)
        generators += struct.pack("<HH", ROOT_KEY, key) + struct.pack("<HH", SAMPLE, number)
    preset = struct.pack("<20sHHHIII", b"Kit", 0, bank, 0, 0, 0, 0)
    details = _list(
        b"pdta",
        _chunk(b"phdr", preset + struct.pack("<20sHHHIII", b"EOP", 0, 0, 1, 0, 0, 0)),
        _chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
        _chunk(b"pmod", bytes(10)),
        _chunk(b"pgen", struct.pack("<HHHH", INSTRUMENT, 0, 0, 0)),
        _chunk(b"inst", struct.pack("<20sH", b"Kit", 0) + struct.pack("<20sH", b"EOI", len(zones))),
        _chunk(b"ibag", bags + struct.pack("<HH", 4 * len(zones), 0)),
        _chunk(b"imod", bytes(10)),
        _chunk(b"igen", generators + bytes(4)),
        _chunk(b"shdr", headers + struct.pack("<20sIIIIIBbHH", b"EOS", *[0] * 9)),
    )
    info = _list(b"INFO", _chunk(b"ifil", struct.pack("<HH", 2, 4)), _chunk(b"INAM", b"Kit\0"))
    return _chunk(b"RIFF", b"sfbk" + info + _list(b"sdta", _chunk(b"smpl", data)) + details)
