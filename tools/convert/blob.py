"""Writer and reader of the FIOW weight format, version 1 (docs/weight_format.md)."""

from __future__ import annotations

import dataclasses
import enum
import struct

import numpy as np

MAGIC = b"FIOW"
FORMAT_VERSION = 1
HEADER_BYTES = 64
ENTRY_BYTES = 64
ALIGNMENT_BYTES = 64
ENDIAN_MARK = 0x01020304
WHOLE_MODEL = 0xFFFF
FLAG_OPTIONAL = 1
PANEL = 16
QUAD = 4

_HEADER = struct.Struct("<4sHHIIQQIII16xI")
_ENTRY = struct.Struct("<HBBBBH4IQQf20x")


class Role(enum.IntEnum):
    WEIGHTS = 1
    BIAS = 2
    SLOPE = 3
    SCALE = 4
    SHIFT = 5
    # Int8 blobs only (docs/int8.md): requantisation, padding and dequantisation.
    REQUANTISE_SHIFT = 6
    REQUANTISE_POSITIVE = 7
    REQUANTISE_NEGATIVE = 8
    REQUANTISE_OFFSET = 9
    REQUANTISE_ADDEND = 10
    BORDER = 11
    OUTPUT_SCALE = 12
    SELFTEST_INPUT = 16
    SELFTEST_OUTPUT = 17
    PROVENANCE = 32
    PREPROCESSING = 33


class Dtype(enum.IntEnum):
    F32 = 1
    F16 = 2
    BF16 = 3
    I8 = 4
    U8 = 5
    I32 = 6
    I16 = 7


class Layout(enum.IntEnum):
    DENSE = 0
    PANEL16 = 1
    DEPTHWISE16 = 2
    SAMPLES = 3
    QUADS16 = 4


_NUMPY_DTYPE = {Dtype.F32: np.dtype("<f4"), Dtype.F16: np.dtype("<f2"), Dtype.I8: np.dtype("i1"),
                Dtype.U8: np.dtype("u1"), Dtype.I32: np.dtype("<i4"), Dtype.I16: np.dtype("<i2")}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One tensor: logical dims, and the payload as stored (packed for its layout)."""

    op_index: int
    role: Role
    dtype: Dtype
    layout: Layout
    dims: tuple[int, ...]
    payload: bytes
    flags: int = 0
    tolerance: float = 0.0


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli, reflected, initial value and final xor 0xffffffff)."""
    table = _CRC_TABLE
    crc = 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def pack_conv(weights: np.ndarray) -> bytes:
    """[c_out, kh, kw, c_in] to panel16: [ceil(c_out/16)][kh*kw*c_in][16] float32."""
    c_out = weights.shape[0]
    rows = weights.reshape(c_out, -1)
    padded = np.zeros((round_up(c_out, PANEL), rows.shape[1]), np.float32)
    padded[:c_out] = rows
    panels = padded.reshape(-1, PANEL, rows.shape[1]).transpose(0, 2, 1)
    return panels.astype("<f4").tobytes()


def unpack_conv(payload: bytes, dims: tuple[int, ...]) -> np.ndarray:
    c_out, kh, kw, c_in = dims
    panels = np.frombuffer(payload, "<f4").reshape(-1, kh * kw * c_in, PANEL)
    rows = panels.transpose(0, 2, 1).reshape(-1, kh * kw * c_in)
    return rows[:c_out].reshape(dims)


