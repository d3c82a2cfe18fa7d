// The module of faceio.cpp for browsers and Node.

const FLOATS_A_FACE = 15;

export class FaceDetector {
  /** `module`: bytes or a response of faceio.wasm; `weights`: bytes of a detector's blob. */
  static async load(module, weights) {
    const source = await module;
    const { instance } = source instanceof ArrayBuffer || ArrayBuffer.isView(source)
      ? await WebAssembly.instantiate(source, {})
      : await WebAssembly.instantiateStreaming(source, {});
    return new FaceDetector(instance.exports, new Uint8Array(await weights));
  }

  constructor(exports, weights) {
    this.exports = exports;
    this.#write(exports.weights(), weights);
    const error = exports.open(weights.length);
    if (error !== 0) throw new Error(`the weights were refused with error ${error} (enum class Errc, core/status.hpp)`);
  }

  /** Faces of an ImageData or { data, width, height } with RGBA bytes, the best first, in pixels. */
  detect({ data, width, height }) {
    this.#write(this.exports.pixels(), data);
    const count = this.exports.detect(width, height);
    if (count < 0) throw new Error(`the picture was refused with error ${-count} (enum class Errc, core/status.hpp)`);
    const floats = new Float32Array(this.exports.memory.buffer, this.exports.faces(), count * FLOATS_A_FACE);
    return Array.from({ length: count }, (_, i) => {
      const f = floats.subarray(i * FLOATS_A_FACE, (i + 1) * FLOATS_A_FACE);
      return {
        box: { x: f[0], y: f[1], width: f[2], height: f[3] },
        score: f[4],
        landmarks: Array.from({ length: 5 }, (_, k) => ({ x: f[5 + 2 * k], y: f[6 + 2 * k] })),
      };
    });
  }

  #write(address, bytes) {
    const memory = new Uint8Array(this.exports.memory.buffer);
    if (address + bytes.length > memory.length) throw new Error('more bytes than the module has room for');
    memory.set(bytes, address);
  }
}
