import { chooseEngine, type EngineName } from '../../schema/engine-names.js';
import { Explainer } from '../../schema/explain/explain.js';
import { findGrammar, type Grammar } from '../../schema/grammar.js';
import type { XmllintRun } from '../../schema/xmllint.js';
import { MAX_BYTES } from '../../xml/decode.js';
import { type FoundFile, statOf } from '../files/find-files.js';
import type { Io } from '../io.js';

export interface SchemaOptions {
  /** directory of libvirt's schemas */
  schemas?: string | undefined;
  engine?: string | undefined;
}

/** A schema check. */
export interface SchemaRun {
  files: readonly FoundFile[];
  grammar: Grammar;
  /** our own validator */
  explainer: Explainer;
  /** libxml2, whose verdict decides: for documents whose verdict our validator does not know, or for all */
  engine: EngineName;
  asksForAll: boolean;
  /** xmllint's run over all documents, if it was started before they are read */
  xmllint?: XmllintRun;
}

/** Starts the check of these files. If xmllint checks all of them, it reads them itself, in parallel. */
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

/** Whether the path is a regular file within the size limit, so that another process can read the same text. */
export function isReadableByXmllint(path: string, stats = statOf(path)): boolean {
  return stats?.isFile() === true && stats.size > 0 && stats.size <= MAX_BYTES;
}
