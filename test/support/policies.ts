import { DOMParser } from '@xmldom/xmldom';
import xpath from 'xpath';

/**
 * The policy attributes of a domain's devices, by source address, otherwise user alias, otherwise MAC. Independent of
 * src/, for comparison.
 */
export function readPolicies(xml: string): Record<string, string> {
  const document = new DOMParser().parseFromString(xml, 'text/xml');
  const text = (path: string, node: Node) => String(xpath.select(`string(${path})`, node));
  const devices = xpath.select('/domain/devices/*[self::hostdev or self::interface][@cpuset]', asNode(document));
  const entries = (devices as Node[]).map((device): [string, string] => {
    const parts = ['domain', 'bus', 'slot', 'function'].map((part) => text(`source/address/@${part}`, device));
    const alias = text("alias/@name[starts-with(., 'ua-')]", device);
    const key = parts.some((part) => part !== '') ? parts.join(' ') : alias || text('mac/@address', device);
    const beside = ['vcpus', 'spread', 'controlVectors'].map((name) => text(`@${name}`, device));
    return [key, [text('@cpuset', device), ...beside].join(' ').trim()];
  });
  const policies = Object.fromEntries(entries);
  if (Object.keys(policies).length !== entries.length) throw new Error('two devices with one key');
  return policies;
}

// xpath accepts xmldom's nodes as DOM nodes, but their type declarations differ.
function asNode(value: unknown): Node {
  return value as Node;
}
