import { existsSync } from 'node:fs';
import type { Definition } from '../../domain/definition.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { lintDocument } from '../../lint/lint-document.js';
import { expand } from '../../transform/expand.js';
import { decode } from '../../xml/decode.js';
import { openEditor } from '../edit/editor.js';
import { prompt } from '../edit/prompt.js';
import { type Attempt, type EditSession, redefine } from '../edit/redefine.js';
import { isRunning, RUNNING_NOTE } from '../edit/virsh-define.js';
import { readInput } from '../files/read-input.js';
import { TempDir } from '../files/temp-dir.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { onTermination } from '../signals.js';

const PROGRAM = 'hostdev-cpuset';

export interface EditOptions extends SchemaOptions {
  /** name, UUID or id, as for virsh */
  domain: string;
  connect?: string | undefined;
  /** false: no schema check, neither here nor by libvirt */
  check: boolean;
}

/**
 * `hostdev-cpuset edit`: `virsh edit`, but the text may have our attribute. The edited text stays in its file until it
 * is defined or discarded, or if it is unchanged.
 */
export async function editCommand(options: EditOptions, io: Io): Promise<number> {
  const virsh = new Virsh({ uri: options.connect, env: io.env });
  const stored = virsh.dumpXmlForEditing(options.domain);
  const { definition, lines } = lintDocument(decode(new TextEncoder().encode(stored)));
  const shown = definition ? textToEdit(definition) : lines.text;
  const folder = new TempDir();
  const file = folder.write('domain.xml', shown);
  const session: EditSession = {
    ...options,
    virsh,
    file,
    stored,
    name: definition?.name ?? '',
    uuid: definition?.uuid,
  };
  const signals = onTermination(() => {
    virsh.close();
    io.stderr.write(keptMessage(folder, file));
  });
  try {
    for (;;) {
      const fault = await signals.ignoringInterrupt(() => openEditor(file, io.env));
      const unchanged = readText(file, io) === shown;
      if (unchanged) {
        folder.remove();
        if (fault === undefined) io.stdout.write(`Domain '${printable(session.name)}' not changed.\n`);
        else io.stderr.write(errorLine(PROGRAM, fault));
        return fault === undefined ? EXIT.ok : EXIT.failed;
      }
      if (fault !== undefined) {
        io.stderr.write(errorLine(PROGRAM, fault) + keptMessage(folder, file));
        return EXIT.failed;
      }
      const outcome = await defineOrAsk(session, io);
      if (outcome === 'again') continue;
      if (outcome === 'kept') {
        io.stderr.write(keptMessage(folder, file));
        return EXIT.findings;
      }
      folder.remove();
      if (outcome === 'discarded') return EXIT.findings;
      io.stdout.write(`Domain '${printable(session.name)}' edited.\n`);
      if (isRunning(session.name, virsh)) io.stdout.write(`${RUNNING_NOTE}\n`);
      return EXIT.ok;
    }
  } catch (error) {
    io.stderr.write(keptMessage(folder, file));
    throw error;
  } finally {
    signals.end();
  }
}

/** Defines the text. If that fails, asks what to do, until the text is defined, edited again, kept or discarded. */
async function defineOrAsk(session: EditSession, io: Io): Promise<'defined' | 'again' | 'kept' | 'discarded'> {
  for (;;) {
    const attempt = await redefine(session, io);
    if (attempt.defined) return 'defined';
    io.stderr.write(errorLine(PROGRAM, attempt.message));
    if (!io.stdin.isTTY || !io.stderr.isTTY) return 'kept';
    const answer = await prompt('Try again?', choicesAfter(attempt, session));
    if (answer === 'y') return 'again';
    if (answer === 'n') return 'discarded';
    if (answer === undefined) return 'kept';
    if (answer === 'i') session.check = false;
    if (answer === 'f' && !attempt.defined) session.stored = attempt.storedNow ?? session.stored;
  }
}

/** The letters of virsh edit. `i` and `f` only if they can help. */
function choicesAfter(attempt: Exclude<Attempt, { defined: true }>, { check }: EditSession) {
  return {
    y: 'yes, open the editor again',
    n: 'no, discard my changes',
    ...(check && attempt.mayBeSchema ? { i: 'define it without the schema check' } : {}),
    ...(attempt.storedNow === undefined ? {} : { f: 'force: overwrite the changes of others' }),
  };
}

/** With attributes. Invalid metadata is shown unchanged, so that the user can repair it: expand would drop it. */
function textToEdit(definition: Definition): string {
  const { metadata, document } = definition;
  const isReadable = metadata.length <= 1 && metadata.every(({ problems }) => problems.length === 0);
  return isReadable ? expand(definition) : document.text;
}

function readText(file: string, io: Io): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(readInput(file, io.stdin.fd));
}

/** Empty if the editor has removed the file. */
function keptMessage(folder: TempDir, file: string): string {
  if (existsSync(file)) return errorLine(PROGRAM, `your text is kept in ${file}`);
  folder.removeIfEmpty();
  return '';
}
