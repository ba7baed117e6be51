// npm run bench [NAME...]: the figures of bench/README.md. Both sides of a figure are measured in turn in one run, so that what else
// the machine does hits both; the medians are compared. Exits 1 where a figure misses its bound or could not be measured.
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { folder, lintDomain } from './measure.mjs';

/** Each is the file of its name. */
const FIGURES = [
  'cold',
  'many',
  'normalize',
  'linear',
  'hook',
  'hook-many',
  'pass',
  'hold-quiet',
  'hold-flap',
  'hold-memory',
  'hold-week',
];

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
