// npm run bench [NAME...]: runs the benchmarks of bench/README.md. Measures both sides of a comparison alternately in
// one run, so that other load affects both, and compares the medians. Exits 1 if a benchmark misses its bound or could
// not be measured.
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { folder, lintDomain } from './measure.mjs';

/** Names of the benchmarks, which are files of this directory. */
const FIGURES = [
  'cold',
  'many',
  'normalize',
  'linear',
  'hook',
  'hook-many',
  'pass',
  'plan',
  'status',
  'watch-quiet',
  'watch-flap',
  'watch-memory',
  'watch-large',
  'watch-week',
  'discovery',
];

// Node reads these certificates at each start: that takes longer than the rest of `node -e 0`, and hides our own time.
delete process.env.NODE_EXTRA_CA_CERTS;

const names = process.argv.slice(2);
const unknown = names.find((name) => !FIGURES.includes(name));
try {
  if (unknown || !existsSync(lintDomain)) {
    const message = unknown ? `no figure ${unknown}: one of ${FIGURES.join(', ')}` : 'npm run build first';
    console.error(`bench: ${message}`);
    process.exitCode = 2;
  } else {
    console.log(`Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}`);
    for (const name of names.length > 0 ? names : FIGURES) await (await import(`./${name}.mjs`)).default();
  }
} finally {
  rmSync(folder, { recursive: true });
}
