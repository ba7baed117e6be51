import { parseAddress } from '../domain/address.js';
import type { GuestPolicies, GuestRule } from '../domain/guest-policies.js';
import { formatIdentity, isUserAlias } from '../domain/identity.js';
import { type Policy, type PolicyText, parsePolicy } from '../domain/policy.js';
import { InputError } from '../lib/input-error.js';
import { type JsonNode, parseJson, readArray, readObject, readRecord, readText } from '../lib/json-reader.js';

/** A file for each guest, NAME.json: schemas/guest.schema.json. */
export const GUESTS_FOLDER = '/etc/hostdev-cpuset/guests.d';

/** Reads the text of a file of guests.d. @throws InputError with its place */
export function parseGuestPolicies(text: string): GuestPolicies {
  const node = parseJson(text);
  const { $schema: _, ...policies } = readObject<GuestPolicies & { $schema?: string }>(
    node,
    'the policies of a guest',
    {
      $schema: (child, name) => readText(child, name, undefined, 'a string, the address of a schema'),
      policy: readPolicy,
      devices: readDevices,
    },
  );
  return policies;
}

/** The rules of the configuration. */
export function readGuestRules(node: JsonNode, name: string): GuestRule[] {
  const pattern = (child: JsonNode, key: string) =>
    readText(child, key, /^[^\p{Cc}]{1,250}$/u, 'a name, in which * means any text');
  return readArray(node, name, (item, one) => {
    const rule = readObject<GuestRule>(item, one, {
      name: pattern,
      flavor: pattern,
      policy: readPolicy,
      devices: readDevices,
    });
    if (rule.name === undefined && rule.flavor === undefined)
      throw new InputError(`${one} must have name or flavor`, item.offset);
    if (!rule.policy && !rule.devices) throw new InputError(`${one} must have policy or devices`, item.offset);
    return rule;
  });
}

function readDevices(node: JsonNode, name: string): Record<string, Policy> {
  const read = readRecord(node, name, (key, value) => ({ key: identityKey(key), policy: readPolicy(value, name) }));
  return Object.fromEntries(Object.values(read).map(({ key, policy }) => [key, policy]));
}

/** An address or a user alias, as a key of GuestPolicies.devices. */
function identityKey(key: JsonNode): string {
  const text = `${key.value}`;
  const address = parseAddress(text);
  if (address) return formatIdentity({ key: 'address', value: address });
  if (isUserAlias(text)) return formatIdentity({ key: 'alias', value: text });
  throw new InputError(
    `${JSON.stringify(text)} is neither a canonical PCI address such as 0000:06:12.5 nor a user alias (ua-...)`,
    key.offset,
  );
}

/** The value of the attribute cpuset, or an object with the values of all attributes. */
function readPolicy(node: JsonNode, name: string): Policy {
  const form = 'auto, native, a cpuset, or an object with the attributes of a policy';
  const text = (child: JsonNode, key: string) => readText(child, key, undefined, 'a string');
  const values: PolicyText =
    node.type === 'object'
      ? readObject<PolicyText>(node, name, { cpuset: text, vcpus: text, spread: text, controlVectors: text })
      : { cpuset: readText(node, name, undefined, form) };
  const result = parsePolicy(values);
  if (result.ok) return result.policy;
  const { attribute, code, message, suggestion } = result.error;
  const place = node.children?.find(({ children }) => children?.[0]?.value === attribute)?.children?.[1] ?? node;
  const separator = code === 'combination' || code === 'missing' ? ' ' : ': ';
  const hint = suggestion === undefined ? undefined : `"${suggestion}"`;
  throw new InputError(`${attribute}${separator}${message}`, place.offset, hint);
}
