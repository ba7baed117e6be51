import { type Clock, install } from '@sinonjs/fake-timers';

/**
 * Timers and dates that advance only with `tick(milliseconds)`. Processes, sockets and `until` use real time. Call
 * `uninstall()` after the test.
 */
export function installClock(): Clock {
  const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] as const;
  return install({ toFake: [...toFake] });
}
