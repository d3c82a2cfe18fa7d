#!/usr/bin/env python3
"""Writes the WIDER FACE ground truth as text with subset flags, out of the makers' MATLAB files.

    wider_flags.py FOLDER OUTPUT.txt     FOLDER holds wider_face_val.mat and wider_{easy,medium,hard}_val.mat
                                         (eval_tools.zip of the makers, folder ground_truth)

Blocks of a picture line (event/file.jpg), a count line, and one line a face: x y width height blur
expression illumination invalid occlusion pose easy medium hard. The last three are 1 for faces that count in
that subset. include/faceio/eval/wider_text.hpp reads this form. Needs scipy.
"""

from __future__ import annotations

import pathlib
import sys

SUBSETS = ("easy", "medium", "hard")
LABELS = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")


class InputError(Exception):
    """A file that cannot be used; the message says which and why."""


def load(path: pathlib.Path, *names: str) -> dict:
    """The variables `names` of a MATLAB file."""
    from scipy.io import loadmat

    if not path.is_file():
        raise InputError(f"{path}: is absent; unpack ground_truth of the makers' eval_tools.zip there")
    try:
        content = loadmat(path)
    except Exception as error:  # scipy raises many kinds for files that are not MATLAB's
        raise InputError(f"{path}: is no readable MATLAB file ({error})") from error
    for name in names:
        if name not in content:
            raise InputError(f"{path}: has no variable {name}; is this file of another release?")
    return content


def cells(array) -> list:
    """A column of MATLAB cells as a list."""
    return [cell for cell in array.reshape(-1)]


def text(cell) -> str:
    """A cell that holds a string."""
    while not isinstance(cell, str):
        cell = cell.reshape(-1)[0]
    return cell


def number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def column(array, length: int, where: str, what: str) -> list:
    values = array.reshape(-1).tolist()
    if len(values) != length:
        raise InputError(f"{where}: has {length} faces but {len(values)} {what}")
    return values


def face_lines(boxes, labels: dict, counting: dict, where: str) -> list[str]:
    """One line a face. labels: name -> value a face; counting: subset -> 1-based indices of faces."""
    if boxes.size % 4 != 0:
        raise InputError(f"{where}: boxes have {boxes.shape[-1]} columns, expected x y width height")
    boxes = boxes.reshape(-1, 4)
    columns = [column(labels[name], len(boxes), where, f"{name} labels") for name in LABELS]
    for subset in SUBSETS:
        indices = [int(i) for i in counting[subset].reshape(-1)]
        if any(not 1 <= i <= len(boxes) for i in indices):
            raise InputError(f"{where}: subset {subset} names a face that is not among 1..{len(boxes)}")
        columns.append([int(i + 1 in indices) for i in range(len(boxes))])
    return [" ".join([*map(number, box), *map(number, row)]) for box, row in zip(boxes, zip(*columns))]


def convert(folder: pathlib.Path) -> list[str]:
    """The lines of the text form."""
    path = folder / "wider_face_val.mat"
    names = [f"{label}_label_list" for label in LABELS]
    truth = load(path, "event_list", "file_list", "face_bbx_list", *names)
    subsets = {s: load(folder / f"wider_{s}_val.mat", "gt_list")["gt_list"] for s in SUBSETS}
    lines = []
    for i, event_cell in enumerate(cells(truth["event_list"])):
        event = text(event_cell)

        def pictures(array, what: str) -> list:
            """The cells of this event's pictures."""
            if len(cells(array)) <= i:
                raise InputError(f"{folder}: event {event} is absent from {what}")
            return cells(cells(array)[i])

        files = [text(cell) for cell in pictures(truth["file_list"], "file_list")]
        parts = {name: pictures(truth[name], name) for name in ["face_bbx_list", *names]}
        parts.update({s: pictures(subsets[s], f"gt_list of {s}") for s in SUBSETS})
        for name, part in parts.items():
            if len(part) != len(files):
                raise InputError(f"{folder}: event {event} has {len(files)} files but {len(part)} of {name}")
        for j, file in enumerate(files):
            where = f"{event}/{file}"
            labels = {label: parts[f"{label}_label_list"][j] for label in LABELS}
            faces = face_lines(parts["face_bbx_list"][j], labels, {s: parts[s][j] for s in SUBSETS}, where)
            lines += [f"{where}.jpg", str(len(faces)), *faces]
    return lines


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        lines = convert(pathlib.Path(sys.argv[1]))
        pathlib.Path(sys.argv[2]).write_text("\n".join(lines) + "\n", encoding="utf-8")
    except ImportError:
        print("wider_flags.py: scipy is missing: python3 -m pip install scipy", file=sys.stderr)
        return 2
    except (InputError, OSError) as error:
        print(f"wider_flags.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
