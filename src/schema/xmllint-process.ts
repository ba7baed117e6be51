import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority, tmpdir } from 'node:os';
import { directoryReason } from '../lib/errno.js';
import { CpuLimit } from './cpu-limit.js';
import type { Grammar } from './grammar.js';
import { SchemaError } from './schema-error.js';
import type { Environment } from './verdict.js';

const MAX_OUTPUT_SIZE = 16 << 20;
/** Exit status of xmllint if the grammar does not compile. */
const BAD_GRAMMAR = 5;
/** Added to the nice value: on a busy machine the process still gets a third of the CPU time of others. */
const NICE_INCREMENT = 5;

export interface XmllintExit {
  /** 0 valid, 1 malformed, 3 invalid; null: killed or not started */
  status: number | null;
  /** stderr */
  output: string;
  timedOut: boolean;
}

export interface XmllintProcess {
  /** Rejects with SchemaError if the grammar does not compile. */
  exit: Promise<XmllintExit>;
  kill(): void;
}

export interface XmllintInput {
  files: readonly string[];
  /** the input for the file name `-`: an open file, or a text */
  stdin?: number | string;
  /** lower priority than this process, for runs in which this process has more work than xmllint */
  hasLowPriority?: boolean;
}

/**
 * Starts xmllint, never through a shell.
 * @param cpuTimeLimitMs for each document
 * @throws SchemaError if no temporary file can be written
 */
export function spawnXmllint(
  { files, stdin, hasLowPriority }: XmllintInput,
  grammar: Grammar,
  env: Environment,
  cpuTimeLimitMs: number,
): XmllintProcess {
  const { path, file } = openGrammar(grammar);
  const child = spawn('xmllint', ['--noout', '--nonet', '--relaxng', path, ...files], {
    // No catalogs: they could redirect the grammar's includes. libxml2 mostly allocates and frees small blocks: with a
    // larger cache for them in glibc it takes an eighth less time.
    env: { GLIBC_TUNABLES: 'glibc.malloc.tcache_count=10000', ...env, LC_ALL: 'C', XML_CATALOG_FILES: '' },
    stdio: [typeof stdin === 'string' ? 'pipe' : (stdin ?? 'ignore'), 'ignore', 'pipe', file ?? 'ignore'],
  });
  if (file !== undefined) closeSync(file);
  if (hasLowPriority && child.pid !== undefined) lowerPriority(child.pid);
  // EPIPE if the process ended early: its exit status gives the reason
  child.stdin?.on('error', () => {});
  if (typeof stdin === 'string') child.stdin?.end(stdin);

  const exit = new Promise<XmllintExit>((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    let timedOut = false;
    const limit = new CpuLimit(child.pid, cpuTimeLimitMs, () => {
      timedOut = true;
      child.kill('SIGKILL');
    });
    child.stderr?.on('data', (data: Buffer) => {
      limit.reportProgress();
      if (size < MAX_OUTPUT_SIZE) parts.push(data);
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

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, Math.min(getPriority() + NICE_INCREMENT, constants.priority.PRIORITY_LOW));
  } catch {
    // the process has ended, or this is not permitted: it is only an optimization
  }
}

/**
 * Writes a grammar that is not on disk to a temporary file and removes its name at once, so that there is nothing to
 * clean up; xmllint reads it through /dev/fd. Not a pipe: those of Node are sockets, which cannot be opened by path.
 */
function openGrammar(grammar: Grammar): { path: string; file?: number } {
  if (grammar.file !== undefined) return { path: grammar.file };
  let directory: string | undefined;
  try {
    directory = mkdtempSync(`${tmpdir()}/hostdev-cpuset-`);
    writeFileSync(`${directory}/grammar.rng`, grammar.text ?? '');
    return { path: '/dev/fd/3', file: openSync(`${directory}/grammar.rng`, 'r') };
  } catch (error) {
    throw new SchemaError(
      `cannot write a temporary file in ${tmpdir()}: ${directoryReason(error as NodeJS.ErrnoException)}`,
    );
  } finally {
    if (directory !== undefined) rmSync(directory, { recursive: true });
  }
}

function grammarFailure(output: string): string {
  const line = output.split('\n').find((text) => / error : /.test(text)) ?? output.split('\n')[0] ?? '';
  return `the schema does not compile: ${line.replace(/^.* error : /, '')}`;
}
