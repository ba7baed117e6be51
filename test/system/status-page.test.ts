import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { projectRoot, runCli } from '../support/cli.js';
import { largeHost } from '../support/large-host.js';
import { needs, suiteWhere } from '../support/needs.js';
import { layOutDelivered } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suiteWhere('status --html in Chromium', needs('chromium'));
const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');
/** Names that would be markup, or leave an attribute or the style sheet. */
const HOSTILE = `</style><img src=x onerror="document.title='owned'">"'&lt;`;
const escaped = HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');

let folder: TemporaryFolder;
let browser: Browser;
const pages: Record<string, string> = {};
test.before(async () => {
  folder = new TemporaryFolder();
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  pages['4 CPUs'] = await largePage(4, 2);
  pages['256 CPUs'] = await largePage(256, 20);
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

/** Opens a page; `asked` is what it wants to load beside itself, `said` what the browser complains of. */
async function open(name: string, options: Parameters<Browser['newPage']>[0] = {}) {
  const opened = await browser.newPage(options);
  const asked: string[] = [];
  const said: string[] = [];
  opened.on('request', (request) => asked.push(request.url()));
  opened.on('console', (message) => said.push(message.text()));
  opened.on('pageerror', (error) => said.push(error.message));
  await opened.goto(pages[name] as string);
  return { opened, asked, said };
}

async function violations(opened: Page): Promise<string[]> {
  await opened.evaluate(axe);
  const { violations: found } = await opened.evaluate(() =>
    (
      globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> };
      }
    ).axe.run(),
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)} ${nodes[0]?.failureSummary}`);
}

for (const name of ['4 CPUs', '256 CPUs', 'hostile']) {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [390, 1280]) {
      test(`${name}, ${colorScheme}, ${width} pixels: accessible, alone, and no wider than the window`, async () => {
        const { opened, asked, said } = await open(name, { colorScheme, viewport: { width, height: 900 } });
        await opened.locator('details').evaluate((details) => details.setAttribute('open', ''));
        assert.equal(await violations(opened), []);
        const wider = await opened.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wider <= 0, `${wider} pixels too wide`);
        assert.equal(asked, [pages[name]]);
        assert.equal(said, []);
        await opened.close();
      });
    }
  }
}

test('every CPU is there, and what is on it is said in words', async () => {
  const { opened } = await open('256 CPUs');
  assert.is(await opened.locator('.cpu').count(), 256);
  const label = await opened.locator('a[href="#cpu-0"] .unseen').textContent();
  assert.match(label ?? '', /^CPU 0, vCPU 0 of vnf-0, IRQ 100,.* taken, [\d,]+ of them from another node$/);
  await opened.close();
});

test('names are text: nothing of them is markup', async () => {
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

test('by keyboard: past the picture, or from a CPU to its row', async () => {
  const { opened } = await open('4 CPUs');
  await opened.keyboard.press('Tab');
  assert.is(await opened.evaluate(() => document.activeElement?.textContent), 'To the interrupts, guest by guest');
  await opened.keyboard.press('Tab');
  assert.match((await opened.evaluate(() => document.activeElement?.getAttribute('href'))) ?? '', '#cpu-0');
  await opened.keyboard.press('Enter');
  await opened.locator('tr#cpu-0').waitFor({ state: 'visible' });
  await opened.close();
});

test.run();
