import type { Definition } from '../../domain/definition.js';
import type { DefaultPolicy } from '../../domain/metadata.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { expand } from '../../transform/expand.js';
import { normalize } from '../../transform/normalize.js';
import { STDIN_NAME } from '../files/read-input.js';
import { replaceFile } from '../files/replace-file.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import type { Rewrite, Told } from '../rewrite/rewrite.js';
import { rewriteEach } from '../rewrite/rewrite-each.js';

const PROGRAM = 'hostdev-cpuset';

export interface TransformOptions extends SchemaOptions {
  paths: readonly string[];
  inPlace?: boolean;
  /** only name the files that would change */
  check?: boolean;
}

export interface NormalizeCommandOptions extends TransformOptions {
  default?: DefaultPolicy | undefined;
  /** false: the schema is not asked */
  askSchema?: boolean;
}

/** `hostdev-cpuset normalize`. */
export function normalizeCommand(options: NormalizeCommandOptions, io: Io): Promise<number> {
  const rewrite = (definition: Definition) =>
    normalize(definition, options.default ? { default: options.default } : {});
  return transformAll(options, io, rewrite, options.askSchema ?? true);
}

/** `hostdev-cpuset expand`. What virsh dumps is libvirt's own, so the schema is not asked. */
export function expandCommand(options: TransformOptions, io: Io): Promise<number> {
  return transformAll(options, io, expand, false);
}

async function transformAll(
  options: TransformOptions,
  io: Io,
  rewrite: Rewrite,
  checkSchema: boolean,
): Promise<number> {
  const { paths, inPlace, check } = options;
  if (inPlace && check) throw new ToolError('--check and --in-place exclude each other');
  if (paths.length > 1 && !inPlace && !check) throw new ToolError('several files need --in-place or --check');
  if (paths.includes('-') && inPlace) throw new ToolError('--in-place needs files');
  return rewriteEach(options, io, rewrite, checkSchema, (path, file) => finish(path, file, options, io));
}

/** Says what was found in a document, and puts its new text where it belongs. */
function finish(path: string, { before, after, tell }: Told, { inPlace, check }: TransformOptions, io: Io): number {
  tell();
  if (after === undefined) return EXIT.findings;
  const name = path === '-' ? STDIN_NAME : path;
  if (check) {
    if (after === before) return EXIT.ok;
    io.stdout.write(`${printable(name)}\n`);
    return EXIT.findings;
  }
  if (inPlace) replaceFile(path, before, after);
  else io.stdout.write(after);
  const lost = countComments(before) - countComments(after);
  const comments = lost === 1 ? 'a comment' : `${lost} comments`;
  if (lost > 0)
    io.stderr.write(errorLine(PROGRAM, `${name}: warning: ${comments} in <hostdevs> went with what it was about`));
  return EXIT.ok;
}

/** Only those of our element can be fewer afterwards: all else stays as it is. */
const countComments = (text: string) => text.split('<!--').length;
