import { canonicalUuid } from '../domain/uuid.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { InputError } from '../lib/input-error.js';
import type { XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';

/** Where libvirt's QEMU driver keeps a file of each running domain, and its QEMU's pid. */
const FOLDER = '/run/libvirt/qemu';

/** A running domain as libvirt keeps it for itself. */
export interface RunningDomain {
  name: string;
  /** canonical; undefined: it has none */
  uuid: string | undefined;
  id: string | undefined;
  /** its live definition */
  xml: string;
}

/** The running domains of a host by libvirt's own files: for a tree below --root, of which no libvirt can be asked. */
export function runningDomains(files: PseudoFs): RunningDomain[] {
  const names = new Set(files.list(FOLDER) ?? []);
  const running = [...names].filter((name) => name.endsWith('.xml') && names.has(name.replace(/xml$/, 'pid')));
  return running
    .sort()
    .map((name) => runningDomain(name.slice(0, -'.xml'.length), files.read(`${FOLDER}/${name}`) ?? ''));
}

/** A file that is no status of a domain is given as it is: whoever reads it reports what is wrong. */
function runningDomain(file: string, text: string): RunningDomain {
  try {
    const { root } = parseXml(text);
    const domain = root.tagName === 'domstatus' ? childNamed(root, 'domain') : undefined;
    if (!domain) return { name: file, uuid: undefined, id: undefined, xml: text };
    const id = domain.getAttribute('id') ?? undefined;
    const uuid = canonicalUuid(childNamed(domain, 'uuid')?.textContent ?? '');
    const name = childNamed(domain, 'name')?.textContent ?? file;
    return { name, uuid, id, xml: text.slice(domain.start, domain.end) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { name: file, uuid: undefined, id: undefined, xml: text };
  }
}

function childNamed(element: XmlElement, name: string): XmlElement | undefined {
  return element.children.find((child) => child.tagName === name);
}
