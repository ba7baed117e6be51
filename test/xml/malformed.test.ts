import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/lib/input-error.js';
import { LineIndex } from '../../src/xml/line-index.js';
import { parseXml } from '../../src/xml/parse.js';

interface Case {
  name: string;
  text: string;
  line: number;
  column: number;
  message: string;
}
const cases = JSON.parse(readFileSync(new URL('malformed.json', import.meta.url), 'utf8')) as Case[];

const malformed = suite('malformed XML');

for (const { name, text, line, column, message } of cases) {
  malformed(name, () => {
    const error = errorOf(text);
    assert.ok(error.message.includes(message), `${error.message} says: ${message}`);
    assert.equal(new LineIndex(text).at(error.offset), { line, column });
  });
}

malformed('a message is one short line, whatever the text contains', () => {
  const long = 'x'.repeat(100_000);
  for (const text of [
    `<a></${long}>`,
    `<a>&${long};</a>`,
    `<${long}></a>`,
    `<p:${long}/>`,
    `<a ${long}="" ${long}=""/>`,
  ]) {
    const { message } = errorOf(text);
    assert.ok(message.length < 300 && !/[\r\n]/.test(message), message.slice(0, 400));
  }
});

malformed.run();

function errorOf(text: string): InputError {
  try {
    parseXml(text);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error(`this was read as well-formed: ${text}`);
}
