import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import * as assert from 'uvu/assert';
import { layOutRunning, manyGuests, type RunningGuest } from '../simulator/running-guests.js';
import { projectRoot, runCli } from '../support/cli.js';
import { largeHost } from '../support/large-host.js';
import { layOutDelivered } from '../support/simulated-tree.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

/** Names that could be interpreted as markup, or end an attribute or the style sheet. */
export const HOSTILE = `</style><img src=x onerror="document.title='owned'">"'&lt;`;
const escaped = HOSTILE.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;');

export const SMALL_PAGES = ['4 CPUs', 'fleet', 'hostile', 'long names', 'long names of guests'] as const;
export type PageName = (typeof SMALL_PAGES)[number] | '256 CPUs' | '40 guests' | '40 small guests' | 'siblings';

/** Pages of `status --html` and `report --html` in Chromium. Each is made when it is first used. */
export class StatusPages {
  readonly #folder = new TemporaryFolder();
  readonly #urls = new Map<PageName, Promise<string>>();

  private constructor(private readonly browser: Browser) {}

  static async start(): Promise<StatusPages> {
    return new StatusPages(await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] }));
  }

  async end(): Promise<void> {
    await this.browser.close();
    this.#folder.remove();
  }

  url(name: PageName): Promise<string> {
    const url = this.#urls.get(name) ?? MAKERS[name](this.#folder);
    this.#urls.set(name, url);
    return url;
  }

  /** Opens a page. `requested` are the URLs that it loads, `messages` the browser's console messages and errors. */
  async open(name: PageName, options: Parameters<Browser['newPage']>[0] = {}) {
    const url = await this.url(name);
    const opened = await this.browser.newPage(options);
    const requested: string[] = [];
    const messages: string[] = [];
    opened.on('request', (request) => requested.push(request.url()));
    opened.on('console', (message) => messages.push(message.text()));
    opened.on('pageerror', (error) => messages.push(error.message));
    await opened.goto(url);
    return { opened, requested, messages };
  }
}

const MAKERS: Record<PageName, (folder: TemporaryFolder) => Promise<string>> = {
  '4 CPUs': (folder) => largePage(folder, 4, 2),
  '256 CPUs': (folder) => largePage(folder, 256, 20),
  '40 guests': (folder) => manyPage(folder, 'many', manyGuests(40, 256, 4, 30)),
  '40 small guests': (folder) => manyPage(folder, 'small', manyGuests(40, 256, 1, 4)),
  siblings: (folder) => manyPage(folder, 'siblings', onSiblings(manyGuests(40, 256, 4, 30))),
  fleet: (folder) =>
    mergedPage(
      folder,
      'fleet',
      [4, 16].map((cpus) => ({ cpus, guests: manyGuests(3, cpus, 1, 4) })),
    ),
  // of a host, too
  'long names': (folder) =>
    mergedPage(folder, 'h'.repeat(200), [{ cpus: 16, guests: withLongNames(manyGuests(3, 16, 1, 4)) }]),
  'long names of guests': (folder) => manyPage(folder, 'guests', withLongNames(manyGuests(3, 16, 1, 4)), 16),
  hostile: (folder) => hostilePage(folder),
};

function hostilePage(folder: TemporaryFolder): Promise<string> {
  const twoNodes = readFileSync(join(projectRoot, 'samples/hosts/two-nodes.json'), 'utf8');
  const guest = readFileSync(join(projectRoot, 'samples/sriov-two-nodes.xml'), 'utf8');
  const hostile = guest.replace('<name>vrouter', `<name>${escaped}`).replace("cpuset='18-21'", "cpuset='2-5'");
  return page(folder, 'two nodes', twoNodes, [hostile]);
}

async function page(folder: TemporaryFolder, name: string, description: string, domains: string[]): Promise<string> {
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

function largePage(folder: TemporaryFolder, cpus: number, guests: number): Promise<string> {
  const { description, domains } = largeHost(cpus, guests);
  return page(
    folder,
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

async function manyPage(
  folder: TemporaryFolder,
  name: string,
  guests: readonly RunningGuest[],
  cpus = 256,
): Promise<string> {
  const root = folder.join(name, 'host');
  layOutRunning(root, cpus, guests);
  const path = folder.join(name, 'page.html');
  const { code, stderr } = await runCli('hostdev-cpuset', ['status', '--root', root, '--html', path]);
  assert.is(code, 0, stderr);
  return pathToFileURL(path).href;
}

const withLongNames = (guests: readonly RunningGuest[]): RunningGuest[] =>
  guests.map((guest) => ({ ...guest, name: guest.name.padEnd(200, 'x') }));

async function mergedPage(
  folder: TemporaryFolder,
  name: string,
  hosts: { cpus: number; guests: RunningGuest[] }[],
): Promise<string> {
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
