"""The committed test picture as PPM files of any size, with nothing but the standard library."""

import pathlib
import struct
import zlib


def read_png_rgb(path):
    """(width_px, [rows of RGB bytes]) of an 8-bit RGB PNG without interlacing."""
    data = pathlib.Path(path).read_bytes()
    at, packed, header = 8, b"", None
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", content)
        elif kind == b"IDAT":
            packed += content
        at += 12 + length
    if header is None or header[2:4] != (8, 2) or header[6] != 0:
        raise ValueError(f"{path}: not an 8-bit RGB PNG without interlacing")
    width_px, height_px = header[:2]
    raw, stride = zlib.decompress(packed), width_px * 3
    rows, above = [], bytes(stride)
    for y in range(height_px):
        start = y * (stride + 1)
        row = bytearray(raw[start + 1 : start + 1 + stride])
        unfilter(raw[start], row, above)
        above = bytes(row)
        rows.append(above)
    return width_px, rows


def unfilter(kind, row, above):
    """Undoes a PNG row filter in place; three bytes a pixel."""
    for i in range(len(row) if kind else 0):
        left = row[i - 3] if i >= 3 else 0
        up = above[i]
        corner = above[i - 3] if i >= 3 else 0
        if kind == 1:
            predicted = left
        elif kind == 2:
            predicted = up
        elif kind == 3:
            predicted = (left + up) // 2
        else:
            p = left + up - corner
            distance = (abs(p - left), abs(p - up), abs(p - corner))
            predicted = (left, up, corner)[distance.index(min(distance))]
        row[i] = (row[i] + predicted) & 0xFF


def write_tiled_ppm(path, picture, width_px, height_px):
    """Repeats a picture of read_png_rgb() over a PPM of the given size."""
    tile_width_px, rows = picture
    times = -(-width_px // tile_width_px)
    with open(path, "wb") as out:
        out.write(b"P6\n%d %d\n255\n" % (width_px, height_px))
        for y in range(height_px):
            out.write((rows[y % len(rows)] * times)[: width_px * 3])
