import type { Definition } from '../../domain/definition.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { ToolError } from '../../lib/errors.js';
import type { Virsh } from '../../libvirt/virsh.js';
import { normalize } from '../../transform/normalize.js';
import type { Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { rewriteOne } from '../rewrite/rewrite.js';
import { defineWithVirsh } from './define-with-virsh.js';

/** A domain that is being edited. */
export interface EditSession extends SchemaOptions {
  /** where the person's text is */
  file: string;
  /** what libvirt had when it was shown, or when the person saw that it had changed */
  stored: string;
  name: string;
  uuid: string | undefined;
  virsh: Virsh;
  /** false: no schema is asked */
  check: boolean;
}

export type Attempt =
  | { defined: true }
  | {
      defined: false;
      /** one line */
      message: string;
      /** without the schemas it might do */
      ofSchema?: boolean;
      /** what libvirt has now, where somebody else changed it */
      storedNow?: string;
    };

/** Defines the text of a session, unless it has errors, is another domain, or somebody else changed the domain meanwhile. */
export async function redefine(session: EditSession, io: Io): Promise<Attempt> {
  const { file, virsh, check } = session;
  const { after, name, uuid } = await rewriteOne(file, session, io, normalize, check);
  if (after === undefined) return { defined: false, message: 'the text has errors', ofSchema: true };
  const renamed = identityChange(session, { name, uuid });
  if (renamed !== undefined) return { defined: false, message: renamed };
  const changed = changeMeanwhile(session);
  if (changed) return changed;
  try {
    const refusal = defineWithVirsh(after, virsh, check);
    if (refusal === undefined) return { defined: true };
    return { defined: false, message: `libvirt refuses it: ${refusal}`, ofSchema: true };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { defined: false, message: error.message };
  }
}

/** libvirt would make another domain of it, or refuse it for having one of two names. */
function identityChange(session: EditSession, { name, uuid }: Pick<Definition, 'name' | 'uuid'>): string | undefined {
  if (name !== session.name) return `the name was ${session.name}: virsh domrename changes it`;
  const before = session.uuid === undefined ? undefined : canonicalUuid(session.uuid);
  if (before === undefined || (uuid !== undefined && canonicalUuid(uuid) === before)) return undefined;
  return `the uuid was ${before}, and cannot be changed`;
}

function changeMeanwhile({ uuid, name, virsh, stored }: EditSession): Attempt | undefined {
  let storedNow: string;
  try {
    storedNow = virsh.dumpXmlForEditing(uuid ?? name);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { defined: false, message: `the domain cannot be read again: ${error.message}` };
  }
  if (storedNow === stored) return undefined;
  return { defined: false, message: 'somebody else has changed the domain meanwhile', storedNow };
}
