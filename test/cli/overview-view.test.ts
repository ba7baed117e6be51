import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { overviewLines } from '../../src/cli/status/overview-lines.js';
import { guestKey, OverviewView } from '../../src/cli/status/overview-view.js';
import { keysIn, titleOf } from '../../src/cli/status/screen.js';
import { plain } from '../../src/lint/formats/text.js';
import type { GuestSummary } from '../../src/report/overview.js';

const test = suite('the list of guests in status --watch');
const NONE = { host: null, unreadable: 0, posted: null, share: null, rate: undefined, errors: [], warnings: [] };
const guest = (name: string, misplaced: number, remote: number, rate?: number): GuestSummary => ({
  ...NONE,
  ...{ name, uuid: null, interrupts: 8, inPlace: 8 - misplaced, misplaced, remote, contested: 0, rate },
});
const all = [guest('vnf-2', 0, 0, 9), guest('vnf-10', 0, 4, 5), guest('router', 1, 0, 1)];
const state = { all, guests: all };
let view: OverviewView;
test.before.each(() => {
  view = new OverviewView(plain);
});

const press = (...keys: string[]) => keys.map((key) => view.key(key, state, 2));
/** Names of the list, the selected one with a mark. */
const names = () => view.list(state, 100).body.map((line) => line.replace(/^([> ]) (\S+).*$/, '$1$2').trim());

test('what is wrong is first; s and S go through the orders; the selected guest stays selected', () => {
  assert.equal(names(), ['>router', 'vnf-10', 'vnf-2']);
  press('j', 's');
  assert.equal(names(), ['router', 'vnf-2', '>vnf-10']);
  assert.match(view.help, /^by name /);
  press('S', 'S');
  assert.match(view.help, /^by rate /);
  assert.equal(names(), ['vnf-2', '>vnf-10', 'router']);
});

test('the first line: the place in the list is always shown, the time and the interval if there is room', () => {
  const head = { notes: ['11:51:20', 'every 2 s'], text: view.help };
  const place = 'lines 1-20 of 42';
  assert.is(titleOf(head, place, 100), `11:51:20  every 2 s  ${view.help}  ${place}`);
  assert.is(titleOf(head, place), titleOf(head, place, 100));
  assert.is(titleOf(head, place, 80), `11:51:20  ${view.help}  ${place}`);
  assert.is(titleOf(head, place, 70), `${view.help}  ${place}`);
  assert.is(titleOf(head, place, 30), `by state  /…  ${place}`);
  assert.is(titleOf(head, '', 30), 'by state  / search  s order  …');
  for (const columns of [0, 1, 17, 18, 19]) assert.ok(titleOf(head, place, columns).length <= columns);
});

test('filters that no guest passes', () => {
  const { fixed, body } = view.list({ all, guests: [] }, 100);
  assert.is(fixed?.length, 1);
  assert.equal(body, ['no guest passes the filters']);
});

test('no line is wider than the terminal, with the marks before the guests', () => {
  view.key('j', state, 2);
  for (let columns = 18; columns <= 100; columns++) {
    for (const shown of [state, { all, guests: [] }, { all: [], guests: [] }]) {
      const { fixed = [], body } = view.list(shown, columns);
      for (const line of [...fixed, ...body]) assert.ok(line.length <= Math.max(columns, 20), `${columns}: ${line}`);
    }
  }
});

test('without --watch, what is said instead of a list fits, too', () => {
  for (const [guests, only] of [
    [[], []],
    [all.map((one) => ({ ...one, contested: null })), ['contested']],
    [[guest('vnf-2', 0, 0)], ['misplaced', 'remote', 'contested']],
  ] as const) {
    const text = overviewLines(guests, only, false, plain, 20);
    assert.match(text, /^(no|contested) /);
    for (const line of text.split('\n')) assert.ok(line.length <= 20, line);
  }
});

test('guests that were found as processes are told apart though they claim the same name and UUID', () => {
  const claims = [41, 42].map((pid) => ({ ...guest('vm', 0, 0), uuid: 'u', pid }));
  const both = { all: claims, guests: claims };
  for (const key of ['j', '\r']) view.key(key, both, 2);
  assert.is(view.opened, guestKey({ name: 'vm', uuid: 'u', pid: 42 }));
  view.update({ all: claims.slice(0, 1), guests: [] });
  assert.is(view.opened, undefined);
});

test('keys move the selection, and not beyond the list', () => {
  for (const [key, selected] of [
    ['\u001b[F', 'vnf-2'],
    ['\u001b[A', 'vnf-10'],
    ['\u001b[1~', 'router'],
    ['\u001b[6~', 'vnf-2'],
    ['j', 'vnf-2'],
    ['\u001b[5~', 'router'],
    ['k', 'router'],
    ['\u001b[4~', 'vnf-2'],
    ['\u001b[H', 'router'],
  ] as const) {
    assert.equal(press(key), [true]);
    assert.ok(names().includes(`>${selected}`), `${JSON.stringify(key)}: ${names()}`);
  }
});

test('search: as it is typed, in either case; Enter keeps it, Esc ends it', () => {
  press('/', 'V', 'N', 'x', '\u007f');
  assert.is(view.help, 'search: VN_');
  assert.equal(names(), ['>vnf-10', 'vnf-2']);
  press('q', '\r');
  assert.equal(names(), ['no guest has that in its name']);
  assert.match(view.help, '/VNq (Esc all)');
  press('\u001b');
  assert.is(names().length, 3);
  press('/', '1', '\u001b');
  assert.is(names().length, 3);
});

test('a guest is opened and closed; one that has ended is closed', () => {
  assert.equal(press('j', '\r'), [true, 'top']);
  assert.is(view.opened, 'vnf-10');
  assert.equal(press('j', 's', 'q'), [false, false, false], 'the screen scrolls, and q ends');
  assert.equal(press('\u001b'), ['top']);
  assert.is(view.opened, undefined);
  press('\r');
  view.update({ all: all.slice(0, 1), guests: [] });
  assert.is(view.opened, undefined);
  assert.equal(press('x', 'q'), [false, false]);
});

test('without guests', () => {
  const empty = { all: [], guests: [] };
  assert.equal(view.key('\r', empty, 5), 'top');
  assert.equal(view.key('j', empty, 5), true);
  assert.equal(view.list(empty, 80), {
    fixed: ['no running guest with host devices'],
    body: [],
    selected: undefined,
  });
});

test('several keys at once', () => {
  assert.equal(keysIn('ab\u001b[1~\u001b[A\u001bOF\u001b'), ['a', 'b', '\u001b[1~', '\u001b[A', '\u001bOF', '\u001b']);
});

test.run();
