// Imports the library as a program would, and says all that happened besides: what was opened, started, listened to or
// left.
import { createRequire, syncBuiltinESMExports } from 'node:module';

const require = createRequire(import.meta.url);
const done = [];
const fs = require('node:fs');
for (const name of [
  'openSync',
  'readFileSync',
  'open',
  'readFile',
  'writeFileSync',
  'writeFile',
  'mkdirSync',
  'readdirSync',
]) {
  const real = fs[name];
  fs[name] = (path, ...rest) => {
    if (!/\.(c?js|mjs|json)$/.test(String(path))) done.push(`fs.${name} ${path}`);
    return real(path, ...rest);
  };
}
for (const [module, names] of [
  ['node:child_process', ['spawn', 'spawnSync', 'execFile', 'execFileSync', 'exec', 'execSync', 'fork']],
  ['node:worker_threads', ['Worker']],
]) {
  for (const name of names)
    require(module)[name] = function refused() {
      done.push(`${module} ${name}`);
    };
}
syncBuiltinESMExports();

const state = () => ({
  listeners: process
    .eventNames()
    .map((name) => `${String(name)} ${process.listenerCount(name)}`)
    .sort(),
  environment: JSON.stringify(process.env),
  globals: Object.getOwnPropertyNames(globalThis).sort(),
  prototypes: [Object, Array, String, Promise, Map].flatMap((type) => Object.getOwnPropertyNames(type.prototype)),
  open: process.getActiveResourcesInfo().sort(),
  exitCode: process.exitCode,
});
const before = state();
await import(process.argv[2]);
const after = state();
console.log(
  JSON.stringify({
    done,
    changed: Object.keys(after).filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key])),
  }),
);
