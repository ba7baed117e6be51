import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { projectRoot } from '../support/cli.js';

const test = suite('messages that the troubleshooting page quotes');

const LIBVIRTS = ['Extra element devices in interleave', 'hook script execution failed'];
/** What stands for any text in a quoted message. */
const PLACEHOLDER = /NAME|\bN\b|PID|\.\.\./;

test('each is a message of the program, or of libvirt', () => {
  const src = join(projectRoot, 'src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const lines = files
    .flatMap((name) => readFileSync(join(src, name), 'utf8').replaceAll("\\'", "'").split('\n'))
    .filter((line) => !/^\s*(?:\/\/|\/?\*)/.test(line));
  const headings = readFileSync(join(projectRoot, 'docs/troubleshooting.md'), 'utf8').match(/^## .*/gm) ?? [];
  const quoted = headings.flatMap((heading) => [...heading.matchAll(/"(.*?)"/g)].map(([, text = '']) => text));
  assert.ok(quoted.length > 15, `${quoted.length} found`);
  const unknown = quoted.filter((text) => {
    const parts = text.split(PLACEHOLDER);
    return !LIBVIRTS.includes(text) && !lines.some((line) => parts.every((part) => line.includes(part)));
  });
  assert.equal(unknown, []);
});

test.run();
