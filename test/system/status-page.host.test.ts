import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { layOutRunning, manyGuests, type RunningGuest } from '../simulator/running-guests.js';
import { projectRoot, runCli } from '../support/cli.js';
import { largeHost } from '../support/large-host.js';
import { needs, suiteWhere } from '../support/needs.js';
import { layOutDelivered } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('status --html in Chromium', needs('chromium'));
const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
/** Names that could be interpreted as markup, or end an attribute or the style sheet. */
const HOSTILE = `</style><img src=x onerror="document.title='owned'">"'&lt;`;
const escaped = HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');

const SMALL_PAGES = ['4 CPUs', 'fleet', 'hostile', 'long names', 'long names of guests'];

let folder: TemporaryFolder;
let browser: Browser;
const pages: Record<string, string> = {};
test.before(async () => {
  folder = new TemporaryFolder();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  pages['4 CPUs'] = await largePage(4, 2);
  pages['256 CPUs'] = await largePage(256, 20);
  pages['40 guests'] = await manyPage('many', manyGuests(40, 256, 4, 30));
  pages['40 small guests'] = await manyPage('small', manyGuests(40, 256, 1, 4));
  pages.siblings = await manyPage('siblings', onSiblings(manyGuests(40, 256, 4, 30)));
  pages.fleet = await fleetPage();
  pages['long names'] = await longNames();
  pages['long names of guests'] = await manyPage('guests', withLongNames(manyGuests(3, 16, 1, 4)), 16);
  const twoNodes = readFileSync(join(projectRoot, 'samples/hosts/two-nodes.json'), 'utf8');
  const guest = readFileSync(join(projectRoot, 'samples/sriov-two-nodes.xml'), 'utf8');
  const hostile = guest.replace('<name>vrouter', `<name>${escaped}`).replace("cpuset='18-21'", "cpuset='2-5'");
  pages.hostile = await page('two nodes', twoNodes, [hostile]);
});
test.after(() => browser?.close());
test.after(() => folder.remove());

async function page(name: string, description: string, domains: string[]): Promise<string> {
  layOutDelivered(description, folder.join(name, 'host'));
  folder.write(`${name}/host/etc/hostname`, `${HOSTILE}\n`);
  const files = domains.map((xml, index) => folder.write(`${name}/${index}.xml`, xml));
  const path = folder.join(name, 'page.html');
  const args = ['status', '--root', folder.join(name, 'host'), '--html', path, ...files];
  const { code, stdout, stderr } = await runCli('hostdev-cpuset', args);
  assert.is(stderr + stdout, '');
  assert.is(code, 0);
  return pathToFileURL(path).href;
}

function largePage(cpus: number, guests: number): Promise<string> {
  const { description, domains } = largeHost(cpus, guests);
  return page(
    `${cpus}`,
    description,
    domains.map(({ xml }) => xml),
  );
}

/** With long names, and vCPUs on the two threads of each core: lists of CPUs have two ranges. */
const onSiblings = (guests: readonly RunningGuest[]): RunningGuest[] =>
  guests.map((guest, index) => {
    const [first, second] = [index * 3, 128 + index * 3];
    const policy = `${first}-${first + 3},${second}-${second + 3}`;
    const cpus = [0, 1, 2, 3].flatMap((core) => [first + core, second + core]);
    const devices = guest.devices.map((device) => ({
      ...{ ...device, policy },
      interrupts: device.interrupts.map((_, vector) => ({
        ...{ affinity: policy, effective: `${cpus[vector % 8]}` },
        counts: { [`${cpus[vector % 8]}`]: 1_000_000_000 + vector * 7919 },
      })),
    }));
    return { ...{ name: `production-eu-west-1-${guest.name}`, cpus }, devices };
  });

async function manyPage(name: string, guests: readonly RunningGuest[], cpus = 256): Promise<string> {
  const root = folder.join(name, 'host');
  layOutRunning(root, cpus, guests);
  const path = folder.join(name, 'page.html');
  const { code, stderr } = await runCli('hostdev-cpuset', ['status', '--root', root, '--html', path]);
  assert.is(code, 0, stderr);
  return pathToFileURL(path).href;
}

const fleetPage = () =>
  mergedPage(
    'fleet',
    [4, 16].map((cpus) => ({ cpus, guests: manyGuests(3, cpus, 1, 4) })),
  );

const withLongNames = (guests: readonly RunningGuest[]): RunningGuest[] =>
  guests.map((guest) => ({ ...guest, name: guest.name.padEnd(200, 'x') }));

