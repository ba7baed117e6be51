import { chooseEngine, type EngineName } from '../../schema/engine.js';
import { findGrammar, type Grammar } from '../../schema/grammar.js';
import { startXmllint, type XmllintRun } from '../../schema/xmllint.js';
import { MAX_BYTES } from '../../xml/decode.js';
import { type FoundFile, statOf } from '../files/find-files.js';
import type { Io } from '../io.js';

export interface SchemaOptions {
  /** folder of libvirt's schemas */
  schemas?: string | undefined;
  engine?: string | undefined;
}

/** A schema check. With xmllint it is started before the documents are read. */
export interface SchemaRun {
  files: readonly FoundFile[];
  grammar: Grammar;
  engine: EngineName;
  xmllint?: XmllintRun;
}

/**
 * Starts the check of these files. xmllint reads them itself, in parallel, so it is started before other code is
 * loaded. Its verdict on a file that the parser rejects is not used.
 */
export function startSchemaRun(files: readonly FoundFile[], options: SchemaOptions, env: Io['env']): SchemaRun {
  const engine = chooseEngine(options.engine ?? 'auto', env);
  const grammar = findGrammar({ schemas: options.schemas, env });
  if (engine !== 'xmllint') return { files, grammar, engine };
  const readable = files.filter(({ path, absolute, stats }) => path !== '-' && isReadableByXmllint(absolute, stats));
  const paths = readable.map(({ absolute }) => absolute);
  return { files, grammar, engine, xmllint: startXmllint(paths, grammar, { env }) };
}

/** Whether it is a regular file within the size limit, so that another process reads the same from it. */
export function isReadableByXmllint(path: string, stats = statOf(path)): boolean {
  return stats?.isFile() === true && stats.size > 0 && stats.size <= MAX_BYTES;
}
