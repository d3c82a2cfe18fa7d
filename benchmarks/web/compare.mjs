// Times the detector of examples/04_web_assembly beside onnxruntime-web in one process, by turns:
//   node compare.mjs MODULE WEIGHTS_FOLDER MODEL.onnx PICTURE.rgb [ROUNDS]
// The picture is 640x480 RGB. Prints a table and fails when the two disagree about the best face.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { FaceDetector } from '../../examples/04_web_assembly/faceio.mjs';

const WIDTH = 640, HEIGHT = 480, PIXELS = WIDTH * HEIGHT;
const MEAN_BGR = [104, 117, 123];
const WARM_UP = 3;

const [module, weights, model, picture, rounds = '20'] = process.argv.slice(2);
// The package lies in the folder that `run` installs it to, not above this file.
const ort = await import(pathToFileURL(path.resolve('node_modules/onnxruntime-web/dist/ort.node.min.mjs')).href);

const rgb = fs.readFileSync(picture);
const rgba = new Uint8Array(4 * PIXELS), planes = new Float32Array(3 * PIXELS);
for (let i = 0; i < PIXELS; ++i) {
  for (let c = 0; c < 3; ++c) {
    rgba[4 * i + c] = rgb[3 * i + c];
    planes[c * PIXELS + i] = rgb[3 * i + 2 - c] - MEAN_BGR[c];
  }
  rgba[4 * i + 3] = 255;
}
const pixels = { data: rgba, width: WIDTH, height: HEIGHT };

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(new Uint8Array(fs.readFileSync(model)), { executionProviders: ['wasm'] });
const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', planes, [1, 3, HEIGHT, WIDTH]) };
const scores = (await session.run(feeds)).conf.data;
let best = 0;
for (let i = 1; i < scores.length; i += 2) best = Math.max(best, scores[i]);

const engines = { onnxruntime_web: () => session.run(feeds) };
for (const [name, blob, tolerance] of [['faceio fp32', 'retinaface_mnet025.fiow', 1e-4],
                                       ['faceio int8', 'retinaface_mnet025.int8.fiow', 2e-2]]) {
  const detector = await FaceDetector.load(fs.readFileSync(module), fs.readFileSync(path.join(weights, blob)));
  const { score } = detector.detect(pixels)[0];
  if (Math.abs(score - best) > tolerance) {
    console.error(`${name}: best score ${score}, onnxruntime-web says ${best}`);
    process.exit(1);
  }
  engines[name] = () => detector.detect(pixels);
}

const times_ms = Object.fromEntries(Object.keys(engines).map((name) => [name, []]));
for (let round = 0; round < Number(rounds) + WARM_UP; ++round) {
  for (const [name, run] of Object.entries(engines)) {
    const start = performance.now();
    await run();
    if (round >= WARM_UP) times_ms[name].push(performance.now() - start);
  }
}
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const yardstick = median(times_ms.onnxruntime_web);
console.log('| engine | median ms | min ms | ÷ onnxruntime-web |\n|---|---:|---:|---:|');
for (const [name, values] of Object.entries(times_ms)) {
  console.log(`| ${name} | ${median(values).toFixed(1)} | ${Math.min(...values).toFixed(1)} | ` +
              `${(median(values) / yardstick).toFixed(2)} |`);
}
