"""Writes image_truth.hpp: what OpenCV makes of small pictures, for image_test.cpp.

Usage: python tests/kernels/make_image_truth.py   (needs numpy and opencv-python-headless)

Pictures come from the formula of pattern(), which image_test.cpp repeats, so only results are stored.
"""
import pathlib

import cv2
import numpy as np

RESIZES = [  # input width, height, output width, height
    (7, 5, 13, 9),
    (16, 12, 5, 4),
    (9, 6, 9, 6),
    (1, 1, 4, 3),
    (1, 7, 3, 4),
    (12, 8, 6, 4),
    (5, 3, 41, 4),
]

# Output pixel -> picture. All positions are multiples of 1/32 pixel: cv2 rounds to that grid.
WARPS = [  # input width, height, output width, height, matrix
    (12, 10, 11, 7, (1.25, -0.5, 2.0625, 0.5, 1.25, -1.53125)),
    (6, 4, 9, 8, (0.5, 0.25, -1.5, -0.25, 0.75, 0.125)),
    (5, 5, 8, 6, (-1.0, 0.0, 5.5, 0.0, 1.0, -0.75)),
    (1, 1, 3, 3, (0.5, 0.0, -0.5, 0.0, 0.5, -0.25)),
]

YUV_WIDTH, YUV_HEIGHT = 12, 6


def pattern(height, width, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((x * 37 + y * 91 + c * 53 + x * y * 7) % 256).astype(np.uint8)


def array(name, values):
    numbers = [str(int(v)) for v in np.asarray(values).reshape(-1)]
    lines, line = [], "   "
    for number in numbers:
        if len(line) + len(number) + 2 > 100:
            lines.append(line)
            line = "   "
        line += f" {number},"
    lines.append(line)
    return f"inline constexpr uint8_t {name}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main():
    out = [
        "// What OpenCV " + cv2.__version__
        + " makes of small pictures. Written by make_image_truth.py; do not edit.\n"
        "#ifndef FACEIO_TESTS_KERNELS_IMAGE_TRUTH_HPP\n"
        "#define FACEIO_TESTS_KERNELS_IMAGE_TRUTH_HPP\n\n"
        "#include <cstdint>\n\n"
        "namespace truth {\n\n"
        "struct Case {\n"
        "  int in_width, in_height, out_width, out_height;\n"
        "  float matrix[6];  // warps only: output pixel -> picture\n"
        "  const uint8_t* rgb;\n"
        "};\n"
    ]
    rows = []
    for i, (w, h, ow, oh) in enumerate(RESIZES):
        result = cv2.resize(pattern(h, w, 3), (ow, oh), interpolation=cv2.INTER_LINEAR)
        out.append(array(f"kResize{i}", result))
        rows.append(f"    {{{w}, {h}, {ow}, {oh}, {{}}, kResize{i}}},\n")
    out.append("inline constexpr Case kResizes[] = {\n" + "".join(rows) + "};\n")
    rows = []
    for i, (w, h, ow, oh, m) in enumerate(WARPS):
        matrix = np.array(m, np.float64).reshape(2, 3)
        result = cv2.warpAffine(pattern(h, w, 3), matrix, (ow, oh),
                                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                                borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        out.append(array(f"kWarp{i}", result))
        numbers = ", ".join(f"{v}f" for v in m)
        rows.append(f"    {{{w}, {h}, {ow}, {oh}, {{{numbers}}}, kWarp{i}}},\n")
    out.append("inline constexpr Case kWarps[] = {\n" + "".join(rows) + "};\n")

    planar = pattern(YUV_HEIGHT * 3 // 2, YUV_WIDTH, 1)[:, :, 0]
    packed = pattern(YUV_HEIGHT, YUV_WIDTH * 2, 1)[:, :, 0].reshape(YUV_HEIGHT, YUV_WIDTH, 2)
    out.append(f"inline constexpr int kYuvWidth = {YUV_WIDTH}, kYuvHeight = {YUV_HEIGHT};\n")
    out.append(array("kNv12", cv2.cvtColor(planar, cv2.COLOR_YUV2RGB_NV12)))
    out.append(array("kNv21", cv2.cvtColor(planar, cv2.COLOR_YUV2RGB_NV21)))
    out.append(array("kYuyv", cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_YUY2)))
    out.append("\n}  // namespace truth\n\n#endif\n")
    pathlib.Path(__file__).with_name("image_truth.hpp").write_text("".join(out))


if __name__ == "__main__":
    main()
