"""Checkpoints of TensorFlow 1, read without TensorFlow.

A checkpoint is two files. `NAME.index` is a table of LevelDB's format: blocks of sorted keys, each
key without the prefix that it shares with the key before it. Its values are protocol buffers with
type, shape, offset and size of each tensor. `NAME.data-00000-of-00001` holds the tensors, one after
another.

Source:
    LevelDB's doc/table_format.md; TensorFlow's core/protobuf/tensor_bundle.proto.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from workbench.errors import BrokenFileError

MAGIC = 0xDB4775248B80FB57
FOOTER = 48  # bytes: two handles of blocks, padding, the magic number
DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}  # of DataType in types.proto


def read_bundle(index: bytes, data: bytes, skip: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Return the tensors of a checkpoint by name.

    Args:
        index: Contents of the .index file.
        data: Contents of the only .data file.
        skip: Names that contain one of these texts are left out.

    Raises:
        BrokenFileError: for files that are not a checkpoint, a compressed table, other types of
            numbers, and data that end too early.
    """
    try:
        return {
            name: _tensor(name, dict(_fields(entry)), data)
            for name, entry in _entries(index)
            if name and not any(text in name for text in skip)
        }
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise BrokenFileError(f"not a valid TensorFlow checkpoint ({error})") from None


def _entries(index: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names and values of the table: its index block holds the places of the others."""
    if len(index) < FOOTER or int.from_bytes(index[-8:], "little") != MAGIC:
        raise ValueError("the magic number is missing")
    footer = index[-FOOTER:]
    at = _varint(footer, _varint(footer, 0)[1])[1]  # behind the handle of the metaindex
    for _, handle in _block(index, *_handle(footer, at)):
        for key, value in _block(index, *_handle(handle, 0)):
            yield key.decode(), value


def _block(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the entries of a block; at its end are its restart points and their number."""
    block = table[offset : offset + size]
    if table[offset + size]:
        raise ValueError("the table is compressed")
    end, at, key = size - 4 - 4 * int.from_bytes(block[-4:], "little"), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        own, at = _varint(block, at)
        length, at = _varint(block, at)
        key = key[:shared] + block[at : at + own]
        at += own + length
        yield key, block[at - length : at]


def _handle(data: bytes, at: int) -> tuple[int, int]:
    """Return offset and size of a block."""
    offset, at = _varint(data, at)
    return offset, _varint(data, at)[0]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits per byte, lowest first, and the place behind it."""
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protocol buffer."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
        else:
            length, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            yield number, message[at : at + length]
            at += length


def _tensor(name: str, entry: dict[int, int | bytes], data: bytes) -> np.ndarray:
    """Return a tensor. Fields: 1 type, 2 shape, 4 offset, 5 size in bytes; zeros are omitted."""
    offset, size = (int(entry.get(field, 0)) for field in (4, 5))
    if offset + size > len(data):
        raise ValueError(f"{name} is cut short")
    dimensions = [dict(_fields(value)) for _, value in _fields(bytes(entry.get(2, b"")))]  # type: ignore[arg-type]
    shape = [int(dimension.get(1, 0)) for dimension in dimensions]
    return np.frombuffer(data[offset : offset + size], DTYPES[int(entry[1])]).reshape(shape)
