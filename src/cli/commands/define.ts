import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { normalize } from '../../transform/normalize.js';
import { defineWithVirsh, isRunning, RUNNING_NOTE } from '../edit/define-with-virsh.js';
import { STDIN_NAME } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import type { Told } from '../rewrite/rewrite.js';
import { rewriteEach } from '../rewrite/rewrite-each.js';

export interface DefineOptions extends SchemaOptions {
  /** files, `-` for standard input */
  paths: readonly string[];
  /** libvirt's URI, as of `virsh -c` */
  connect?: string | undefined;
  /** false: neither we nor libvirt ask a schema */
  check: boolean;
}

/**
 * `hostdev-cpuset define`: `virsh define` with the attribute allowed. Each file is defined or not by itself, after all are read and checked.
 * @returns the exit status: 1 where a document has errors or libvirt refuses it, 2 where the work could not be done
 */
export function defineCommand(options: DefineOptions, io: Io): Promise<number> {
  return rewriteEach(options, io, normalize, options.check, (path, file) => defineOne(path, file, options, io));
}

function defineOne(path: string, { tell, after, name }: Told, { connect, check }: DefineOptions, io: Io): number {
  tell();
  if (after === undefined) return EXIT.findings;
  const from = path === '-' ? STDIN_NAME : path;
  const virsh = new Virsh({ uri: connect, env: io.env });
  const refusal = defineWithVirsh(after, virsh, check);
  if (refusal !== undefined) {
    io.stderr.write(errorLine('hostdev-cpuset', `${from}: libvirt refuses it: ${refusal}`));
    return EXIT.findings;
  }
  io.stdout.write(`Domain '${printable(name)}' defined from ${printable(from)}\n`);
  if (isRunning(name, virsh)) io.stdout.write(`${RUNNING_NOTE}\n`);
  return EXIT.ok;
}
