"""Embeds LFW faces with faceio and with the source models, and compares the embeddings.

Both get the same pixels and go the whole way by themselves: detection, choice of the face,
alignment, network. Fails when a cosine is below 0.999, or when the similarity of a pair of pictures
comes out more than 0.005 away from the reference's.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

import numpy as np

import inputs
import reference
from program import Faces, Program

PICTURES = 200
MIN_SCORE = 0.5
SMALLEST_COSINE = 0.999
PAIR_TOLERANCE = 0.005
RECORD_TOLERANCE = 0.0005
PICTURES_A_CALL = 25


def selection(folder: pathlib.Path) -> list[pathlib.Path]:
    """PICTURES files, evenly spaced in the sorted list of all."""
    files = sorted(folder.glob("*/*.jpg"))
    if len(files) < PICTURES:
        raise RuntimeError(f"{folder} has {len(files)} pictures, {PICTURES} are needed")
    return [files[index * len(files) // PICTURES] for index in range(PICTURES)]


def subject(faces: Faces) -> int:
    """Index of the face the picture is about: area minus twice its squared distance to the centre.

    Raises RuntimeError when there is no face.
    """
    if len(faces) == 0:
        raise RuntimeError("no face found")
    sides = faces.boxes[:, 2:] - faces.boxes[:, :2]
    offset = (faces.boxes[:, 2:] + faces.boxes[:, :2]) / 2 - np.array(faces.size) / 2
    return int(np.argmax(sides.prod(axis=1) - 2 * (offset ** 2).sum(axis=1)))


class ReferencePipeline:
    def __init__(self, packages: pathlib.Path) -> None:
        detector, recogniser = inputs.source_models(packages)
        self._detector = reference.Detector(detector)
        self._recogniser = reference.Recogniser(recogniser)

    def embed(self, picture: np.ndarray) -> np.ndarray:
        """[192], unit length, of the subject of a [H, W, 3] uint8 RGB picture."""
        faces = reference.detect(self._detector.run(picture),
                                 (picture.shape[1], picture.shape[0]), MIN_SCORE)
        return self.embed_face(picture, faces.landmarks[subject(faces)])

    def embed_crop(self, crop: np.ndarray) -> np.ndarray:
        """[192], unit length, of an aligned [112, 112, 3] uint8 RGB crop."""
        return self._recogniser.embed(crop)

    def embed_face(self, picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """[192], unit length, of the face with these landmarks, [5, 2] in pixels."""
        return self.embed_crop(reference.align(picture, landmarks))


def compare_pictures(files, pipeline, program) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines [N] of faceio with the reference: same pixels, own decoders, faceio's landmarks."""
    same, own, same_landmarks = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for begin in range(0, len(files), PICTURES_A_CALL):
            batch = files[begin:begin + PICTURES_A_CALL]
            pictures = [inputs.read_picture(path) for path in batch]
            copies = [pathlib.Path(folder) / f"{index}.png" for index in range(len(batch))]
            for picture, copy in zip(pictures, copies, strict=True):
                inputs.write_lossless(picture, copy)
            for path, picture, of_copy, of_file in zip(batch, pictures,
                                                       program.embed(copies, MIN_SCORE),
                                                       program.embed(batch, MIN_SCORE),
                                                       strict=True):
                try:
                    expected = pipeline.embed(picture)
                    face, face_of_file = subject(of_copy), subject(of_file)
                except RuntimeError as error:
                    raise RuntimeError(f"{path}: {error}") from error
                same.append(expected @ of_copy.embeddings[face])
                own.append(expected @ of_file.embeddings[face_of_file])
                same_landmarks.append(pipeline.embed_face(picture, of_copy.landmarks[face])
                                      @ of_copy.embeddings[face])
    return np.array(same), np.array(own), np.array(same_landmarks)


def compare_pair(lfw: pathlib.Path, golden: pathlib.Path, pipeline, program) -> list[str]:
    """Faults in the cosine of two pictures of one person.

    The record was made from other copies of the two pictures, of which only the aligned crops are
    kept: the crops tie the reference to the record, and the reference is what faceio has to meet.
    """
    name, faults = "Rob_Lowe", []
    manifest = json.loads((golden / "manifest.json").read_text(encoding="utf-8"))
    on_record = manifest["recogniser"]["expo_mobilefacenet_192"]["cos"][
        f"lfw_{name}_0002~lfw_{name}_0001"]
    crop_files = [golden / f"rec_lfw_{name}_{number:04}_112.png" for number in (1, 2)]
    crops = [inputs.read_picture(path) for path in crop_files]
    of_crops = float(np.dot(*map(pipeline.embed_crop, crops)))
    print(f"{name} 1 and 2, recorded crops: cosine {of_crops:.5f} by the reference, "
          f"{on_record:.5f} on record")
    if not abs(of_crops - on_record) <= RECORD_TOLERANCE:
        faults.append("the reference does not reproduce the record")

    pictures = [lfw / name / f"{name}_{number:04}.jpg" for number in (1, 2)]
    for what, files in (("LFW pictures", pictures), ("recorded crops, found again", crop_files)):
        ours = program.compare(*files)
        theirs = float(np.dot(*[pipeline.embed(inputs.read_picture(path)) for path in files]))
        print(f"{name} 1 and 2, {what}: cosine {ours:.5f} by faceio compare, {theirs:.5f} by the "
              "reference")
        if not abs(ours - theirs) <= PAIR_TOLERANCE:
            faults.append(f"{name}, {what}: more than {PAIR_TOLERANCE} apart")
    return faults


def main() -> int:
    arguments = inputs.parse_with_pictures(inputs.parser(__doc__))
    lfw = arguments.data / "lfw" / "deepfunneled250"
    try:
        program = Program(arguments.faceio)
        pipeline = ReferencePipeline(arguments.packages)
        files = selection(lfw)
        same, own, same_landmarks = compare_pictures(files, pipeline, program)
        faults = compare_pair(lfw, arguments.golden, pipeline, program)
    except RuntimeError as error:
        print(f"embed.py: {error}", file=sys.stderr)
        return 1

    print(f"{len(files)} LFW pictures, cosine of faceio's embedding with the reference's")
    print(f"{'':<46}{'min':>12}{'mean':>12}{'>= 0.9999':>12}")
    for text, cosines in (("same pixels, each detects and aligns by itself", same),
                          ("same pixels and landmarks", same_landmarks),
                          ("each also decodes the JPEG by itself", own)):
        print(f"{text:<46}{cosines.min():>12.8f}{cosines.mean():>12.8f}"
              f"{int((cosines >= 0.9999).sum()):>6} / {len(cosines)}")
    faults += [f"{path.name}: cosine {cosine:.6f} < {SMALLEST_COSINE}"
               for path, cosine in zip(files, same, strict=True) if not cosine >= SMALLEST_COSINE]
    for fault in faults:
        print(f"FAULT: {fault}")
    if faults:
        return 1
    print(f"every embedding has a cosine of at least {SMALLEST_COSINE}, given the same pixels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
