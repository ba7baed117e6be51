import { join } from 'node:path';
import { readStdin } from '../../hook/read-stdin.js';
import { actionOf, type HookCall, type HookHost, type HookResult, runHook } from '../../hook/run.js';
import { SpooledCalls } from '../../hook/spooled-calls.js';
import { RealFs } from '../../host/real-fs.js';
import { JOURNAL_STREAM_SOCKET, type JournalLine, prefixedLines, sendToJournal } from '../../lib/journald.js';
import { pause } from '../../lib/pause.js';
import { StateStore } from '../../runtime/state-store.js';
import { EXIT, errorLine, type Io } from '../io.js';

const PROGRAM = 'hostdev-cpuset';
const USAGE =
  "usage: hostdev-cpuset hook NAME OPERATION SUBOPERATION EXTRA [--root DIR], the domain's XML on standard input";
/** Time for libvirt to write the XML. */
const INPUT_TIMEOUT_MS = 5000;
/** Time for the calls of other hooks, after this one. */
const OTHER_CALLS_LIMIT_MS = 1000;

/** hook/qemu recognises a refusal by this text, because Node's exit status is 1 after a crash, too. */
export const REFUSAL = 'the domain must not start';

export type HookIo = Pick<Io, 'env'> & { stderr: Pick<Io['stderr'], 'write'> };

/**
 * libvirt's hook protocol. The exit status is normally 0, even after an error, because libvirt kills a guest whose
 * `started` or `reconnect` hook fails. It is 1 only in `prepare`, if the configuration refuses the start. Nothing is
 * printed on standard output: in `migrate` and `restore` it would replace the domain's XML.
 */
export async function hookCommand(args: readonly string[], io: HookIo): Promise<number> {
  // libvirt's four arguments come first; a name may look like an option
  const [name, operation, suboperation, extra, ...options] = args;
  const root = rootOf(options);
  if (name === undefined || operation === undefined || suboperation === undefined || extra === undefined || !root) {
    io.stderr.write(errorLine(PROGRAM, USAGE));
    return EXIT.ok;
  }
  const action = actionOf(operation, suboperation);
  if (!action) return EXIT.ok;
  const host = hostOf(root.folder, io.env);
  const spool = spoolOf(root.folder, io.env);
  const { lines, refusal } = await runOwnCall({ action, name, operation }, spool, host, io.env);
  if (spool) lines.push(...runOtherCalls(spool, host));
  return log({ lines, ...(refusal === undefined ? {} : { refusal }) }, root.folder, io);
}

function hostOf(root: string, env: HookIo['env']): HookHost {
  return {
    files: new RealFs(root),
    state: new StateStore(root),
    root,
    pause,
    debug: env.HOSTDEV_CPUSET_DEBUG === '1',
  };
}

/** The spool, if hook/qemu has the spool's lock: this process then also runs the calls that other hooks left there. */
function spoolOf(root: string, { HOSTDEV_CPUSET_SPOOL: mode }: HookIo['env']): SpooledCalls | undefined {
  return mode === 'keep' || mode === 'remove' ? new SpooledCalls(root, mode === 'keep') : undefined;
}

/**
 * The call that this process was started for. Its XML is in the spool if hook/qemu put it there, otherwise on standard
 * input.
 */
async function runOwnCall(
  call: Omit<HookCall, 'input'>,
  spool: SpooledCalls | undefined,
  host: HookHost,
  { HOSTDEV_CPUSET_LEFT: spooledName }: HookIo['env'],
): Promise<HookResult> {
  if (!spool || !spooledName)
    return runHook({ ...call, input: await readStdin(0, () => process.stdin, INPUT_TIMEOUT_MS) }, host);
  const claimed = spool.claim(spooledName);
  return claimed ? runHook({ ...claimed, name: call.name }, host) : { lines: [] };
}

/** The oldest first. After the time limit the rest is left to the next waiting hook, or to a watcher. */
function runOtherCalls(spool: SpooledCalls, host: HookHost): JournalLine[] {
  const deadline = performance.now() + OTHER_CALLS_LIMIT_MS;
  const lines: JournalLine[] = [];
  for (const name of spool.waiting()) {
    if (performance.now() >= deadline) break;
    const call = spool.claim(name);
    if (call) lines.push(...runHook(call, host).lines);
  }
  return lines;
}

/** Sends the lines to the journal, otherwise to standard error; returns the exit status. */
async function log({ lines, refusal }: HookResult, root: string, io: HookIo): Promise<number> {
  if (io.env.HOSTDEV_CPUSET_LINES === 'prefixed' && refusal === undefined) {
    // hook/qemu passes them to logger, which is four times faster than loading node:net
    io.stderr.write(prefixedLines(lines));
    return EXIT.ok;
  }
  const socket = join(root || '/', JOURNAL_STREAM_SOCKET);
  const sent = lines.length === 0 || (await sendToJournal(socket, PROGRAM, lines));
  if (refusal !== undefined) {
    // libvirt shows it to the user who starts the domain
    io.stderr.write(errorLine(PROGRAM, `${REFUSAL}: ${refusal}`));
    return EXIT.findings;
  }
  if (!sent) io.stderr.write(lines.map(asText).join(''));
  return EXIT.ok;
}

const asText = ({ text }: JournalLine) => errorLine(PROGRAM, text);

/**
 * The value of --root, '' without it; undefined if the options are invalid. `--root ''` is invalid, as it would mean
 * this host.
 */
function rootOf(options: readonly string[]): { folder: string } | undefined {
  const [first, second, ...more] = options;
  if (first === undefined) return { folder: '' };
  const joined = first.startsWith('--root=');
  const folder = joined ? first.slice('--root='.length) : second;
  const alone = joined ? second === undefined : first === '--root' && more.length === 0;
  return folder && alone ? { folder } : undefined;
}
