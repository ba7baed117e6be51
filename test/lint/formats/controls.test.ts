import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { printableJson } from '../../../src/lib/printable.js';
import { formatGithub } from '../../../src/lint/formats/github.js';
import { sarifLog } from '../../../src/lint/formats/sarif.js';
import { formatFinding, plain } from '../../../src/lint/formats/text.js';
import { reportFile, reportUnreadable, summarize } from '../../../src/lint/report.js';
import { LineIndex } from '../../../src/xml/line-index.js';
import { CONTROL, terminalText } from '../../support/terminal-text.js';

const test = suite('control characters in the formats of lint');

interface SarifMessages {
  runs: { results: { message: { text: string } }[] }[];
}

test('no format prints one, and every message is included', () => {
  fc.assert(
    fc.property(terminalText(), (text) => {
      const lines = new LineIndex(text);
      const finding = { rule: 'x', severity: 'error', message: text, offset: 0, end: text.length, hint: text } as const;
      const report = summarize([reportFile(text, [finding], lines), reportUnreadable(text, text)], text);
      const [file] = report.files;
      const [found] = file?.findings ?? [];
      assert.ok(file && found);
      const shown = printableText(text);
      const sourceLine = () => lines.line(1);

      const asText = formatFinding(file.path, found, sourceLine(), plain);
      const asGithub = formatGithub(report, (path) => path);
      assert.is(asGithub.split('\n').length, 4);
      const context = { version: '1', customRules: [], sourceLine, hash: () => '' };
      const log = sarifLog(report, { ...context, locate: () => ({ uri: 'x' }) }) as SarifMessages;
      const sarif = log.runs[0]?.results[0]?.message.text as string;
      assert.is(sarif, `${shown}\ntry: ${shown}`.replace(/[{}]/g, '$&$&'));
      assert.equal([found.message, found.hint, report.note, report.files[1]?.unreadable], [shown, shown, shown, shown]);
      for (const output of [asText, asGithub, printableJson(report), printableJson(log)])
        assert.not.match(output.replaceAll('\n', ''), CONTROL);
    }),
  );
});

const printableText = (text: string) => [...text].map((one) => (CONTROL.test(one) ? '\ufffd' : one)).join('');

test.run();
