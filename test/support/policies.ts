import { DOMParser } from '@xmldom/xmldom';
import xpath from 'xpath';

/**
 * The policies in attributes of a domain's devices, keyed by what tells the device from its siblings: the source
 * address, else the user alias, else the MAC. A second reading, independent of src/, for tests to compare with.
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

// xmldom's nodes are DOM nodes to xpath; their type declarations are not the DOM's.
function asNode(value: unknown): Node {
  return value as Node;
}
