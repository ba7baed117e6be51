import { readDefinition } from '../domain/definition.js';
import { type PlainDefinition, plainDefinition } from '../domain/plain-definition.js';
import { FileError, type PseudoFs } from '../host/pseudo-fs.js';
import type { QemuProcess } from '../host/qemu-process.js';
import { InputError } from '../lib/input-error.js';
import { printableStart } from '../lib/printable.js';
import { decode } from '../xml/decode.js';
import { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';

/** The status file of a guest with 288 vCPUs has some 200 KiB. The limit keeps a pod from making us read more. */
const MAX_BYTES = 1024 * 1024;
const MAX_REASON_LENGTH = 200;

/** The definition of a running guest, from the status file of its libvirt. */
export interface LiveXml {
  path: string;
  /** version of the file; see ProcessText */
  version: string;
  /** or the reason why it cannot be used */
  definition: PlainDefinition | { reason: string };
}

/** unchanged: the file has the same version as `known`. */
export type LiveXmlResult = LiveXml | 'unchanged' | undefined;

/**
 * Reads the status file of the libvirt that started a QEMU: of this host, in its pod, or of its user. Undefined if
 * it does not exist, for example because a script started QEMU. A file of another user is hostile input: it is read as
 * readInProcess() says, and it is used for this guest alone.
 */
export function readLiveXml(files: PseudoFs, qemu: QemuProcess, known?: LiveXml): LiveXmlResult {
  for (const path of pathsOf(qemu)) {
    const version = known?.path === path ? known.version : undefined;
    try {
      const file = qemu.isOfLibvirt ? readOnHost(files, path, version) : readInGuest(files, qemu, path, version);
      if (!file) continue;
      if (!file.bytes) return 'unchanged';
      return { path, version: file.version, definition: definitionIn(file.bytes, qemu) };
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return { path, version: error.code, definition: { reason: REASONS[error.code] ?? error.code } };
    }
  }
  return undefined;
}

const REASONS: Record<string, string> = {
  ELOOP: 'a link, which is not followed',
  EBADMSG: 'not a regular file',
  EMLINK: 'a file with several names',
  EREMOTE: 'not on a file system of this host',
  EFBIG: `longer than ${MAX_BYTES} bytes`,
};

/**
 * The file has the guest's name. On the host, the folder of the system's libvirt holds the files of other guests.
 * Source: libvirt, virQEMUDriverConfigNew() in src/qemu/qemu_conf.c.
 */
function pathsOf({ name, owner, isOfLibvirt }: QemuProcess): string[] {
  if (name === undefined) return [];
  if (isOfLibvirt) return [`/run/libvirt/qemu/${name}.xml`];
  const ofUser = (uid: number) => `/run/user/${uid}/libvirt/qemu/run/${name}.xml`;
  if (owner.kind === 'host') return [];
  if (owner.kind === 'user' && owner.isOnHost) return [ofUser(owner.uid)];
  const inside = [`/run/libvirt/qemu/run/${name}.xml`, `/run/libvirt/qemu/${name}.xml`];
  return owner.kind === 'user' ? [...inside, ofUser(owner.uid)] : inside;
}

function readInGuest(files: PseudoFs, { id: { pid } }: QemuProcess, path: string, known: string | undefined) {
  return files.readInProcess({ pid, path, maxBytes: MAX_BYTES, known });
}

/** Only root can write to the folder, so the file needs no protection from links. */
function readOnHost(files: PseudoFs, path: string, known: string | undefined) {
  const text = files.read(path);
  if (text === undefined) return undefined;
  return { version: text, bytes: text === known ? undefined : Buffer.from(text) };
}

function definitionIn(bytes: Uint8Array, { innerPid }: QemuProcess): LiveXml['definition'] {
  const { text, problem } = decode(bytes);
  try {
    if (problem) throw problem;
    const document = parseXml(text);
    const { root } = document;
    if (root.tagName !== 'domstatus') return plainDefinition(readDefinition(document));
    const pid = root.getAttribute('pid');
    if (pid !== `${innerPid}`) return { reason: `it is about the process ${Number(pid ?? 0)}, not ${innerPid}` };
    const domain = root.content.find((part) => typeof part !== 'string' && part.tagName === 'domain');
    if (!domain || typeof domain === 'string') return { reason: 'it contains no <domain>' };
    return plainDefinition(readDefinition(new XmlDocument(text, domain, document.lines)));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const { line, column } = new LineIndex(text).at(error.offset);
    return { reason: printableStart(`${line}:${column}: ${error.message}`, MAX_REASON_LENGTH) };
  }
}
