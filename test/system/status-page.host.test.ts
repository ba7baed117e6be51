import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { SMALL_PAGES, StatusPages } from './status-pages.js';

const test = suiteWhere('status --html in Chromium: accessibility', needs('chromium'));
const axe = readFileSync(createRequire(__filename).resolve('axe-core/axe.min.js'), 'utf8');

let pages: StatusPages;
test.before(async () => {
  pages = await StatusPages.start();
});
test.after(() => pages?.end());

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

for (const name of [...SMALL_PAGES, '256 CPUs', '40 guests', '40 small guests'] as const) {
  // the width changes no colours
  for (const [colorScheme, width] of [
    ['light', 1280],
    ['dark', 390],
  ] as const) {
    // the same in a page that axe reads as a whole in seconds
    if (name === '40 guests' && colorScheme === 'dark') continue;
    test(`${name}, ${colorScheme}, ${width} pixels: accessible, self-contained, and no wider than the window`, async () => {
      const { opened, requested, messages } = await pages.open(name, { colorScheme, viewport: { width, height: 900 } });
      const details = opened.locator('details');
      // of the page with thousands of rows, the first tables
      await details.evaluateAll((all) => {
        for (const one of all.slice(0, 3)) one.setAttribute('open', '');
      });
      const wider = await opened.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wider <= 0, `${wider} pixels too wide`);
      if (name === '40 guests') await keepFirstRows(opened);
      assert.equal(await violations(opened), []);
      assert.equal(requested, [await pages.url(name)]);
      assert.equal(messages, []);
      await opened.close();
    });
  }
}

test.run();
