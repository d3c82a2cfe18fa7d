// node run_wasi.mjs PROGRAM [ARGUMENT...]   runs a WebAssembly program that may open any file of the machine
import fs from 'node:fs';
import { WASI } from 'node:wasi';

const args = process.argv.slice(2);
const env = { ...process.env, PWD: process.cwd() };
const wasi = new WASI({ version: 'preview1', args, env, preopens: { '/': '/' }, returnOnExit: true });
const module = await WebAssembly.compile(fs.readFileSync(args[0]));
process.exit(wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject())));
