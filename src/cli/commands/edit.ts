import { existsSync } from 'node:fs';
import type { Definition } from '../../domain/definition.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { lintDocument } from '../../lint/lint-document.js';
import { expand } from '../../transform/expand.js';
import { decode } from '../../xml/decode.js';
import { isRunning, RUNNING_NOTE } from '../edit/define-with-virsh.js';
import { openEditor } from '../edit/editor.js';
import { ask } from '../edit/prompt.js';
import { type Attempt, type EditSession, redefine } from '../edit/redefine.js';
import { readInput } from '../files/read-input.js';
import { TempDir } from '../files/temp-dir.js';
import { EXIT, errorLine, type Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { keepOnSignals } from '../signals.js';

const PROGRAM = 'hostdev-cpuset';

export interface EditOptions extends SchemaOptions {
  /** as virsh names it: name, UUID or number */
  domain: string;
  connect?: string | undefined;
  /** false: neither we nor libvirt ask a schema */
  check: boolean;
}

/**
 * `hostdev-cpuset edit`: `virsh edit` with the attribute allowed. The person's text stays in its file whatever happens, until it is
 * defined, given up, or unchanged.
 */
export async function editCommand(options: EditOptions, io: Io): Promise<number> {
  const virsh = new Virsh({ uri: options.connect, env: io.env });
  const stored = virsh.dumpXmlForEditing(options.domain);
  const { definition, lines } = lintDocument(decode(new TextEncoder().encode(stored)));
  const shown = definition ? expanded(definition) : lines.text;
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
  const signals = keepOnSignals(() => io.stderr.write(kept(folder, file)));
  try {
    for (;;) {
      const fault = await signals.withoutInterrupt(() => openEditor(file, io.env));
      const unchanged = readText(file, io) === shown;
      if (unchanged) {
        folder.remove();
        if (fault === undefined) io.stdout.write(`Domain '${printable(session.name)}' not changed.\n`);
        else io.stderr.write(errorLine(PROGRAM, fault));
        return fault === undefined ? EXIT.ok : EXIT.failed;
      }
      if (fault !== undefined) {
        io.stderr.write(errorLine(PROGRAM, fault) + kept(folder, file));
        return EXIT.failed;
      }
      const outcome = await settle(session, io);
      if (outcome === 'again') continue;
      if (outcome === 'kept') {
        io.stderr.write(kept(folder, file));
        return EXIT.findings;
      }
      folder.remove();
      if (outcome === 'discarded') return EXIT.findings;
      io.stdout.write(`Domain '${printable(session.name)}' edited.\n`);
      if (isRunning(session.name, virsh)) io.stdout.write(`${RUNNING_NOTE}\n`);
      return EXIT.ok;
    }
  } catch (error) {
    io.stderr.write(kept(folder, file));
    throw error;
  } finally {
    signals.end();
  }
}

/** Tries to define the text, and asks what to do for as long as that fails without a new text. */
async function settle(session: EditSession, io: Io): Promise<'defined' | 'again' | 'kept' | 'discarded'> {
  for (;;) {
    const attempt = await redefine(session, io);
    if (attempt.defined) return 'defined';
    io.stderr.write(errorLine(PROGRAM, attempt.message));
    if (!io.stdin.isTTY || !io.stderr.isTTY) return 'kept';
    const answer = await ask('Try again?', choicesAfter(attempt, session));
    if (answer === 'y') return 'again';
    if (answer === 'n') return 'discarded';
    if (answer === undefined) return 'kept';
    if (answer === 'i') session.check = false;
    if (answer === 'f' && !attempt.defined) session.stored = attempt.storedNow ?? session.stored;
  }
}

/** virsh's own letters; each only where it can help. */
function choicesAfter(attempt: Exclude<Attempt, { defined: true }>, { check }: EditSession) {
  return {
    y: 'yes, open the editor again',
    n: 'no, throw my changes away',
    ...(check && attempt.ofSchema ? { i: 'ignore the schemas, and try to define it again' } : {}),
    ...(attempt.storedNow === undefined ? {} : { f: 'force: define it in place of what is there now' }),
  };
}

/** Metadata that cannot be read is shown as it is, for the person to mend: expanding would lose it. */
function expanded(definition: Definition): string {
  const { metadata, document } = definition;
  const legible = metadata.length <= 1 && metadata.every(({ problems }) => problems.length === 0);
  return legible ? expand(definition) : document.text;
}

function readText(file: string, io: Io): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(readInput(file, io.stdin.fd));
}

/** Empty where the editor has removed the file: there is nothing to keep. */
function kept(folder: TempDir, file: string): string {
  if (existsSync(file)) return errorLine(PROGRAM, `your text is kept in ${file}`);
  folder.removeIfEmpty();
  return '';
}
