import { resolve } from 'node:path';
import { readSettings } from '../../affinity/read-settings.js';
import { DEFAULT_SETTINGS } from '../../affinity/settings.js';
import { RealFs } from '../../host/real-fs.js';
import { ToolError } from '../../lib/errors.js';
import { JOURNAL_FIELD_SOCKET, JournaldWriter, prefixedLines } from '../../lib/journald.js';
import { SystemdNotify } from '../../lib/systemd-notify.js';
import { SYSTEM_URI } from '../../libvirt/daemon.js';
import { InstanceLock } from '../../runtime/instance-lock.js';
import { acquireInstanceLock, keepInstanceLock } from '../../runtime/instance-take-over.js';
import { type JournalEntry, journalFields } from '../../watch/output/journal-entry.js';
import { Watcher } from '../../watch/watcher.js';
import { DISCOVERIES, type Discovery } from '../discovery-names.js';
import { assertHost } from '../host/assert-host.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { version } from '../version.js';

export interface WatchOptions {
  /** always empty: it takes no files */
  paths: string[];
  /** a directory to use instead of the host's root */
  root?: string | undefined;
  /** libvirt's URI, as in `virsh -c` */
  connect?: string | undefined;
  /** a file for Prometheus's textfile collector */
  metrics?: string | undefined;
  /** exit after the last domain */
  untilIdle: boolean;
  restoreOnExit: boolean;
  tracing: boolean;
  /** where domains are looked for; undefined: by all means, with --until-idle by libvirt */
  discover?: readonly Discovery[] | undefined;
}

const PROGRAM = 'hostdev-cpuset';
/** --until-idle exits after this time without a domain. */
const IDLE_MS = 3000;
const IDLE_CHECK_MS = 500;
/** Time for the last messages to the journal and systemd. */
const FLUSH_TIMEOUT_MS = 300;
const END_SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** `watch`: runs until a signal, or with --until-idle until the end of the last domain. Returns the exit status. */
export async function watchCommand(options: WatchOptions, io: Io): Promise<number> {
  // libvirt's default for root; given explicitly, because the environment may set another one for virsh
  const { root, connect = SYSTEM_URI, metrics, tracing, untilIdle, restoreOnExit } = options;
  const files = new RealFs(root);
  assertHost(files, root);
  if (root === undefined && io.userId() !== 0) {
    throw new ToolError('watch writes /proc/irq/*/smp_affinity, which needs root: run it with sudo');
  }
  const settings = readSettings(files) ?? DEFAULT_SETTINGS;
  // a watcher that a hook has started is for libvirt's domains
  const sources = options.discover ?? (untilIdle ? ['libvirt'] : DISCOVERIES);
  const discover = { libvirt: sources.includes('libvirt'), proc: sources.includes('proc') };
  const lock = new InstanceLock(root);
  // without a handler a SIGHUP at the start would end the process
  let reload = () => {};
  const onReload = () => reload();
  process.on('SIGHUP', onReload);
  await acquireInstanceLock(lock, options);
  const notify = new SystemdNotify(io.env);
  const socket = root === undefined ? JOURNAL_FIELD_SOCKET : undefined;
  const journald = new JournaldWriter({ socket, pid: process.pid, env: io.env });
  const journal = (entry: JournalEntry) => journald.write(journalFields(entry), () => writePlain(entry, io));
  const watcher = new Watcher({
    ...{ root: root ?? '', metrics: metrics && resolve(metrics), version, tracing, settings, pid: process.pid },
    ...{ untilIdle, restoreOnExit, discover },
    libvirt: { uri: connect, env: io.env },
    clock: { now: () => Number(process.hrtime.bigint()) / 1e6 },
    cpuMs: cpuTimeMs,
    journal,
    status: (text) => void notify.send(`STATUS=${text}`),
  });
  reload = () => void reloadSettings(watcher, files, journal, notify);
  const { ending, forget } = endOf(watcher, lock, options);
  let ended = true;
  let sentStopping: Promise<void> | undefined;
  try {
    await watcher.start();
    notify.startWatchdog();
    await Promise.race([notify.send('READY=1'), ending]);
    await ending;
    notify.stopWatchdog();
    sentStopping = notify.send('STOPPING=1');
  } finally {
    // first, so that hooks find no watcher from now on and start the next one
    lock.stepDown();
    ended = await watcher.stop();
    lock.release();
    forget();
    process.off('SIGHUP', onReload);
    await Promise.race([
      Promise.all([journald.flush(), sentStopping]),
      new Promise((done) => setTimeout(done, FLUSH_TIMEOUT_MS)),
    ]);
    notify.close();
    journald.close();
  }
  // Node would wait for the thread that reads trace events, which does not end. For systemd this signal is a clean
  // exit.
  if (!ended) process.kill(process.pid, 'SIGTERM');
  return EXIT.ok;
}

/**
 * `ending` resolves at a signal, or with --until-idle after the last domain; it rejects with a ToolError if another
 * watcher has the lock. Signals are handled until `forget` is called.
 */
function endOf(watcher: Watcher, lock: InstanceLock, options: WatchOptions) {
  let end = () => {};
  let lose: (error: Error) => void = () => {};
  const ending = new Promise<void>((resolve, reject) => {
    end = resolve;
    lose = reject;
  });
  let idleMs = 0;
  const check = () => {
    idleMs = watcher.checkIdle() ? idleMs + IDLE_CHECK_MS : 0;
    if (idleMs < IDLE_MS) return;
    // hooks look for a watcher after they have left their call: so give up the lock before the last check for calls
    lock.stepDown();
    if (watcher.checkIdle() || !lock.take().taken) end();
    idleMs = 0;
  };
  const timer = options.untilIdle ? setInterval(check, IDLE_CHECK_MS) : undefined;
  const stopKeeping = keepInstanceLock(lock, options, lose);
  for (const signal of END_SIGNALS) process.on(signal, end);
  const stopChecks = () => {
    clearInterval(timer);
    stopKeeping();
  };
  // `ending` may reject before it is awaited
  ending.then(stopChecks, stopChecks);
  const forget = () => {
    end();
    for (const signal of END_SIGNALS) process.off(signal, end);
  };
  return { ending, forget };
}

/** CPU time of this process, in ms. */
function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** At SIGHUP. If the configuration has errors, nothing changes. */
async function reloadSettings(
  watcher: Watcher,
  files: RealFs,
  journal: (entry: JournalEntry) => void,
  notify: SystemdNotify,
): Promise<void> {
  void notify.send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  try {
    watcher.setSettings(readSettings(files) ?? DEFAULT_SETTINGS);
    journal({ priority: 'info', text: 'configuration reloaded' });
  } catch (error) {
    const { message } = error as Error;
    journal({ priority: 'error', text: `configuration not reloaded: ${message}` });
  }
  await notify.send('READY=1');
}

/** Without journald's fields: a line on standard error, with its priority if standard error is the journal. */
function writePlain({ priority, text }: JournalEntry, io: Io): void {
  const isJournal = io.env.JOURNAL_STREAM !== undefined;
  io.stderr.write(isJournal ? prefixedLines([{ priority, text }]) : errorLine(PROGRAM, text));
}
