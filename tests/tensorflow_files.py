"""Writes checkpoints of TensorFlow 1 by the format's description, for tests of what reads them."""

import struct

import numpy as np


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def block_of(entries, restart=4) -> bytes:
    """Each `restart`-th key is whole; the others leave out what they share with the one before."""
    block, before, restarts = b"", b"", []
    for number, (key, value) in enumerate(entries):
        shared = 0
        if number % restart:
            while shared < min(len(key), len(before)) and key[shared] == before[shared]:
                shared += 1
        else:
            restarts.append(len(block))
        block += varint(shared) + varint(len(key) - shared) + varint(len(value))
        block += key[shared:] + value
        before = key
    return block + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def bundle_of(tensors: dict, per_block: int = 5, compression: int = 0) -> tuple[bytes, bytes]:
    """Return the contents of .index and .data of float32 and int64 tensors."""
    data, entries = b"", [(b"", b"\x08\x01")]
    for name in sorted(tensors):
        array = np.asarray(tensors[name])
        kind = {"float32": 1, "int64": 9}[array.dtype.name]
        sizes = b"".join(
            b"\x12" + varint(len(size)) + size
            for size in (b"\x08" + varint(n) for n in array.shape)
        )
        entry = b"\x08" + varint(kind) + b"\x12" + varint(len(sizes)) + sizes
        if data:
            entry += b"\x20" + varint(len(data))
        entry += b"\x28" + varint(array.nbytes) + b"\x35" + b"\0\0\0\0"
        data += array.tobytes()
        entries.append((name.encode(), entry))
    table, places = b"", []
    for start in range(0, len(entries), per_block):
        some = entries[start : start + per_block]
        block = block_of(some)
        places.append((some[-1][0], varint(len(table)) + varint(len(block))))
        table += block + bytes([compression]) + b"\0\0\0\0"
    handles = b""
    for entries_of_block in ([], places):  # metaindex, index
        block = block_of(entries_of_block)
        handles += varint(len(table)) + varint(len(block))
        table += block + b"\0\0\0\0\0"
    return table + handles.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57), data
