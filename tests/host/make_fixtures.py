"""Writes fixtures.hpp: tiny picture files and the pixels that Pillow or OpenCV read from them.

Run with Pillow, numpy and opencv-python-headless installed:  python tests/host/make_fixtures.py
"""

import io
import pathlib
import struct
import zlib

import cv2
import numpy as np
import PIL
from PIL import Image


def smooth_picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    red = 40 + x * 180 // width
    green = 30 + y * 200 // height
    blue = 220 - (x + y) * 150 // (width + height)
    return Image.fromarray(np.stack([red, green, blue], -1).astype(np.uint8))


def saved(picture, **options):
    stream = io.BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


def rgb_of(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def png_chunk(kind, payload):
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def with_adobe_transform(jpeg, transform):
    at = jpeg.index(b"Adobe")
    return jpeg[: at + 11] + bytes([transform]) + jpeg[at + 12 :]


def without_adobe(jpeg):
    at = jpeg.index(b"Adobe") - 4
    return jpeg[:at] + jpeg[at + 16 :]


def array(name, data):
    lines = [f"inline constexpr uint8_t {name}[] = {{"]
    for i in range(0, len(data), 24):
        lines.append("    " + ", ".join(str(b) for b in data[i : i + 24]) + ",")
    return "\n".join(lines) + "\n};\n"


def main():
    picture = smooth_picture(20, 12)
    small = smooth_picture(16, 8)
    cmyk = saved(small.convert("CMYK"), format="JPEG", quality=95, optimize=True)
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65536, (3, 4, 3)).astype(np.uint16)
    deep_png = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
    palette = png_chunk(b"PLTE", bytes([10, 20, 30, 40, 50, 60, 70, 80, 90]))
    short_palette = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, 8, 3, 0, 0, 0))
        + palette
        + png_chunk(b"IDAT", zlib.compress(bytes([0, 0, 1, 2, 200])))
        + png_chunk(b"IEND", b"")
    )
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
        + png_chunk(b"IDAT", zlib.compress(bytes(1 << 20), 9))
        + png_chunk(b"IEND", b"")
    )
    files = {
        "baseline": saved(picture, format="JPEG", quality=90, optimize=True),
        "progressive": saved(picture, format="JPEG", quality=90, progressive=True),
        "restarts": saved(picture, format="JPEG", quality=90, restart_marker_blocks=1, optimize=True),
        "grey": saved(picture.convert("L"), format="JPEG", quality=90, optimize=True),
        "cmyk": cmyk,
        "ycck": with_adobe_transform(cmyk, 2),
        "rgb_png": saved(small, format="PNG"),
        "grey_alpha_png": saved(small.convert("LA"), format="PNG"),
        "palette_png": saved(small.quantize(7), format="PNG"),
    }
    parts = [
        "// Tiny picture files and the pixels that other programs read from them; made by make_fixtures.py",
        f"// with Pillow {PIL.__version__}, numpy {np.__version__} and OpenCV {cv2.__version__}.",
        "#ifndef FACEIO_TESTS_HOST_FIXTURES_HPP",
        "#define FACEIO_TESTS_HOST_FIXTURES_HPP",
        "",
        "#include <cstdint>",
        "",
        "// clang-format off",
        "namespace fixtures {",
        "",
    ]
    for name, data in files.items():
        parts.append(array(name, data))
        parts.append(array(name + "_rgb", rgb_of(data).tobytes()))
    parts.append(array("cmyk_without_adobe", without_adobe(cmyk)))
    parts.append(array("deep_png", deep_png))
    parts.append("// High bytes of the 16-bit samples above, as OpenCV reads them into 8 bits.")
    parts.append(array("deep_png_rgb", cv2.imdecode(np.frombuffer(deep_png, np.uint8), 1)[..., ::-1].tobytes()))
    parts.append("// Four pixels with indices 0, 1, 2, 200 and a palette of three colours.")
    parts.append(array("short_palette_png", short_palette))
    parts.append("// One grey pixel, whose data inflates to a million bytes.")
    parts.append(array("bomb_png", bomb))
    parts += ["}  // namespace fixtures", "// clang-format on", "", "#endif  // FACEIO_TESTS_HOST_FIXTURES_HPP", ""]
    pathlib.Path(__file__).with_name("fixtures.hpp").write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
