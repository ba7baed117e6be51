import { parseArgs } from 'node:util';
import { chooseEngine } from '../../../src/schema/engine-names.js';
import { findGrammar } from '../../../src/schema/grammar.js';
import { compareVerdicts, DOCUMENTS_OF_SEED } from './compare.js';

/**
 * `npm run test:verdicts -- --schemas DIR --seed 7 --documents 1000000`: the documents of this seed and the following
 * ones, with the schemas of a libvirt.
 */
const { values } = parseArgs({
  options: {
    schemas: { type: 'string' },
    engine: { type: 'string', default: 'xmllint' },
    seed: { type: 'string' },
    documents: { type: 'string' },
  },
});
const [first, documents] = [Number(values.seed ?? 1), Number(values.documents ?? 1_000_000)];
if (![first, documents].every((number) => Number.isSafeInteger(number) && number > 0)) {
  console.error('usage: --seed N, --documents N: whole numbers from 1 up; --schemas DIR; --engine NAME');
  process.exit(2);
}
const grammar = findGrammar({ schemas: values.schemas, env: process.env });
const engine = chooseEngine(values.engine, process.env);
const schemas = values.schemas === undefined ? '' : ` --schemas ${values.schemas}`;
const repeat = `npm run test:verdicts -- --engine ${engine}${schemas}`;

const total = { valid: 0, invalid: 0, uncertain: 0, differences: 0 };
for (let [seed, left] = [first, documents]; left > 0; seed++, left -= DOCUMENTS_OF_SEED) {
  const { differences, ...counts } = await compareVerdicts(seed, Math.min(left, DOCUMENTS_OF_SEED), grammar, engine);
  for (const each of ['valid', 'invalid', 'uncertain'] as const) total[each] += counts[each];
  total.differences += differences.length;
  for (const difference of differences) {
    console.log(`${difference}\nonce more: ${repeat} --seed ${seed} --documents ${DOCUMENTS_OF_SEED}\n`);
  }
  if (process.stderr.isTTY) process.stderr.write(`\r${documents - left + DOCUMENTS_OF_SEED} of ${documents} documents`);
}
console.log(
  `${documents} documents from seed ${first} on: ${engine} accepts ${total.valid} and rejects ${total.invalid}; ` +
    `it must be asked about ${total.uncertain}; of the others ${total.differences} differ`,
);
process.exitCode = total.differences > 0 ? 1 : 0;
