import { join } from 'node:path';
import { actionOf } from '../../hook/operation.js';
import { readStdin } from '../../hook/read-stdin.js';
import { type HookCall, type HookHost, type HookResult, runHook } from '../../hook/run.js';
import { SpooledCalls } from '../../hook/spooled-calls.js';
import { RealFs } from '../../host/real-fs.js';
import { JOURNAL_STREAM_SOCKET, type JournalLine, prefixedLines, sendToJournal } from '../../lib/journald.js';
import { pause } from '../../lib/pause.js';
import { StateStore } from '../../runtime/state-store.js';
import { EXIT, errorLine, type Io } from '../io.js';

const PROGRAM = 'hostdev-cpuset';
const USAGE =
  "usage: hostdev-cpuset hook NAME OPERATION SUBOPERATION EXTRA [--root DIR], the domain's XML on standard input";
/** Milliseconds that libvirt may take to hand over the XML, and that the calls of others may take after it. */
const INPUT_MS = 5000;
const OTHERS_MS = 1000;

/** What the front of the hook (hook/qemu) knows a refusal by: Node's own status is 1 as well when it crashes. */
export const REFUSAL = 'the domain must not start';

export type HookIo = Pick<Io, 'env'> & { stderr: Pick<Io['stderr'], 'write'> };

/**
 * libvirt's hook protocol. The status is 0 whatever happens, for in `started` and `reconnect` libvirt kills the guest at any
 * other; but 1 where the configuration wants a start to fail, in `prepare`. Nothing is ever printed on standard output: in
 * `migrate` and `restore` it would replace the domain's XML.
 */
export async function hookCommand(args: readonly string[], io: HookIo): Promise<number> {
  // A name may look like an option: the four words of libvirt come first, whatever they are.
  const [name, operation, suboperation, extra, ...options] = args;
  const root = rootOf(options);
  if (name === undefined || operation === undefined || suboperation === undefined || extra === undefined || !root) {
    io.stderr.write(errorLine(PROGRAM, USAGE));
    return EXIT.ok;
  }
  const work = actionOf(operation, suboperation);
  if (!work) return EXIT.ok;
  const host = hostOf(root.folder, io.env);
  const spool = spoolOf(root.folder, io.env);
  const { lines, refusal } = await serveOwn({ work, name, operation }, spool, host, io.env);
  if (spool) lines.push(...serveOthers(spool, host));
  return say({ lines, ...(refusal === undefined ? {} : { refusal }) }, root.folder, io);
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

/** The spool, where the front of the hook has the lock for it: then this process serves what others have left, too. */
function spoolOf(root: string, { HOSTDEV_CPUSET_SPOOL: wanted }: HookIo['env']): SpooledCalls | undefined {
  return wanted === 'keep' || wanted === 'remove' ? new SpooledCalls(root, wanted === 'keep') : undefined;
}

/** The call that this process was started for. It is in the spool if the front has left it there, else on standard input. */
async function serveOwn(
  call: Omit<HookCall, 'input'>,
  spool: SpooledCalls | undefined,
  host: HookHost,
  { HOSTDEV_CPUSET_LEFT: left }: HookIo['env'],
): Promise<HookResult> {
  if (!spool || !left) return runHook({ ...call, input: await readStdin(0, () => process.stdin, INPUT_MS) }, host);
  const claimed = spool.claim(left);
  return claimed ? runHook({ ...claimed, name: call.name }, host) : { lines: [] };
}

/** The oldest first. What is not served in time is served by the next of the hooks that wait, or by a watcher. */
function serveOthers(spool: SpooledCalls, host: HookHost): JournalLine[] {
  const deadline = Date.now() + OTHERS_MS;
  const lines: JournalLine[] = [];
  for (const name of spool.waiting()) {
    if (Date.now() >= deadline) break;
    const call = spool.claim(name);
    if (call) lines.push(...runHook(call, host).lines);
  }
  return lines;
}

async function say({ lines, refusal }: HookResult, root: string, io: HookIo): Promise<number> {
  if (io.env.HOSTDEV_CPUSET_LINES === 'prefixed' && refusal === undefined) {
    // the front hands them to logger, which takes a quarter of the time that node:net takes to load
    io.stderr.write(prefixedLines(lines));
    return EXIT.ok;
  }
  const socket = join(root || '/', JOURNAL_STREAM_SOCKET);
  const sent = lines.length === 0 || (await sendToJournal(socket, PROGRAM, lines));
  if (refusal !== undefined) {
    // libvirt shows it to who starts the domain
    io.stderr.write(errorLine(PROGRAM, `${REFUSAL}: ${refusal}`));
    return EXIT.findings;
  }
  if (!sent) io.stderr.write(lines.map(asText).join(''));
  return EXIT.ok;
}

const asText = ({ text }: JournalLine) => errorLine(PROGRAM, text);

/** Undefined where the options are something else. An empty folder is an accident, and would mean this host. */
function rootOf(options: readonly string[]): { folder: string } | undefined {
  const [first, second, ...more] = options;
  if (first === undefined) return { folder: '' };
  const joined = first.startsWith('--root=');
  const folder = joined ? first.slice('--root='.length) : second;
  const alone = joined ? second === undefined : first === '--root' && more.length === 0;
  return folder && alone ? { folder } : undefined;
}