def pack_quads(weights: np.ndarray) -> bytes:
    """[c_out, kh, kw, c_in] to quads16: [ceil(c_out/16)][kh * round_up(kw*c_in, 4) / 4][16][4] int8.

    Zeros follow the kw * c_in terms of each kernel row up to a multiple of 4.
    """
    c_out, kh, kw, c_in = weights.shape
    padded = np.zeros((round_up(c_out, PANEL), kh, round_up(kw * c_in, QUAD)), np.int8)
    padded[:c_out, :, :kw * c_in] = weights.reshape(c_out, kh, kw * c_in)
    return padded.reshape(-1, PANEL, padded[0].size // QUAD, QUAD).transpose(0, 2, 1, 3).tobytes()


def unpack_quads(payload: bytes, dims: tuple[int, ...]) -> np.ndarray:
    c_out, kh, kw, c_in = dims
    row_terms = round_up(kw * c_in, QUAD)
    quads = np.frombuffer(payload, "i1").reshape(-1, kh * row_terms // QUAD, PANEL, QUAD)
    rows = quads.transpose(0, 2, 1, 3).reshape(-1, kh, row_terms)
    return rows[:c_out, :, :kw * c_in].reshape(dims)


def pack_depthwise(weights: np.ndarray, dtype: Dtype = Dtype.F32) -> bytes:
    """[kh, kw, c] to depthwise16: [kh*kw][round_up(c, 16)]."""
    kh, kw, channels = weights.shape
    padded = np.zeros((kh * kw, round_up(channels, PANEL)), _NUMPY_DTYPE[dtype])
    padded[:, :channels] = weights.reshape(kh * kw, channels)
    return padded.tobytes()


def unpack_depthwise(payload: bytes, dims: tuple[int, ...],
                     dtype: Dtype = Dtype.F32) -> np.ndarray:
    kh, kw, channels = dims
    rows = np.frombuffer(payload, _NUMPY_DTYPE[dtype]).reshape(kh * kw, -1)
    return rows[:, :channels].reshape(dims)


def pack_vector(values: np.ndarray, dtype: Dtype = Dtype.F32) -> bytes:
    """[c] zero-padded to a multiple of 16 elements."""
    padded = np.zeros(round_up(len(values), PANEL), _NUMPY_DTYPE[dtype])
    padded[:len(values)] = values
    return padded.tobytes()


def tensor(entry: Entry) -> np.ndarray:
    """Logical array of an entry, without the padding of its layout.

    Raises ValueError for a dtype numpy lacks (bf16).
    """
    if entry.layout == Layout.PANEL16:
        return unpack_conv(entry.payload, entry.dims)
    if entry.layout == Layout.DEPTHWISE16:
        return unpack_depthwise(entry.payload, entry.dims, entry.dtype)
    if entry.layout == Layout.QUADS16:
        return unpack_quads(entry.payload, entry.dims)
    if entry.dtype not in _NUMPY_DTYPE:
        raise ValueError(f"op {entry.op_index}: no numpy type for dtype {entry.dtype.name}")
    values = np.frombuffer(entry.payload, _NUMPY_DTYPE[entry.dtype])
    if entry.layout == Layout.SAMPLES:
        return values[:entry.dims[0]]
    return values[:int(np.prod(entry.dims))].reshape(entry.dims)


def write_blob(model_id: int, entries: list[Entry]) -> bytes:
    """Bytes of a FIOW file. The order of entries does not matter: they are sorted here.

    Raises ValueError when two entries have the same (op_index, role).
    """
    entries = sorted(entries, key=lambda entry: (entry.op_index, entry.role))
    keys = [(entry.op_index, entry.role) for entry in entries]
    if len(set(keys)) != len(keys):
        raise ValueError("two entries share one (op_index, role)")
    payload_offset = HEADER_BYTES + ENTRY_BYTES * len(entries)
    directory, payload = b"", b""
    for entry in entries:
        dims = entry.dims + (1,) * (4 - len(entry.dims))
        directory += _ENTRY.pack(entry.op_index, entry.role, entry.dtype, entry.layout,
                                 len(entry.dims), entry.flags, *dims, payload_offset + len(payload),
                                 len(entry.payload), entry.tolerance)
        payload += entry.payload
        payload += bytes(round_up(len(payload), ALIGNMENT_BYTES) - len(payload))
    header = _HEADER.pack(MAGIC, FORMAT_VERSION, HEADER_BYTES, ENDIAN_MARK, len(entries),
                          payload_offset + len(payload), model_id, crc32c(directory),
                          crc32c(payload), payload_offset, 0)
    header = header[:60] + struct.pack("<I", crc32c(header[:60]))
    return header + directory + payload


def read_blob(content: bytes) -> tuple[int, list[Entry]]:
    """Model id and entries of a FIOW file, every rule of the format checked.

    Raises ValueError naming the first rule that the file breaks.
    """
    def require(condition: bool, message: str) -> None:
        if not condition:
            raise ValueError(f"not a usable FIOW file: {message}; convert it again")

    require(len(content) >= HEADER_BYTES, f"{len(content)} bytes, a header has {HEADER_BYTES}")
    (magic, version, header_bytes, endian_mark, count, file_bytes, model_id, directory_crc,
     payload_crc, payload_offset, header_crc) = _HEADER.unpack(content[:HEADER_BYTES])
    require(magic == MAGIC, f"magic {magic!r}")
    require(header_crc == crc32c(content[:60]), "header_crc32c differs")
    require(version == FORMAT_VERSION, f"format_version {version}, known is {FORMAT_VERSION}")
    require(header_bytes == HEADER_BYTES, f"header_bytes {header_bytes}")
    require(endian_mark == ENDIAN_MARK, f"endian_mark {endian_mark:#x}")
    require(not any(content[44:60]), "header bytes 44..59 are not zero")
    require(file_bytes == len(content), f"file_bytes {file_bytes}, the file has {len(content)}")
    require(payload_offset == HEADER_BYTES + ENTRY_BYTES * count, "payload_offset is off")
    require(payload_offset <= file_bytes, "the directory is cut off")
    require(directory_crc == crc32c(content[HEADER_BYTES:payload_offset]),
            "directory_crc32c differs")
    require(payload_crc == crc32c(content[payload_offset:]), "payload_crc32c differs")

    entries: list[Entry] = []
    end = payload_offset
    for index in range(count):
        at = HEADER_BYTES + index * ENTRY_BYTES
        (op_index, role, dtype, layout, rank, flags, *dims, offset, size,
         tolerance) = _ENTRY.unpack(content[at:at + ENTRY_BYTES])
        require(not any(content[at + 44:at + ENTRY_BYTES]),
                f"entry {index}: bytes 44..63 are not zero")
        require(1 <= rank <= 4 and all(dim == 1 for dim in dims[rank:]), f"entry {index}: rank")
        require(offset == end, f"entry {index}: offset {offset}, expected {end}")
        end = round_up(offset + size, ALIGNMENT_BYTES)
        require(size > 0 and end <= file_bytes, f"entry {index}: ends outside of the file")
        require(not any(content[offset + size:end]), f"entry {index}: padding is not zero")
        entry = Entry(op_index, Role(role), Dtype(dtype), Layout(layout), tuple(dims[:rank]),
                      content[offset:offset + size], flags, tolerance)
        require(not entries or (entries[-1].op_index, entries[-1].role) < (op_index, role),
                f"entry {index}: not sorted by (op_index, role)")
        entries.append(entry)
    require(end == file_bytes, "bytes after the last payload")
    return model_id, entries
