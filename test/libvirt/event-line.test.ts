import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type LibvirtEvent, parseEventLine } from '../../src/libvirt/event-line.js';

const test = suite("lines of libvirt's events");
const STAMP = '2026-03-01 20:44:28.039+0000: ';

// as virsh 9.0 prints them
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
  ["event 'constructor' for domain 'guest'", undefined],
];
for (const [text, change] of LINES) {
  test(text, () => {
    assert.equal(parseEventLine(STAMP + text), change && { domain: 'guest', change });
  });
}

test('a name with quotes, or with the words of an event', () => {
  for (const domain of ["gu'est", "x': Stopped y", "event 'reboot' for domain 'a'", '$(reboot)', ' ']) {
    assert.equal(parseEventLine(`${STAMP}event 'reboot' for domain '${domain}'`), { domain, change: 'interrupts' });
  }
});

test('a name with a line break: half of an event is one, of nobody knows whom', () => {
  assert.is(parseEventLine(`${STAMP}event 'reboot' for domain 'two`), null);
  assert.is(parseEventLine("lines'"), undefined);
});

test('what follows an event on lines of its own, and what virsh says at its end', () => {
  assert.is(parseEventLine('\tcputune.vcpupin0: 0'), undefined);
  assert.is(parseEventLine('events received: 9'), undefined);
  assert.is(parseEventLine(''), undefined);
});

test.run();
