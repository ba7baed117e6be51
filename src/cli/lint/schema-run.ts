import { chooseEngine, type EngineName } from '../../schema/engine-names.js';
import { Explainer } from '../../schema/explain/explain.js';
import { findGrammar, type Grammar } from '../../schema/grammar.js';
import type { XmllintRun } from '../../schema/xmllint.js';
import { MAX_BYTES } from '../../xml/decode.js';
import { type FoundFile, statOf } from '../files/find-files.js';
import type { Io } from '../io.js';

export interface SchemaOptions {
  /** folder of libvirt's schemas */
  schemas?: string | undefined;
  engine?: string | undefined;
}

/** A schema check. */
export interface SchemaRun {
  files: readonly FoundFile[];
  grammar: Grammar;
  /** our own validator */
  explainer: Explainer;
  /** libxml2, which counts: for documents on which our validator does not know its verdict, or for all */
  engine: EngineName;
  asksForAll: boolean;
  /** for all documents; started before they are read */
  xmllint?: XmllintRun;
}

/** Starts the check of these files. xmllint, if it is asked for all, reads them itself, in parallel. */
export async function startSchemaRun(
  files: readonly FoundFile[],
  options: SchemaOptions,
  env: Io['env'],
): Promise<SchemaRun> {
  const { engine: name = 'auto' } = options;
  const engine = chooseEngine(name, env);
  const grammar = findGrammar({ schemas: options.schemas, env });
  const run = { files, grammar, engine, explainer: new Explainer(grammar), asksForAll: name !== 'auto' };
  if (!run.asksForAll || engine !== 'xmllint') return run;
  const { startXmllint } = await import('../../schema/engine.js');
  const readable = files.filter(({ path, absolute, stats }) => path !== '-' && isReadableByXmllint(absolute, stats));
  const paths = readable.map(({ absolute }) => absolute);
  return { ...run, xmllint: startXmllint(paths, grammar, { env }) };
}

/** Whether it is a regular file within the size limit, so that another process reads the same from it. */
export function isReadableByXmllint(path: string, stats = statOf(path)): boolean {
  return stats?.isFile() === true && stats.size > 0 && stats.size <= MAX_BYTES;
}
