import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { Explainer } from '../../src/schema/explain/explain.js';
import { findGrammar } from '../../src/schema/grammar.js';
import { parseXml } from '../../src/xml/parse.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { randomNumbers } from '../support/random.js';
import { goodSamples } from '../support/samples.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { casesOf } from './cases.js';
import { mutant, wordsOf } from './mutants.js';

const MUTANTS = 1500;
const SEED = 20261129;

const test = suiteWhere('comparison with jing', needs('jing', 'libvirt-schemas'));

test(`${MUTANTS} documents with random changes: the same result, and the same line of the first error`, () => {
  const folder = new TemporaryFolder();
  try {
    const documents = [
      ...casesOf('valid').map((valid) => valid.text()),
      ...goodSamples().map(({ text }) => text),
    ].filter((text) => !/[\ufeff\r]/.test(text));
    const words = wordsOf(documents);
    const random = randomNumbers(SEED);
    const mutants = Array.from({ length: MUTANTS }, (_, index) => {
      const once = mutant(documents[random(documents.length)] as string, words, random);
      const text = random(3) === 0 ? mutant(once, words, random) : once;
      return { path: folder.write(`${index}.xml`, text), text };
    });
    const judged = firstErrors(mutants.map(({ path }) => path));
    assert.ok(judged.size > MUTANTS / 2 && judged.size < MUTANTS, `${judged.size} of ${MUTANTS} are invalid`);
    const explainer = new Explainer(findGrammar({ env: {} }));
    for (const { path, text } of mutants) {
      const document = parseXml(text);
      const { faults, failure } = explainer.explain(document);
      assert.is(failure, undefined);
      const error = judged.get(path);
      const shown = `${faults.map(({ message }) => message).join('\n')}\njing: ${error?.message}\n${text}`;
      assert.is(faults.length > 0, error !== undefined, shown);
      if (error === undefined) continue;
      // Missing content is reported at the start tag here, and at the end tag by jing.
      const lines = faults.flatMap(({ start, kind }) => {
        const at = document.lines.at(start).line;
        return kind === 'missing' ? [at, document.lines.at(endOf(text, start)).line] : [at];
      });
      assert.ok(lines.includes(error.line), shown);
    }
  } finally {
    folder.remove();
  }
});

/** jing's first error in each file that it rejects. */
function firstErrors(paths: readonly string[]): Map<string, { line: number; message: string }> {
  const grammar = join(projectRoot, 'rng/domain.rng');
  const { stdout, status } = spawnSync('jing', [grammar, ...paths], { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.is(status, 1);
  const first = new Map<string, { line: number; message: string }>();
  for (const [, path = '', line, message = ''] of stdout.matchAll(/^(\/.*?\.xml):(\d+):\d+: (.*)$/gm)) {
    if (!first.has(path)) first.set(path, { line: Number(line), message });
  }
  return first;
}

/** The end of the start tag, or the end tag, of the element that starts here. */
function endOf(text: string, start: number): number {
  const find = (element: ReturnType<typeof parseXml>['root']): number | undefined => {
    if (element.start === start) return element.closeStart < element.end ? element.closeStart : element.openEnd - 1;
    for (const child of element.children) {
      const found = child.start <= start && start < child.end ? find(child) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(parseXml(text).root) ?? start;
}

test.run();
