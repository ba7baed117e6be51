import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority, tmpdir } from 'node:os';
import { CpuLimit } from './cpu-limit.js';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import type { Environment } from './verdict.js';

const OUTPUT_LIMIT = 16 << 20;
const BAD_GRAMMAR = 5;
// Little enough that on a busy machine it still gets a third of what others get.
const ASIDE = 5;

/** How a process ended: 0 valid, 1 malformed, 3 invalid; null where it was killed or not started. `output` is its stderr. */
export interface XmllintExit {
  status: number | null;
  output: string;
  timedOut: boolean;
}

export interface XmllintProcess {
  /** Rejects with SchemaError where the grammar does not compile. */
  exit: Promise<XmllintExit>;
  kill(): void;
}

export interface XmllintInput {
  files: readonly string[];
  /** What the file name `-` stands for: an open file, or a text. */
  stdin?: number | string;
  /** It gives way to us: where there is more to do for us than for it, we are who is waited for. */
  isAside?: boolean;
}

/**
 * Starts xmllint, never through a shell, for at most `timeLimit` milliseconds of CPU time for each document.
 * @throws SchemaError where there is no room for a temporary file
 */
export function spawnXmllint(
  { files, stdin, isAside }: XmllintInput,
  grammar: Grammar,
  env: Environment,
  timeLimit: number,
): XmllintProcess {
  const { path, file } = openGrammar(grammar);
  const child = spawn('xmllint', ['--noout', '--nonet', '--relaxng', path, ...files], {
    // No catalogs: they could send the grammar's includes elsewhere. libxml2 frees and allocates small pieces most of its time:
    // with room for more of them in glibc's cache it takes an eighth less.
    env: { GLIBC_TUNABLES: 'glibc.malloc.tcache_count=10000', ...env, LC_ALL: 'C', XML_CATALOG_FILES: '' },
    stdio: [typeof stdin === 'string' ? 'pipe' : (stdin ?? 'ignore'), 'ignore', 'pipe', file ?? 'ignore'],
  });
  if (file !== undefined) closeSync(file);
  if (isAside && child.pid !== undefined) giveWay(child.pid);
  // A process that ended early has not read everything, which its exit status tells better.
  child.stdin?.on('error', () => {});
  if (typeof stdin === 'string') child.stdin?.end(stdin);

  const exit = new Promise<XmllintExit>((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    let timedOut = false;
    const limit = new CpuLimit(child.pid, timeLimit, () => {
      timedOut = true;
      child.kill('SIGKILL');
    });
    child.stderr?.on('data', (data: Buffer) => {
      limit.getsOn();
      if (size < OUTPUT_LIMIT) parts.push(data);
      size += data.length;
    });
    child.on('error', () => {
      limit.clear();
      resolve({ status: null, output: '', timedOut: false });
    });
    child.on('close', (status) => {
      limit.clear();
      const output = Buffer.concat(parts).toString('utf8');
      if (status === BAD_GRAMMAR) reject(new SchemaError(grammarFailure(output)));
      else resolve({ status, output, timedOut });
    });
  });
  return { exit, kill: () => child.kill('SIGKILL') };
}

function giveWay(pid: number): void {
  try {
    setPriority(pid, Math.min(getPriority() + ASIDE, constants.priority.PRIORITY_LOW));
  } catch {
    // Gone already, or not allowed: it is no worse for it.
  }
}

/**
 * A grammar that is not on disk is put in a file that has no name any more when xmllint reads it (through /dev/fd), so that
 * there is nothing to clean up. A pipe would do, but Node's are sockets, which cannot be opened by name.
 */
function openGrammar(grammar: Grammar): { path: string; file?: number } {
  if (grammar.file !== undefined) return { path: grammar.file };
  let directory: string | undefined;
  try {
    directory = mkdtempSync(`${tmpdir()}/hostdev-cpuset-`);
    writeFileSync(`${directory}/grammar.rng`, grammar.text ?? '');
    return { path: '/dev/fd/3', file: openSync(`${directory}/grammar.rng`, 'r') };
  } catch (error) {
    throw new SchemaError(`no temporary file in ${tmpdir()} (${(error as NodeJS.ErrnoException).code})`);
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }
}

function grammarFailure(output: string): string {
  const line = output.split('\n').find((text) => / error : /.test(text)) ?? output.split('\n')[0] ?? '';
  return `the schema does not compile: ${line.replace(/^.* error : /, '')}`;
}
