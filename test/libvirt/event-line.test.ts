import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LibvirtEvent, parseEventLine } from '../../src/libvirt/event-line.js';

const test = suite("lines of libvirt's events");
const STAMP = '2026-03-01 20:44:28.039+0000: ';

// As virsh 9.0 prints them.
const LINES: [string, LibvirtEvent['change'] | undefined][] = [
  ["event 'lifecycle' for domain 'guest': Defined Added", undefined],
  ["event 'lifecycle' for domain 'guest': Started Booted", 'redefined'],
  ["event 'lifecycle' for domain 'guest': Resumed Unpaused", 'redefined'],
  ["event 'lifecycle' for domain 'guest': Suspended Paused", undefined],
  ["event 'lifecycle' for domain 'guest': Shutdown Finished after guest request", undefined],
  ["event 'lifecycle' for domain 'guest': Stopped Destroyed", 'ended'],
  ["event 'lifecycle' for domain 'guest': Crashed Panicked", 'ended'],
  ["event 'reboot' for domain 'guest'", 'interrupts'],
  ["event 'tunable' for domain 'guest':", 'redefined'],
  ["event 'metadata-change' for domain 'guest': type element, uri urn:x", 'redefined'],
  ["event 'device-added' for domain 'guest': hostdev0", 'redefined'],
  ["event 'device-removed' for domain 'guest': hostdev0", 'redefined'],
  ["event 'balloon-change' for domain 'guest': 1024KiB", undefined],
  ["event 'disk-change' for domain 'guest' disk sda: a -> b: startup policy", undefined],
  ["event 'tray-change' for domain 'guest' disk sda: opened", undefined],
  ["event 'block-job-2' for domain 'guest': Block Copy for sda completed", undefined],
];
for (const [text, change] of LINES) {
  test(text, () => {
    const expected = change ? { event: { domain: 'guest', change } } : {};
    assert.equal(parseEventLine(STAMP + text), expected);
    // As earlier versions print them.
    assert.equal(parseEventLine(STAMP + text.replace("'guest'", 'guest')), expected, 'without quotes');
  });
}

test('a name may contain quotes or the text of an event', () => {
  for (const domain of ["gu'est", "x': Stopped y", "event 'reboot' for domain 'a'", '$(reboot)', ' ']) {
    const event = { domain, change: 'interrupts' };
    assert.equal(parseEventLine(`${STAMP}event 'reboot' for domain '${domain}'`), { event });
  }
});

test('a name with a line break: the domain is unknown', () => {
  assert.equal(parseEventLine(`${STAMP}event 'reboot' for domain 'two`), { event: null, isCut: true });
});

test("details of an event, and virsh's last lines, are ignored", () => {
  for (const line of [
    '',
    '\tcputune.vcpupin0: 0',
    'events received: 9',
    'event loop interrupted',
    'event loop timed out',
  ]) {
    assert.equal(parseEventLine(line), {}, line);
  }
});

test('an unknown kind of event is reported', () => {
  for (const kind of ['new-kind', 'constructor']) {
    assert.equal(parseEventLine(`${STAMP}event '${kind}' for domain 'guest': x`), { isUnknown: true });
  }
});

test('a line in an unknown format may be any event', () => {
  for (const line of [
    "event 'reboot' for domain 'guest'",
    `${STAMP}domain guest: rebooted`,
    `${STAMP}event 'reboot' for domain 'guest' (vm-7)`,
    `${STAMP}event 'lifecycle' for domain 'guest', Stopped`,
  ]) {
    assert.equal(parseEventLine(line), { event: null, isUnknown: true }, line);
  }
});

test.run();
