import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseArguments } from '../../src/cli/arguments.js';
import { projectRoot } from '../support/cli.js';
import { needs, suiteWhere } from '../support/needs.js';
import { updating } from '../support/update-cases.js';
import { brokenAnchors } from './anchors.js';
import { type Block, callsIn, matchesOutput, type Page, readPages, stepsOf } from './pages.js';
import { Sandbox } from './sandbox.js';

// Every command in a page is run, and its output compared with the page. UPDATE_CASES=1 writes the outputs into the
// pages.
const pages = readPages();
const KINDS = [
  'console',
  'console simulated',
  'console simulated two-nodes',
  'console host',
  'js',
  'text',
  'xml',
  'json',
  'yaml',
  'ini',
  'diff',
  'mermaid',
];
const isRun = ({ kind }: Block) => /^(?:js|console(?: simulated.*)?)$/.test(kind);

const reading = suite('pages');

for (const { path, text, blocks } of pages) {
  reading(`${path}: every block has a known kind, and every command is valid`, async () => {
    for (const block of blocks) {
      assert.ok(KINDS.includes(block.kind), `a block of kind ${JSON.stringify(block.kind)}: ${block.text}`);
      if (!block.kind.startsWith('console')) continue;
      for (const [program = '', ...args] of stepsOf(block).flatMap(({ command }) => callsIn(command))) {
        if (args[0] !== 'hook') await parseArguments(program, args);
      }
    }
  });

  reading(`${path}: local links are valid`, () => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)|(?:src|srcset)="([^"]+)"/g)].map(
      (match) => match[1] ?? match[2],
    );
    const local = targets.filter((target) => target !== undefined && !/^https?:/.test(target)) as string[];
    const broken = local.filter((target) => !existsSync(join(projectRoot, dirname(path), target)));
    assert.equal(broken, []);
    assert.equal(brokenAnchors(path, text), []);
  });
}

reading('the pages contain commands to run', () => {
  assert.ok(pages.flatMap(({ blocks }) => blocks.filter(isRun)).length > 10);
});

reading.run();

const running = suiteWhere('commands of the pages', needs('virsh', 'libvirt-schemas', 'xmllint'));

for (const page of pages.filter(({ blocks }) => blocks.some(isRun))) {
  running(page.path, async () => {
    const sandbox = new Sandbox();
    try {
      await runPage(page, sandbox);
    } finally {
      sandbox.remove();
    }
  });
}

running.run();

async function runPage({ path, text, blocks }: Page, sandbox: Sandbox): Promise<void> {
  let current = text;
  for (const [index, block] of blocks.entries()) {
    if (!isRun(block)) continue;
    const shown = block.kind === 'js' ? blocks[index + 1] : block;
    const actual = block.kind === 'js' ? await sandbox.runProgram(block) : await runCommands(path, block, sandbox);
    if (!shown || actual === `${shown.text}\n`) continue;
    if (updating) current = current.replace(shown.raw.trimEnd(), () => `\`\`\`${shown.kind}\n${actual}\`\`\``);
    else assert.is(actual, `${shown.text}\n`, path);
  }
  if (updating) writeFileSync(join(projectRoot, path), current);
}

/** The block with the current output. */
async function runCommands(path: string, block: Block, sandbox: Sandbox): Promise<string> {
  const written: string[] = [];
  for (const { command, output, actual, status } of await sandbox.run(block)) {
    // A command may fail only if the page shows its output.
    assert.ok(status === 0 || output !== '' || updating, `${path}: ${command}: exit status ${status}\n${actual}`);
    const shown = matchesOutput(actual, output) ? output : actual;
    written.push(`$ ${command.replace(/\n/g, '\n> ')}\n${shown}`);
  }
  return written.join('');
}
