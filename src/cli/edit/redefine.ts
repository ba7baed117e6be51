import type { Definition } from '../../domain/definition.js';
import { canonicalUuid } from '../../domain/uuid.js';
import { ToolError } from '../../lib/errors.js';
import type { Virsh } from '../../libvirt/virsh.js';
import { normalize } from '../../transform/normalize.js';
import type { Io } from '../io.js';
import type { SchemaOptions } from '../lint/schema-run.js';
import { rewriteOne } from './rewrite.js';
import { defineWithVirsh } from './virsh-define.js';

/** A domain that is being edited. */
export interface EditSession extends SchemaOptions {
  /** the path of the edited text */
  file: string;
  /** libvirt's definition when it was shown, or when the user was told that it had changed */
  stored: string;
  name: string;
  uuid: string | undefined;
  virsh: Virsh;
  /** false: no schema check */
  check: boolean;
}

export type Attempt =
  | { defined: true }
  | {
      defined: false;
      /** one line */
      message: string;
      /** it might succeed without the schema check */
      mayBeSchema?: boolean;
      /** libvirt's definition now, if another program changed it */
      storedNow?: string;
    };

/**
 * Defines the edited text, unless it has errors, is another domain, or another program has changed the domain
 * meanwhile.
 */
export async function redefine(session: EditSession, io: Io): Promise<Attempt> {
  const { file, virsh, check } = session;
  const { after, name, uuid } = await rewriteOne(file, session, io, normalize, check);
  if (after === undefined) return { defined: false, message: 'the text has errors', mayBeSchema: true };
  const identityError = identityChange(session, { name, uuid });
  if (identityError !== undefined) return { defined: false, message: identityError };
  const conflict = conflictingChange(session);
  if (conflict) return conflict;
  try {
    const refusal = await defineWithVirsh(after, virsh, check);
    if (refusal === undefined) return { defined: true };
    return { defined: false, message: `libvirt refuses it: ${refusal}`, mayBeSchema: true };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { defined: false, message: error.message };
  }
}

/** libvirt would define a second domain, or reject a UUID that belongs to another name. */
function identityChange(session: EditSession, { name, uuid }: Pick<Definition, 'name' | 'uuid'>): string | undefined {
  if (name !== session.name) return `the name was ${session.name}; use virsh domrename to change it`;
  const before = session.uuid === undefined ? undefined : canonicalUuid(session.uuid);
  if (before === undefined || (uuid !== undefined && canonicalUuid(uuid) === before)) return undefined;
  return `the UUID was ${before} and cannot be changed`;
}

function conflictingChange({ uuid, name, virsh, stored }: EditSession): Attempt | undefined {
  let storedNow: string;
  try {
    storedNow = virsh.dumpXmlForEditing(uuid ?? name);
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    return { defined: false, message: `cannot read the domain again: ${error.message}` };
  }
  if (storedNow === stored) return undefined;
  return { defined: false, message: 'another program has changed the domain meanwhile', storedNow };
}
