import type { Definition } from '../../domain/definition.js';
import type { DefaultPolicy } from '../../domain/metadata.js';
import { printable } from '../../lib/printable.js';
import { expand } from '../../transform/expand.js';
import { normalize } from '../../transform/normalize.js';
import { type Rewrite, type RewrittenFile, rewriteEach } from '../edit/rewrite.js';
import { STDIN_NAME } from '../files/read-input.js';
import { replaceFile } from '../files/write-file.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { betweenWrites, pendingSignals } from '../signals.js';

const PROGRAM = 'hostdev-cpuset';

export interface TransformOptions extends SchemaOptions {
  paths: readonly string[];
  inPlace?: boolean;
  /** only name the files that would change */
  check?: boolean;
}

export interface NormalizeCommandOptions extends TransformOptions {
  default?: DefaultPolicy | undefined;
  /** false: no schema check */
  useSchema?: boolean;
}

/** `hostdev-cpuset normalize`. */
export function normalizeCommand(options: NormalizeCommandOptions, io: Io): Promise<number> {
  const rewrite = (definition: Definition) =>
    normalize(definition, options.default ? { default: options.default } : {});
  return transformAll(options, io, rewrite, options.useSchema ?? true);
}

/** `hostdev-cpuset expand`. virsh's output is valid, so there is no schema check. */
export function expandCommand(options: TransformOptions, io: Io): Promise<number> {
  return transformAll(options, io, expand, false);
}

async function transformAll(options: TransformOptions, io: Io, rewrite: Rewrite, useSchema: boolean): Promise<number> {
  const { inPlace } = options;
  if (!inPlace) return rewriteEach(options, io, rewrite, useSchema, (path, file) => finish(path, file, options, io));
  return betweenWrites(() =>
    rewriteEach(options, io, rewrite, useSchema, async (path, file) => {
      const status = finish(path, file, options, io);
      await pendingSignals();
      return status;
    }),
  );
}

/** Prints the findings of a document, and writes the new text. */
function finish(
  path: string,
  { before, after, printFindings }: RewrittenFile,
  { inPlace, check }: TransformOptions,
  io: Io,
): number {
  printFindings();
  if (after === undefined) return EXIT.findings;
  const name = path === '-' ? STDIN_NAME : path;
  if (check) {
    if (after === before) return EXIT.ok;
    io.stdout.write(`${printable(name)}\n`);
    return EXIT.findings;
  }
  if (inPlace) replaceFile(path, before, after);
  else io.stdout.write(after);
  const removed = countComments(before) - countComments(after);
  const comments = removed === 1 ? '1 comment' : `${removed} comments`;
  if (removed > 0) {
    io.stderr.write(errorLine(PROGRAM, `${name}: warning: ${comments} in <hostdevs> removed with the entry`));
  }
  return EXIT.ok;
}

/** Only comments inside our metadata element can be removed: all other text stays as it is. */
const countComments = (text: string) => text.split('<!--').length;