/** A host and guests with long names. */
const longNames = () => mergedPage('h'.repeat(200), [{ cpus: 16, guests: withLongNames(manyGuests(3, 16, 1, 4)) }]);

async function mergedPage(name: string, hosts: { cpus: number; guests: RunningGuest[] }[]): Promise<string> {
  const files = await Promise.all(
    hosts.map(async ({ cpus, guests }) => {
      const root = folder.join(`${name}-${cpus}`, 'host');
      layOutRunning(root, cpus, guests);
      const { stdout } = await runCli('hostdev-cpuset', ['status', '--root', root, '--json']);
      return folder.write(`${name}-${cpus}/status.json`, stdout);
    }),
  );
  const path = folder.join(`${name}.html`);
  assert.is((await runCli('hostdev-cpuset', ['report', '--html', path, ...files])).code, 0);
  return pathToFileURL(path).href;
}

/** Opens a page. `requested` are the URLs that it loads, `messages` the browser's console messages and errors. */
async function open(name: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const opened = await browser.newPage(options);
  const requested: string[] = [];
  const messages: string[] = [];
  opened.on('request', (request) => requested.push(request.url()));
  opened.on('console', (message) => messages.push(message.text()));
  opened.on('pageerror', (error) => messages.push(error.message));
  await opened.goto(pages[name] as string);
  return { opened, requested, messages };
}

/** Keeps the first guest and some rows of each table: axe takes half a minute for thousands of rows. */
async function keepFirstRows(opened: Page): Promise<void> {
  await opened.locator('section.domain').evaluateAll((all) => {
    for (const one of all.slice(1)) one.remove();
  });
  await opened.locator('tbody').evaluateAll((all) => {
    for (const body of all) for (const row of [...body.children].slice(8)) row.remove();
  });
}

