#!/usr/bin/env python3
"""Writes a weight blob as source code, for compilers without .incbin (others: FACEIO_INCBIN, weights/embed.hpp).

    embed_blob.py BLOB --symbol NAME --out FOLDER [--section SECTION] [--assembler]

FOLDER/NAME.h   declares `const unsigned char NAME[SIZE]`, 64-byte aligned: faceio::Blob::open(NAME)
FOLDER/NAME.c   the bytes, as C; with --assembler FOLDER/NAME.S, which compiles faster and refers to BLOB

The array lies in SECTION (default: .weights), which the linker script places in flash or external memory.
"""

import argparse
import pathlib
import re
import struct
import sys

_BYTES_A_LINE = 24
# Magic, and the size of the whole file (docs/weight_format.md).
_MAGIC = b"FIOW"
_FILE_BYTES_AT = 16

_HEADER = """\
/* {name} of {bytes} bytes; made by embed_blob.py from {blob}. */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
extern "C" {{
#endif
extern const unsigned char {name}[{bytes}];
#ifdef __cplusplus
}}
#endif

#endif
"""

_C = """\
/* Made by embed_blob.py from {blob}. */
#include "{name}.h"

/* Compilers without these attributes: put the alignment of 64 bytes and the section here in their own words. */
__attribute__((aligned(64), section("{section}"))) const unsigned char {name}[{bytes}] = {{
{rows}
}};
"""

_ASSEMBLER = """\
/* Made by embed_blob.py from {blob}. */
    .section {section}, "a"
    .balign 64
    .global {name}
{name}:
    .incbin "{path}"
"""


class Refused(Exception):
    pass


def blob_bytes(path):
    """The bytes of a blob that is one, and whole."""
    data = path.read_bytes()
    if data[:4] != _MAGIC:
        raise Refused(f"{path} is not a faceio weight blob")
    (size,) = struct.unpack_from("<Q", data, _FILE_BYTES_AT)
    if size != len(data):
        raise Refused(f"{path} has {len(data)} bytes instead of {size}")
    return data


def write(blob, name, folder, section, assembler):
    data = blob_bytes(blob)
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise Refused(f"'{name}' is no name in C")
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "name": name,
        "bytes": len(data),
        "blob": blob.name,
        "path": str(blob.resolve()).replace("\\", "/"),
        "guard": f"{name.upper()}_H",
        "section": section,
    }
    (folder / f"{name}.h").write_text(_HEADER.format(**values))
    if assembler:
        (folder / f"{name}.S").write_text(_ASSEMBLER.format(**values))
    else:
        lines = [data[i : i + _BYTES_A_LINE] for i in range(0, len(data), _BYTES_A_LINE)]
        rows = ",\n".join(",".join(map(str, line)) for line in lines)
        (folder / f"{name}.c").write_text(_C.format(rows=rows, **values))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("blob", type=pathlib.Path)
    parser.add_argument("--symbol", required=True)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--section", default=".weights")
    parser.add_argument("--assembler", action="store_true")
    options = parser.parse_args()
    try:
        write(options.blob, options.symbol, options.out, options.section, options.assembler)
    except (Refused, OSError) as error:
        print(f"embed_blob.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
