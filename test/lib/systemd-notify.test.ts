import { chmodSync, readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SystemdNotify } from '../../src/lib/systemd-notify.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('notifications of systemd');

/** Writes down each message; STATUS= waits until the file `go` exists. */
const RECORDER = `#!/bin/sh
cd "\${0%/*}" || exit
case $1 in STATUS=*) until [ -e go ]; do sleep 0.02; done ;; esac
printf '%s\\n' "$*" >>sent
`;

test('a watchdog message waits behind a slow one, once, and comes four times in the interval', async () => {
  const folder = new TemporaryFolder();
  chmodSync(folder.write('systemd-notify', RECORDER), 0o755);
  const ticks: (() => void)[] = [];
  const { setInterval } = globalThis;
  let intervalMs: number | undefined;
  globalThis.setInterval = ((tick: () => void, ms: number) => {
    ticks.push(tick);
    intervalMs = ms;
  }) as unknown as typeof setInterval;
  const notify = new SystemdNotify({
    PATH: `${folder.path}:${process.env.PATH}`,
    NOTIFY_SOCKET: '/nonexistent',
    WATCHDOG_USEC: '60000000',
  });
  try {
    notify.startWatchdog();
    assert.is(intervalMs, 15_000);
    const slow = notify.send('STATUS=slow');
    for (let count = 0; count < 3; count++) ticks[0]?.();
    folder.write('go', '');
    await slow;
    await notify.send('READY=1');
    assert.is(readFileSync(folder.join('sent'), 'utf8'), 'STATUS=slow\nWATCHDOG=1\nREADY=1\n');
  } finally {
    globalThis.setInterval = setInterval;
    notify.close();
    folder.remove();
  }
});

test.run();
