import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { HOSTILE, SMALL_PAGES, StatusPages } from './status-pages.js';

const test = suiteWhere('status --html in Chromium: layout, links and text', needs('chromium'));

let pages: StatusPages;
test.before(async () => {
  pages = await StatusPages.start();
});
test.after(() => pages?.end());

test('every CPU is shown with a text alternative', async () => {
  const { opened } = await pages.open('256 CPUs');
  assert.is(await opened.locator('.cpu').count(), 256);
  const label = await opened.locator('.cpu a[href="#cpu-0"]').getAttribute('title');
  assert.match(label ?? '', /^CPU 0, vCPU 0 of vnf-0, IRQ 100,.* taken, [\d,]+ of them from another node$/);
  await opened.close();
});

test('a page of 40 guests and thousands of interrupts is small, and its long tables are closed', async () => {
  for (const name of ['40 guests', 'siblings'] as const)
    assert.ok(statSync(fileURLToPath(await pages.url(name))).size <= 1.5e6, name);
  const { opened } = await pages.open('40 guests');
  assert.is(await opened.locator('details[open]').count(), 0);
  assert.is(await opened.locator('.interrupts tr:not(.device)').first().isVisible(), false);
  await opened.close();
});

test('from what is not placed to the interrupt, from a CPU to its guest and back', async () => {
  const { opened } = await pages.open('40 guests');
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

for (const name of ['40 guests', 'fleet', 'long names', 'long names of guests'] as const) {
  test(`${name}: texts of cells are within them and do not touch, and no column of names fills the window`, async () => {
    const { opened } = await pages.open(name, { viewport: { width: 1280, height: 900 } });
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
  const { opened } = await pages.open('fleet', { viewport: { width: 390, height: 900 } });
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
  const { opened } = await pages.open('40 guests');
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
  for (const name of [...SMALL_PAGES, '40 small guests'] as const) {
    const { opened } = await pages.open(name, { viewport: { width: PAPER_WIDTH, height: 1000 } });
    await opened.emulateMedia({ media: 'print' });
    const width = await opened.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= PAPER_WIDTH * 1.1, `${name}: ${width} pixels`);
    await opened.close();
  }
});

test('names are shown as text, not as markup', async () => {
  const { opened } = await pages.open('hostile');
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
  const { opened } = await pages.open('4 CPUs');
  await opened.keyboard.press('Tab');
  assert.is(await opened.evaluate(() => document.activeElement?.textContent), 'To the interrupts, guest by guest');
  await opened.keyboard.press('Tab');
  await opened.locator('.cpu a[href="#cpu-0"]').focus();
  await opened.keyboard.press('Enter');
  await opened.locator('tr#cpu-0').waitFor({ state: 'visible' });
  await opened.close();
});

test.run();
