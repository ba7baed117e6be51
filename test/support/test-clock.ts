import { type Clock, install } from '@sinonjs/fake-timers';

/**
 * Timers and dates that go on only by `tick(milliseconds)`. Processes, sockets and `until` keep real time. Call
 * `uninstall()` after the test.
 */
export function installClock(): Clock {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;
  return install({ toFake: [...toFake] });
}
