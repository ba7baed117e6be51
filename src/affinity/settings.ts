import type { Cpuset } from '../domain/cpuset.js';
import type { GuestPolicies, GuestRule } from '../domain/guest-policies.js';
import type { LocalityMode } from '../domain/locality.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { parseCpuset } from '../domain/parse-cpuset.js';
import { InputError } from '../lib/input-error.js';
import { type JsonNode, parseJson, readInteger, readObject, readOneOf, readText } from '../lib/json-reader.js';
import { readGuestRules } from './guest-settings.js';
import { readScopes, type Scope } from './scopes.js';

/** Where the host's administrator keeps the configuration. */
export const SETTINGS_FILE = '/etc/hostdev-cpuset/config.json';

/** /etc/hostdev-cpuset/config.json: schemas/config.schema.json. */
export interface Settings {
  /** for domains without a default of their own; native if absent */
  default?: DefaultPolicy;
  /** the only CPUs that interrupts may go to, whatever a domain's policy is */
  allowedCpus?: Cpuset;
  /** which pods and ordinary users may state policies; none where absent */
  scopes?: Scope[];
  /** policies of guests that state none, by name or flavor */
  guests?: GuestRule[];
  /** the same in files of their own: not in this file */
  guestFiles?: ReadonlyMap<string, GuestPolicies>;
  /** whether auto prefers the CPUs on the device's node */
  locality: LocalityMode;
  /**
   * what the hook's prepare does about a policy that cannot be enforced: let the domain start, or make the start fail
   */
  onError: 'continue' | 'abort';
  /** the watcher's polling intervals, in milliseconds */
  intervals: Intervals;
  /** how often the watcher repairs an interrupt that another program moves */
  contest: RepairLimits;
}

export interface Intervals {
  /** for a while after a change */
  busy: number;
  /** otherwise */
  quiet: number;
  /** while trace events report new vectors */
  traced: number;
}

export interface RepairLimits {
  /** so many repairs within `window` milliseconds, then repairs pause for a while */
  limit: number;
  window: number;
}

export const DEFAULT_SETTINGS: Settings = {
  locality: 'device',
  onError: 'continue',
  intervals: { busy: 100, quiet: 1000, traced: 10_000 },
  // moves every 3 seconds or less often are always repaired; polling sees one move a second
  contest: { limit: 30, window: 60_000 },
};

/**
 * Parses the text of the file. Strict JSON, without comments.
 * @throws InputError, with its place, for everything that is not allowed: an unknown key is never ignored
 */
export function parseSettings(text: string): Settings {
  const { $schema, intervals, contest, ...read } = readObject<SettingsFile>(parseJson(text), 'the configuration', {
    $schema: (node, name) => readText(node, name, undefined, 'a string, the address of a schema'),
    default: (node, name) => readOneOf(node, name, ['auto', 'native']),
    onError: (node, name) => readOneOf(node, name, ['continue', 'abort']),
    allowedCpus: readCpuset,
    scopes: (node, name) => readScopes(node, name, readCpuset),
    guests: readGuestRules,
    locality: (node, name) => readOneOf(node, name, ['device', 'any']),
    intervals: (node, name) =>
      readObject(node, name, { busy: milliseconds, quiet: milliseconds, traced: milliseconds }),
    contest: (node, name) =>
      readObject(node, name, {
        limit: (value, key) => readInteger(value, key, 1, 1000, 'repairs'),
        window: milliseconds,
      }),
  });
  return {
    ...DEFAULT_SETTINGS,
    ...read,
    intervals: { ...DEFAULT_SETTINGS.intervals, ...intervals },
    contest: { ...DEFAULT_SETTINGS.contest, ...contest },
  };
}

/** What may stand in the file; all of it may be left out. */
interface SettingsFile extends Partial<Omit<Settings, 'intervals' | 'contest' | 'guestFiles'>> {
  /** for editors */
  $schema?: string;
  intervals?: Partial<Intervals>;
  contest?: Partial<RepairLimits>;
}

const milliseconds = (node: JsonNode, name: string) => readInteger(node, name, 10, 3_600_000, 'milliseconds');

function readCpuset(node: JsonNode, name: string): Cpuset {
  const text = readText(node, name, undefined, 'a cpuset in a string, such as "0-3,8"');
  const result = parseCpuset(text);
  if (result.ok) return result.set;
  const { message, suggestion, at } = result.error;
  // places the error at the item inside the string, or at the string itself if that contains escapes
  const offset = node.length === text.length + 2 ? node.offset + 1 + at : node.offset;
  throw new InputError(`${name} ${message}`, offset, suggestion === undefined ? undefined : `"${suggestion}"`);
}
