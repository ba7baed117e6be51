import type { Cpuset } from '../domain/cpuset.js';
import type { LocalityMode } from '../domain/locality.js';
import type { DefaultPolicy } from '../domain/metadata.js';
import { parseCpuset } from '../domain/parse-cpuset.js';
import { InputError } from '../lib/input-error.js';
import { type JsonNode, parseJson, readInteger, readObject, readOneOf, readText } from '../lib/json-reader.js';

/** Where the host's administrator keeps them. */
export const SETTINGS_FILE = '/etc/hostdev-cpuset/config.json';

/** /etc/hostdev-cpuset/config.json: schemas/config.schema.json. */
export interface Settings {
  /** for domains that state no default; native where absent */
  default?: DefaultPolicy;
  /** interrupts go nowhere else, whatever a domain asks */
  allowedCpus?: Cpuset;
  /** whether auto prefers the CPUs on the device's node */
  locality: LocalityMode;
  /** what a policy that cannot be enforced does to a start, in the hook's prepare: nothing, or it fails */
  onError: 'continue' | 'abort';
  /** how often the watcher looks, in milliseconds */
  intervals: Intervals;
  /** how often the watcher puts an interrupt back that somebody else moves */
  contest: RepairLimits;
}

export interface Intervals {
  /** for a while after a change */
  busy: number;
  /** else */
  quiet: number;
  /** where the kernel tells of new vectors itself */
  traced: number;
}

export interface RepairLimits {
  /** so often within `window` milliseconds, then repairs pause for a while */
  limit: number;
  window: number;
}

export const DEFAULT_SETTINGS: Settings = {
  locality: 'device',
  onError: 'continue',
  intervals: { busy: 100, quiet: 1000, traced: 10_000 },
  // who moves an interrupt every 3 seconds or slower is answered for ever; polling sees one move a second
  contest: { limit: 30, window: 60_000 },
};

/**
 * Reads the text of the file. JSON to the letter, no comments.
 * @throws InputError, with its place, at anything that does not belong there: a wrong key is never passed over
 */
export function parseSettings(text: string): Settings {
  const { $schema, intervals, contest, ...read } = readObject<SettingsFile>(parseJson(text), 'the configuration', {
    $schema: (node, name) => readText(node, name, undefined, 'a string, the address of a schema'),
    default: (node, name) => readOneOf(node, name, ['auto', 'native']),
    onError: (node, name) => readOneOf(node, name, ['continue', 'abort']),
    allowedCpus: readCpuset,
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
interface SettingsFile extends Partial<Omit<Settings, 'intervals' | 'contest'>> {
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
  // behind the quote, at the item, unless escapes make the text longer than what it says
  const offset = node.length === text.length + 2 ? node.offset + 1 + at : node.offset;
  throw new InputError(`${name} ${message}`, offset, suggestion === undefined ? undefined : `"${suggestion}"`);
}
