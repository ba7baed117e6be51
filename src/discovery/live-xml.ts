import { readDefinition } from '../domain/definition.js';
import { type PlainDefinition, plainDefinition } from '../domain/plain-definition.js';
import { FileError, type ProcessFolder, type PseudoFs } from '../host/pseudo-fs.js';
import { isName, type QemuProcess } from '../host/qemu-process.js';
import { InputError } from '../lib/input-error.js';
import { printableStart } from '../lib/printable.js';
import { decode } from '../xml/decode.js';
import { XmlDocument } from '../xml/document.js';
import { LineIndex } from '../xml/line-index.js';
import { parseXml } from '../xml/parse.js';

/**
 * The status file of a guest with 288 vCPUs has some 200 KiB and 6,000 tags. The limits keep a pod from making us parse
 * more: 180,000 elements in 1 MiB take half a second.
 */
const MAX_BYTES = 512 * 1024;
const MAX_TAGS = 20_000;
const LESS_THAN = 0x3c;
const MAX_REASON_LENGTH = 200;
/** in the directory of libvirt; each guest has some five */
const MAX_FILES = 4096;
const MAX_PID_BYTES = 32;
const SYSTEM_FOLDER = '/run/libvirt/qemu';

/** The definition of a running guest, from the status file of its libvirt. */
export interface LiveXml {
  path: string;
  /** the guest's name, as in its libvirt; undefined: the directory could not be read */
  name: string | undefined;
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
 * PseudoFs.inProcess() says, and it is used for this guest alone.
 */
export function readLiveXml(files: PseudoFs, qemu: QemuProcess, known?: LiveXml): LiveXmlResult {
  if (qemu.isOfLibvirt) return readOnHost(files, qemu, known);
  for (const folder of foldersOf(qemu)) {
    const file = fileIn(files, qemu, folder, known);
    if (file) return file;
  }
  return undefined;
}

/**
 * Where libvirt has the files of its running guests. Source: libvirt, virQEMUDriverConfigNew() in src/qemu/qemu_conf.c.
 */
function foldersOf({ owner }: QemuProcess): string[] {
  const ofUser = (uid: number) => `/run/user/${uid}/libvirt/qemu/run`;
  if (owner.kind === 'host') return [];
  if (owner.kind === 'user' && owner.isOnHost) return [ofUser(owner.uid)];
  const inside = [`${SYSTEM_FOLDER}/run`, SYSTEM_FOLDER];
  return owner.kind === 'user' ? [...inside, ofUser(owner.uid)] : inside;
}

/** Only root can write to the folder, so the file needs no protection from links. */
function readOnHost(files: PseudoFs, qemu: QemuProcess, known?: LiveXml): LiveXmlResult {
  const { name } = qemu;
  if (name === undefined) return undefined;
  const path = `${SYSTEM_FOLDER}/${name}.xml`;
  try {
    const version = files.read(path);
    if (version === undefined) return undefined;
    if (known?.path === path && known.version === version) return 'unchanged';
    return { path, name, version, definition: definitionIn(Buffer.from(version), qemu) };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { path, name, version: error.code, definition: { reason: reasonOf(error) } };
  }
}

function fileIn(files: PseudoFs, qemu: QemuProcess, folder: string, known?: LiveXml): LiveXmlResult {
  let name = known?.path === `${folder}/${known?.name}.xml` ? known.name : undefined;
  const path = () => (name === undefined ? folder : `${folder}/${name}.xml`);
  try {
    return files.inProcess(qemu.id.pid, folder, (opened) => {
      const read = (version?: string) => opened.read(`${name}.xml`, MAX_BYTES, version);
      let file = name === undefined ? undefined : read(known?.version);
      if (file && !file.bytes) return 'unchanged';
      if (name === undefined || !isOf(qemu, opened, name)) {
        name = nameIn(opened, qemu);
        file = name === undefined ? undefined : read();
      }
      if (!file?.bytes) return undefined;
      return { path: path(), name, version: file.version, definition: definitionIn(file.bytes, qemu) };
    });
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return { path: path(), name, version: error.code, definition: { reason: reasonOf(error) } };
  }
}

/**
 * libvirt's name for a QEMU: that of its PID file. The command line has it, too, but another user's process can block
 * its reader forever.
 */
function nameIn(opened: ProcessFolder, qemu: QemuProcess): string | undefined {
  const names = opened.names(MAX_FILES).flatMap((name) => (name.endsWith('.pid') ? name.slice(0, -'.pid'.length) : []));
  return names.find((name) => isName(name) && isOf(qemu, opened, name));
}

function isOf({ innerPid }: QemuProcess, opened: ProcessFolder, name: string): boolean {
  try {
    const { bytes } = opened.read(`${name}.pid`, MAX_PID_BYTES) ?? {};
    return bytes !== undefined && Buffer.from(bytes).toString('latin1').trim() === `${innerPid}`;
  } catch (error) {
    // what takes long for one file may take long for thousands
    if (!(error instanceof FileError) || error.code === 'ETIME') throw error;
    return false; // of another guest, or not libvirt's
  }
}

const REASONS: Record<string, string> = {
  ELOOP: 'a link, which is not followed',
  EBADMSG: 'not a regular file',
  EMLINK: 'a file with several names',
  EREMOTE: 'not on a local file system',
  EFBIG: `larger than ${MAX_BYTES / 1024} KiB`,
  E2BIG: `more than ${MAX_FILES} files`,
  ETIME: 'too many mounts',
};

const reasonOf = ({ code }: FileError) => REASONS[code] ?? code;

function countOf(byte: number, bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(byte); at >= 0; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
}

function definitionIn(bytes: Uint8Array, { innerPid }: QemuProcess): LiveXml['definition'] {
  if (countOf(LESS_THAN, bytes) > MAX_TAGS) return { reason: `more than ${MAX_TAGS} tags` };
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