interface Axe {
  run(options: object): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

async function violations(opened: Page): Promise<string[]> {
  await opened.evaluate(axe);
  // Only the violations: the rest is megabytes for a page with thousands of rows.
  const found = await opened.evaluate(() =>
    (globalThis as unknown as { axe: Axe }).axe
      .run({ resultTypes: ['violations'] })
      .then((results) => results.violations),
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`);
}

for (const name of [...SMALL_PAGES, '256 CPUs', '40 guests', '40 small guests']) {
  // the width changes no colours
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    // the same in a page that axe reads as a whole in seconds
    if (name === '40 guests' && colorScheme === 'dark') continue;
    test(`${name}, ${colorScheme}, ${width} pixels: accessible, self-contained, and no wider than the window`, async () => {
      const { opened, requested, messages } = await open(name, { colorScheme, viewport: { width, height: 900 } });
      const details = opened.locator('details');
      // of the page with thousands of rows, the first tables
      await details.evaluateAll((all) => {
        for (const one of all.slice(0, 3)) one.setAttribute('open', '');
      });
      const wider = await opened.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wider <= 0, `${wider} pixels too wide`);
      if (name === '40 guests') await keepFirstRows(opened);
      assert.equal(await violations(opened), []);
      assert.equal(requested, [pages[name]]);
      assert.equal(messages, []);
      await opened.close();
    });
  }
}

test('every CPU is shown with a text alternative', async () => {
  const { opened } = await open('256 CPUs');
  assert.is(await opened.locator('.cpu').count(), 256);
  const label = await opened.locator('.cpu a[href="#cpu-0"]').getAttribute('title');
  assert.match(label ?? '', /^CPU 0, vCPU 0 of vnf-0, IRQ 100,.* taken, [\d,]+ of them from another node$/);
  await opened.close();
});

test('a page of 40 guests and thousands of interrupts is small, and its long tables are closed', async () => {
  for (const name of ['40 guests', 'siblings'])
    assert.ok(statSync(fileURLToPath(pages[name] as string)).size <= 1.5e6, name);
  const { opened } = await open('40 guests');
  assert.is(await opened.locator('details[open]').count(), 0);
  assert.is(await opened.locator('.interrupts tr:not(.device)').first().isVisible(), false);
  await opened.close();
});

test('from what is not placed to the interrupt, from a CPU to its guest and back', async () => {
  const { opened } = await open('40 guests');
  await opened.locator('.tile a').click();
  await opened.locator('.listed a').first().click();
  await opened.locator('tr:target', { hasText: 'misplaced' }).waitFor({ state: 'visible' });
  await opened.locator('.cpu a[href="#cpu-0"]').click();
  await opened.locator('tr#cpu-0 a', { hasText: /^vnf-0$/ }).click();
  const guest = opened.locator('section:target');
  assert.match((await guest.locator('h3').textContent()) ?? '', 'vnf-0');
  await guest.locator('a[href="#cpu-0"]').click();
  await opened.locator('tr#cpu-0:target').waitFor({ state: 'visible' });
  await opened.close();
});

for (const name of ['40 guests', 'fleet', 'long names', 'long names of guests']) {
  test(`${name}: texts of cells are within them and do not touch, and no column of names fills the window`, async () => {
    const { opened } = await open(name, { viewport: { width: 1280, height: 900 } });
    const { gaps, beyond, widths } = await opened.evaluate(() => {
      const rows = [...document.querySelectorAll('tr')].filter((one) => one.getClientRects().length > 0).slice(0, 200);
      return {
        gaps: rows.flatMap(({ cells }) => {
          const boxes = [...cells].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return range.getBoundingClientRect();
          });
          return boxes.slice(1).map((box, index) => box.left - (boxes[index] as DOMRect).right);
        }),
        beyond: rows.flatMap(({ cells }) =>
          [...cells].map((cell) => {
            const range = document.createRange();
            range.selectNodeContents(cell);
            return range.getBoundingClientRect().right - cell.getBoundingClientRect().right;
          }),
        ),
        widths: [...document.querySelectorAll('th.guest')].map((one) => one.getBoundingClientRect().width),
      };
    });
    assert.ok(Math.min(...gaps) >= 8, `${Math.min(...gaps)} pixels`);
    assert.ok(Math.max(...beyond) <= 1, `${Math.max(...beyond)} pixels beyond the cell`);
    assert.ok(Math.max(...widths) <= 640, `${Math.max(...widths)} pixels`);
    await opened.close();
  });
}

test('on a narrow screen problems and times take a few lines', async () => {
  const { opened } = await open('fleet', { viewport: { width: 390, height: 900 } });
  const heights = await opened.locator('td.list').evaluateAll((all) =>
    all.map((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      return range.getBoundingClientRect().height;
    }),
  );
  assert.ok(Math.max(...heights) <= 65, `${Math.max(...heights)} pixels`);
  await opened.close();
});

test('in print closed tables stay closed, as thousands of rows fill hundreds of pages', async () => {
  const { opened } = await open('40 guests');
  await opened.emulateMedia({ media: 'print' });
  const height = () => opened.evaluate(() => document.documentElement.scrollHeight);
  const closed = await height();
  assert.ok(closed < 12_000, `${closed} pixels`);
  await opened
    .locator('.domain details')
    .first()
    .evaluate((one) => one.setAttribute('open', ''));
  assert.ok((await height()) > closed + 120 * 12);
  await opened.close();
});

/** A4 in portrait with the margins of Chromium, which makes a page smaller by a third at most: the rest is lost. */
const PAPER_WIDTH = 718;

test('in print no table is wider than the paper', async () => {
  for (const name of [...SMALL_PAGES, '40 small guests']) {
    const { opened } = await open(name, { viewport: { width: PAPER_WIDTH, height: 1000 } });
    await opened.emulateMedia({ media: 'print' });
    const width = await opened.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PAPER_WIDTH * 1.1, `${name}: ${width} pixels`);
    await opened.close();
  }
});

test('names are shown as text, not as markup', async () => {
  const { opened } = await open('hostile');
  assert.is(await opened.title(), `Interrupts of ${HOSTILE}`);
  assert.is(await opened.locator('img, script').count(), 0);
  assert.match((await opened.locator('.domain h3').textContent()) ?? '', HOSTILE);
  assert.match(
    (await opened.locator('.problems').textContent()) ?? '',
    /the device is on node 1, its CPUs are on node 0/,
  );
  assert.match((await opened.locator('.interrupts tr', { hasText: '401,882' }).textContent()) ?? '', 'remote node');
  await opened.close();
});

test('keyboard: past the picture, or from a CPU to its row', async () => {
  const { opened } = await open('4 CPUs');
  await opened.keyboard.press('Tab');
  assert.is(await opened.evaluate(() => document.activeElement?.textContent), 'To the interrupts, guest by guest');
  await opened.keyboard.press('Tab');
  await opened.locator('.cpu a[href="#cpu-0"]').focus();
  await opened.keyboard.press('Enter');
  await opened.locator('tr#cpu-0').waitFor({ state: 'visible' });
  await opened.close();
});

test.run();
