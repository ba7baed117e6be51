import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cpusetOf, formatCpuset } from '../../src/domain/cpuset.js';
import { type CpusetError, parseCpuset } from '../../src/domain/parse-cpuset.js';

const parsing = suite('parseCpuset');

const cpu = fc.oneof(fc.nat(12), fc.nat(12), fc.nat(70), fc.nat(16383));
const item = fc.oneof(
  cpu.map(String),
  fc.tuple(cpu, cpu).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
  cpu.map((n) => `^${n}`),
  cpu.map((n) => `00${n}`),
);
const validText = fc.array(item, { minLength: 1, maxLength: 12 }).map((items) => items.join(','));
const garbage = fc.string({ unit: fc.constantFrom(...'0123456789-^, x'), maxLength: 14 });

parsing('agrees with the model on random sets', () => {
  fc.assert(
    fc.property(fc.uniqueArray(cpu, { minLength: 1, maxLength: 40 }), (cpus) => {
      const on = new Set(cpus);
      const text = formatCpuset(cpusetOf(cpus));
      assert.is(
        text,
        modelText((n) => on.has(n)),
      );
      agreesWithModel(text);
      agreesWithModel(cpus.join(','));
    }),
    { numRuns: 1000 },
  );
});

parsing('agrees with the model on random valid texts', () => {
  fc.assert(fc.property(validText, agreesWithModel), { numRuns: 3000 });
});

parsing('agrees with the model on random text of the same characters', () => {
  fc.assert(fc.property(garbage, agreesWithModel), { numRuns: 10_000 });
});

parsing('the canonical text parses to the same set and is canonical itself', () => {
  fc.assert(
    fc.property(validText, (text) => {
      const result = parseCpuset(text);
      if (!result.ok) return;
      const canonical = formatCpuset(result.set);
      assert.equal(parseCpuset(canonical), result);
      assert.not.match(canonical, /[\^ ]|(^|,)(\d+)-\2(,|$)/);
    }),
    { numRuns: 2000 },
  );
});

parsing('the position of an error is inside the text, and a suggestion is canonical and valid', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        garbage,
        validText.map((text) => text.replaceAll(',', ' ; ')),
      ),
      (text) => {
        const result = parseCpuset(text);
        if (result.ok) return;
        const { at, message, suggestion } = result.error;
        assert.ok(at >= 0 && at <= text.length && message.length > 0 && message.length < 120, message);
        if (suggestion === undefined) return;
        const tried = parseCpuset(suggestion);
        assert.ok(tried.ok, `${JSON.stringify(text)}: ${suggestion}`);
        assert.is(tried.ok && formatCpuset(tried.set), suggestion);
      },
    ),
    { numRuns: 5000 },
  );
});

const good: [text: string, canonical: string][] = [
  ['0', '0'],
  ['^2,0-3', '0-3'],
  ['0-3,^2', '0-1,3'],
  ['8,1-3,^2,5', '1,3,5,8'],
  ['0,1', '0-1'],
  ['16383', '16383'],
  ['0-16383', '0-16383'],
  ['5-5', '5'],
  ['007', '7'],
  ['^7,^7,3', '3'],
  ['0-3,^1,^2,1', '0-1,3'],
];
for (const [text, canonical] of good) {
  parsing(`${text} is ${canonical}`, () => {
    const result = parseCpuset(text);
    assert.is(result.ok && formatCpuset(result.set), canonical);
  });
}

