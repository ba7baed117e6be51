import * as assert from 'uvu/assert';

export interface Family {
  type: string;
  samples: { suffix: string; labels: string; value: number }[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';

/**
 * Strict parser of Prometheus's text format 0.0.4: each family once, with HELP, TYPE, then its samples; no duplicate
 * samples. Fails at the first line that differs.
 */
export function parseExposition(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line has a line break');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let name = '';
  let family: Family | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const [, help] = new RegExp(`^# HELP (${NAME}) \\S.*$`).exec(line) ?? [];
    const [, typed, type] = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`).exec(line) ?? [];
    if (help !== undefined) {
      assert.not.ok(families.has(help), line);
      name = help;
      family = undefined;
    } else if (typed !== undefined && type !== undefined) {
      assert.is(typed, name, line);
      assert.is(family, undefined, line);
      family = { type, samples: [] };
      families.set(name, family);
    } else {
      const match = new RegExp(
        `^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)$`,
      ).exec(line);
      assert.ok(match, line);
      const [, full = '', labels = '', value] = match ?? [];
      const suffix = full.slice(name.length);
      assert.ok(
        full.startsWith(name) && (family?.type === 'histogram' ? /^_(bucket|sum|count)$/ : /^$/).test(suffix),
        line,
      );
      assert.not.ok(seen.has(`${full}{${labels}`), `duplicate sample:  ${line}`);
      seen.add(`${full}{${labels}`);
      family?.samples.push({ suffix, labels, value: Number(value) });
    }
  }
  return families;
}
