import type { Cpuset } from '../domain/cpuset.js';
import type { ProcessOwner } from '../host/process-owner.js';
import { globMatches } from '../lib/glob.js';
import { InputError } from '../lib/input-error.js';
import { type JsonNode, type Reader, readArray, readObject, readText } from '../lib/json-reader.js';

/**
 * Which guests may state policies though others than this host's root have defined them: pods and ordinary users. In
 * the patterns `*` means any text.
 */
export interface Scope {
  /** of pods */
  namespaces?: string[];
  pods?: string[];
  /** names or numbers */
  users?: string[];
  /** the only CPUs for their interrupts; absent: they may not name CPUs, and auto is not limited further */
  cpus?: Cpuset;
}

/** What a guest may state. */
export type Permission =
  | { kind: 'all' }
  | { kind: 'none' }
  /** auto and native; lists of CPUs only with `cpus` */
  | { kind: 'scope'; cpus: Cpuset | undefined };

/** The first scope that is for the owner decides. */
export function permissionOf(owner: ProcessOwner, scopes: readonly Scope[] = []): Permission {
  if (owner.kind === 'host') return { kind: 'all' };
  const scope = scopes.find((one) => isFor(one, owner));
  return scope ? { kind: 'scope', cpus: scope.cpus } : { kind: 'none' };
}

function isFor({ namespaces, pods, users }: Scope, owner: Exclude<ProcessOwner, { kind: 'host' }>): boolean {
  if (owner.kind === 'user') return users !== undefined && matches(users, owner.name, `${owner.uid}`);
  if (!namespaces && !pods) return false;
  return (!namespaces || matches(namespaces, owner.namespace)) && (!pods || matches(pods, owner.name));
}

/** A name that is not known matches the pattern for all. */
function matches(patterns: readonly string[], ...names: (string | undefined)[]): boolean {
  return patterns.some(
    (pattern) => pattern === '*' || names.some((name) => name !== undefined && globMatches(pattern, name)),
  );
}

/** @param readCpuset reads a cpuset */
export function readScopes(node: JsonNode, name: string, readCpuset: Reader<Cpuset>): Scope[] {
  const patterns = (child: JsonNode, key: string) => {
    if (child.type === 'array' && child.children?.length === 0)
      throw new InputError(`${key} must not be empty`, child.offset);
    return readArray(child, key, (item, one) =>
      readText(item, one, /^[A-Za-z0-9._*-]{1,253}$/, 'a name, in which * means any text'),
    );
  };
  return readArray(node, name, (item, one) => {
    const scope = readObject<Scope>(item, one, {
      namespaces: patterns,
      pods: patterns,
      users: patterns,
      cpus: readCpuset,
    });
    if (!scope.namespaces && !scope.pods && !scope.users)
      throw new InputError(`${one} must have namespaces, pods or users`, item.offset);
    return scope;
  });
}