type Bad = [text: string, code: CpusetError['code'], at: number, message: string, suggestion?: string];
const bad: Bad[] = [
  ['', 'empty', 0, 'contains no CPU'],
  ['  ', 'empty', 0, 'contains no CPU'],
  ['^0', 'empty', 0, 'all are excluded'],
  ['1,^1', 'empty', 0, 'all are excluded'],
  ['3-0', 'reversed', 0, 'the range 3-0 is reversed', '0-3'],
  ['1,3-2', 'reversed', 2, 'the range 3-2 is reversed', '1-3'],
  ['16384', 'too-high', 0, 'CPU 16384 is above 16383'],
  ['0-16384', 'too-high', 0, 'CPU 16384 is above 16383'],
  ['0-99999999999', 'too-high', 0, 'CPU 99999999999 is above 16383'],
  ['1,^16384', 'too-high', 2, 'CPU 16384 is above 16383'],
  ['0-3,^1-2', 'syntax', 4, '^1-2: only single CPUs can be excluded', '0,3'],
  ['0-3, 5', 'syntax', 4, 'contains a space', '0-3,5'],
  [' 0', 'syntax', 0, 'contains a space', '0'],
  ['0-3,', 'syntax', 4, 'contains an empty item', '0-3'],
  [',0', 'syntax', 0, 'contains an empty item', '0'],
  ['0,,1', 'syntax', 2, 'contains an empty item', '0-1'],
  ['0;2', 'syntax', 0, 'not a CPU, a range N-M or ^N', '0,2'],
  ['0..3', 'syntax', 0, 'not a CPU, a range N-M or ^N', '0-3'],
  ['0-3,!2', 'syntax', 4, 'not a CPU, a range N-M or ^N', '0-1,3'],
  ['0x3', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
  ['all', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
  ['-3', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
  ['3-', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
  ['1-2-3', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
  ['٣', 'syntax', 0, 'not a CPU, a range N-M or ^N'],
];
for (const [text, code, at, message, suggestion] of bad) {
  parsing(`${JSON.stringify(text)} is rejected: ${code}`, () => {
    const result = parseCpuset(text);
    if (result.ok) throw new Error(`read as ${formatCpuset(result.set)}`);
    assert.is(result.error.code, code);
    assert.is(result.error.at, at);
    assert.ok(result.error.message.includes(message), result.error.message);
    assert.is(result.error.suggestion, suggestion);
  });
}

parsing('a text of a megabyte is rejected, a list of every second CPU is not', () => {
  const result = parseCpuset('0,'.repeat(500_000));
  assert.match(result.ok ? '' : result.error.message, /longer than/);
  const holes = Array.from({ length: 8191 }, (_, i) => `^${2 * i + 1}`).join(',');
  const read = parseCpuset(`0-16383,${holes}`);
  assert.is(read.ok && read.set.length, 8192);
});

parsing.run();

function agreesWithModel(text: string): void {
  const result = parseCpuset(text);
  assert.is(result.ok ? formatCpuset(result.set) : undefined, model(text), JSON.stringify(text));
}

/**
 * libvirt's cpuset as documented, CPU by CPU: undefined if the schema or the parser rejects it, else the canonical
 * text.
 */
function model(text: string): string | undefined {
  const on: boolean[] = [];
  let rest = text;
  for (;;) {
    const excluded = rest.startsWith('^');
    if (excluded) rest = rest.slice(1);
    const first = takeNumber();
    if (first === undefined) return undefined;
    let last = first;
    if (!excluded && rest.startsWith('-')) {
      rest = rest.slice(1);
      const end = takeNumber();
      if (end === undefined || end < first) return undefined;
      last = end;
    }
    if (last >= 16384) return undefined;
    for (let n = first; n <= last; n++) on[n] = !excluded;
    if (rest === '') break;
    if (!rest.startsWith(',')) return undefined;
    rest = rest.slice(1);
  }
  return modelText((n) => on[n] === true) || undefined;

  function takeNumber(): number | undefined {
    let digits = '';
    while (rest !== '' && '0123456789'.includes(rest.charAt(0))) {
      digits += rest.charAt(0);
      rest = rest.slice(1);
    }
    return digits === '' ? undefined : Number(digits);
  }
}

/** Sorted and merged, CPU by CPU. */
function modelText(on: (cpu: number) => boolean): string {
  const parts: string[] = [];
  for (let n = 0; n < 16384; n++) {
    if (!on(n)) continue;
    let end = n;
    while (on(end + 1)) end++;
    parts.push(end === n ? String(n) : `${n}-${end}`);
    n = end;
  }
  return parts.join(',');
}
