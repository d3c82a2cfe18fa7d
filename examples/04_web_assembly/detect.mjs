// node detect.mjs MODULE WEIGHTS PICTURE.ppm   prints the faces of a binary PPM picture as JSON
import fs from 'node:fs';
import { FaceDetector } from './faceio.mjs';

/** { data, width, height } with RGBA bytes, of a PPM file with 8 bits a value and without comments. */
function readPpm(path) {
  const bytes = fs.readFileSync(path);
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 64));
  if (head === null) throw new Error(`${path}: is not a binary PPM file with 8 bits a value (magick IN -depth 8 OUT.ppm)`);
  const width = Number(head[1]), height = Number(head[2]);
  const rgb = bytes.subarray(head[0].length);
  if (rgb.length < 3 * width * height) throw new Error(`${path}: ends before its last pixel`);
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < width * height; ++i) data.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255], 4 * i);
  return { data, width, height };
}

const [module, weights, picture] = process.argv.slice(2);
if (picture === undefined) {
  console.error('usage: node detect.mjs MODULE WEIGHTS PICTURE.ppm');
  process.exit(2);
}
const detector = await FaceDetector.load(fs.readFileSync(module), fs.readFileSync(weights));
console.log(JSON.stringify(detector.detect(readPpm(picture)), null, 2));
