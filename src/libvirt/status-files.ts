import { canonicalUuid } from '../domain/uuid.js';
import type { PseudoFs } from '../host/pseudo-fs.js';
import { InputError } from '../lib/input-error.js';
import type { XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';

/** Where libvirt's QEMU driver keeps a status file for each running domain, and the pid of its QEMU. */
const FOLDER = '/run/libvirt/qemu';

/** A running domain, from libvirt's status file. */
export interface RunningDomain {
  name: string;
  /** canonical; undefined if the domain has no UUID */
  uuid: string | undefined;
  id: string | undefined;
  /** its live definition */
  xml: string;
}

/** The running domains from libvirt's own files: below a --root there is no libvirt to ask. */
export function runningDomains(files: PseudoFs): RunningDomain[] {
  const names = new Set(files.list(FOLDER) ?? []);
  const running = [...names].filter((name) => name.endsWith('.xml') && names.has(name.replace(/xml$/, 'pid')));
  return running
    .sort()
    .map((name) => runningDomain(name.slice(0, -'.xml'.length), files.read(`${FOLDER}/${name}`) ?? ''));
}

/** A file that is not a domain's status is returned unchanged: its reader reports the error. */
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
