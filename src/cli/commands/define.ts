import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { normalize } from '../../transform/normalize.js';
import { type RewrittenFile, rewriteEach } from '../edit/rewrite.js';
import { defineWithVirsh, isRunning, RUNNING_NOTE } from '../edit/virsh-define.js';
import { STDIN_NAME } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { onTermination } from '../signals.js';

export interface DefineOptions extends SchemaOptions {
  /** files, `-` for standard input */
  paths: readonly string[];
  /** libvirt's URI, as in `virsh -c` */
  connect?: string | undefined;
  /** false: no schema check, neither here nor by libvirt */
  check: boolean;
}

/**
 * `hostdev-cpuset define`: `virsh define`, but the document may have our attribute. All files are read and checked
 * first, then each is defined.
 * @returns the exit status: 1 if a document has errors or libvirt refuses it, 2 if virsh or a file failed
 */
export function defineCommand(options: DefineOptions, io: Io): Promise<number> {
  return rewriteEach(options, io, normalize, options.check, (path, file) => defineOne(path, file, options, io));
}

async function defineOne(
  path: string,
  { printFindings, after, name, withoutPolicy }: RewrittenFile,
  { connect, check }: DefineOptions,
  io: Io,
): Promise<number> {
  printFindings();
  if (after === undefined) return EXIT.findings;
  const from = path === '-' ? STDIN_NAME : path;
  const virsh = new Virsh({ uri: connect, env: io.env });
  const signals = onTermination(() => virsh.close());
  let refusal: string | undefined;
  try {
    refusal = await defineWithVirsh(after, virsh, check);
  } finally {
    signals.end();
  }
  if (refusal !== undefined) {
    io.stderr.write(errorLine('hostdev-cpuset', `${from}: libvirt refuses it: ${refusal}`));
    return EXIT.findings;
  }
  io.stdout.write(`Domain '${printable(name)}' defined from ${printable(from)}\n`);
  if (withoutPolicy !== undefined) {
    const remedy = `hostdev-cpuset set ${inShell(name)} DEVICE auto`;
    io.stderr.write(errorLine('note', `${withoutPolicy}; ${remedy} sets one`));
  }
  if (isRunning(name, virsh)) io.stdout.write(`${RUNNING_NOTE}\n`);
  return EXIT.ok;
}

/** A name as one word for a shell. */
function inShell(name: string): string {
  return /^[\w.+-]+$/.test(name) ? name : `'${name.replace(/'/g, "'\\''")}'`;
}
