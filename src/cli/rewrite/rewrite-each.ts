import { realpathSync } from 'node:fs';
import { ToolError } from '../../lib/errors.js';
import { UnreadableError } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { type Rewrite, rewriteAll, type Told } from './rewrite.js';

/**
 * Reads, checks and rewrites documents, all with one run of the schema's engine, and then has each finished by itself: one that cannot be
 * read, or finished, does not keep the others from it.
 * @param check whether the schema is asked
 * @param finish does with one what the command is for; returns an exit status, or throws ToolError
 * @returns the worst exit status
 */
export async function rewriteEach(
  { paths, ...options }: SchemaOptions & { paths: readonly string[] },
  io: Io,
  rewrite: Rewrite,
  check: boolean,
  finish: (path: string, file: Told) => number,
): Promise<number> {
  const once = eachOnce(paths);
  const files = await rewriteAll(once, options, io, rewrite, check);
  let status: number = EXIT.ok;
  for (const [index, file] of files.entries()) {
    try {
      if (file instanceof UnreadableError) throw file;
      status = Math.max(status, finish(once[index] as string, file));
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      io.stderr.write(errorLine('hostdev-cpuset', error.message));
      status = EXIT.failed;
    }
  }
  return status;
}

/** Under several names a file is one file, by the first of them. */
function eachOnce(paths: readonly string[]): string[] {
  const named = new Map<string, string>();
  for (const path of paths) {
    const target = targetOf(path);
    if (!named.has(target)) named.set(target, path);
  }
  return [...named.values()];
}

function targetOf(path: string): string {
  try {
    return path === '-' ? path : realpathSync(path);
  } catch {
    return path;
  }
}
