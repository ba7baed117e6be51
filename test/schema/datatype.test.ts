import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDatatype, regularExpression } from '../../src/schema/explain/datatype.js';
import type { Parameter } from '../../src/schema/explain/datatype-names.js';

const test = suite('datatypes of XML Schema');

const allows = (name: string, text: string, ...parameters: Parameter[]) =>
  makeDatatype(name, parameters, '').allows(text);
const pattern = (value: string): Parameter => ({ name: 'pattern', value });

test('integers have the limits of their type', () => {
  assert.ok(allows('unsignedInt', '4294967295'));
  assert.not(allows('unsignedInt', '4294967296'));
  assert.not(allows('unsignedInt', '-1'));
  assert.ok(allows('unsignedLong', '18446744073709551615'));
  assert.not(allows('unsignedLong', '18446744073709551616'));
  assert.ok(allows('int', '-2147483648'));
  assert.not(allows('int', '2147483648'));
  assert.not(allows('positiveInteger', '0'));
  assert.ok(allows('integer', `-${'9'.repeat(40)}`));
  assert.not(allows('int', '1.0'));
  assert.not(allows('int', ''));
});

test('white space is ignored around a number, but not around a string', () => {
  assert.ok(allows('int', ' \n7\t'));
  assert.not(allows('int', '1 2'));
  assert.not(allows('string', ' a', pattern('a')));
  assert.ok(allows('token', ' a ', pattern('a')));
});

test('a no-break space is not white space', () => {
  assert.not(allows('int', '\u00a07'));
  assert.not(allows('token', '\u00a0a', pattern('a')));
});

test('all parameters apply together', () => {
  const between = [
    { name: 'minInclusive', value: '10' },
    { name: 'maxInclusive', value: '255' },
  ];
  assert.ok(allows('unsignedInt', '10', ...between));
  assert.not(allows('unsignedInt', '9', ...between));
  assert.not(allows('unsignedInt', '256', ...between));
  assert.not(allows('unsignedInt', '+12', pattern('[0-9]+'), ...between));
  assert.not(allows('string', 'ab', pattern('a.'), pattern('.c')));
  assert.ok(allows('string', '\u{1f600}', { name: 'maxLength', value: '1' }));
});

test('a pattern is anchored, and has the syntax of XML Schema', () => {
  const matching = (source: string, text: string) => regularExpression(source).test(text);
  assert.not(matching('a', 'ba'));
  assert.ok(matching('a|b', 'b'));
  assert.not(matching('a|b', 'ab'));
  assert.ok(matching('^a$', '^a$'));
  assert.not(matching('.', '\n'));
  assert.ok(matching('.', '\u2028'));
  assert.ok(matching('[^/]+', 'a^'));
  assert.ok(matching('[a-f\\-_\\.]+', 'a-_.'));
  assert.ok(matching('(0x)?[0-9a-fA-F]{1,2}', '0x1f'));
  assert.ok(matching('\\d', '\u0664'));
  assert.not(matching('\\s', '\u00a0'));
  assert.ok(matching('/.*', '/a/b'));
});

test('an unknown type or parameter is an error', () => {
  assert.throws(() => allows('hexBinary', '00'), /datatype hexBinary/);
  assert.throws(() => allows('string', 'a', { name: 'totalDigits', value: '1' }), /parameter totalDigits of string/);
});

test.run();
