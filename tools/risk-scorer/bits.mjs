// Runs `crates/risk/examples/bits.rs` as WebAssembly: node bits.mjs FILE.wasm
// The file is the core module (linked with --skip-wit-component), which takes nothing from its host but an empty environment. It returns
// 0 if its digest is the golden one; what native code computes is held to the same digest by `crates/risk/tests/golden.rs`.
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(process.argv[2]));
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = () => {
    throw new Error(`it calls ${from} ${name}`);
  };
}
let memory;
const empty = (at) => new Uint32Array(memory.buffer, at, 2).fill(0);
(imports['wasi:cli/environment@0.2.0'] ??= {})['get-environment'] = empty;
(imports['wasi:cli/environment@0.2.0'] ??= {})['get-arguments'] = empty;
(imports['wasi:cli/exit@0.2.0'] ??= {})['exit'] = (failed) => {
  console.error(failed ? 'these are other bits' : 'it left early');
  process.exit(1);
};
const { exports } = new WebAssembly.Instance(module, imports);
memory = exports.memory;
if (exports['wasi:cli/run@0.2.0#run']() !== 0) {
  console.error('these are other bits');
  process.exit(1);
}
console.log('the WebAssembly build computes the golden bits');
