import { isUtf8 } from 'node:buffer';
import { InputError } from '../lib/input-error.js';

/** Size limit of a document. A definition with thousands of devices is below 1 MiB. */
export const MAX_BYTES = 16 * 1024 * 1024;

/** The value of the declaration's encoding. */
export const ENCODING_VALUE = /(?<=^\ufeff?<\?xml\s[^>]{0,200}\sencoding\s{0,20}=\s{0,20}["'])[\w.-]+/;
export const RE_ENCODE = 'save the file as UTF-8, and change the declaration to encoding="UTF-8"';

/** The start of a saved guest (libvirt's qemu_saveimage.h): XML between binary data. */
const SAVE_IMAGE = /^LibvirtQemud(?:Save|Part)/;

export interface Decoded {
  /** UTF-16 text, including a BOM; with a `problem` a lossy decoding, to show the place */
  text: string;
  /** why the text cannot be used */
  problem?: InputError;
}

/**
 * Decodes strict UTF-8. Encoding `text` again gives the same bytes, unless there is a problem.
 * libvirt itself writes only UTF-8.
 */
export function decode(bytes: Uint8Array): Decoded {
  if (SAVE_IMAGE.test(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 16)).toString('latin1'))) {
    return failed(
      '',
      0,
      'the file is a saved guest (virsh save, managedsave), not XML',
      'virsh save-image-dumpxml FILE, or virsh managedsave-dumpxml DOMAIN, prints its definition',
    );
  }
  if (bytes.length > MAX_BYTES) {
    return failed('', 0, `the file is larger than ${MAX_BYTES / 1024 / 1024} MiB`);
  }
  if (bytes.length === 0) return failed('', 0, 'the file is empty');
  const wide = wideEncoding(bytes);
  if (wide) return failed('', 0, `the file is in ${wide}`, 'save it as UTF-8');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (!isUtf8(bytes)) return notUtf8(text, bytes);
  const nul = text.indexOf('\0');
  return nul < 0 ? { text } : failed(text, nul, 'NUL byte: not a text file');
}

function failed(text: string, offset: number, message: string, hint?: string): Decoded {
  return { text, problem: new InputError(message, offset, hint) };
}

/** At the declaration, if that causes the error; otherwise at the first byte that is not UTF-8. */
function notUtf8(text: string, bytes: Uint8Array): Decoded {
  const { 0: encoding, index } = ENCODING_VALUE.exec(text.slice(0, 400)) ?? {};
  if (encoding !== undefined && index !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) {
    return failed(text, index, `the encoding ${encoding} is not supported`, RE_ENCODE);
  }
  return failed(text, firstInvalid(text, bytes), 'invalid UTF-8', 'save it as UTF-8');
}

/** Detects the BOM, or the NULs of ASCII markup in a wide encoding (XML 1.0, appendix F). */
function wideEncoding(bytes: Uint8Array): string | undefined {
  const a = bytes[0];
  const b = bytes[1];
  const c = bytes[2];
  const d = bytes[3];
  if (a === 0 && b === 0 && (c === 0xfe || (c === 0 && d === 0x3c))) return 'UTF-32';
  if ((a === 0xff && b === 0xfe) || (a === 0x3c && b === 0)) return c === 0 && d === 0 ? 'UTF-32' : 'UTF-16';
  if ((a === 0xfe && b === 0xff) || (a === 0 && b === 0x3c)) return 'UTF-16';
  return undefined;
}

/** Offset of the first replacement character that is not in the bytes themselves. */
function firstInvalid(text: string, bytes: Uint8Array): number {
  let byte = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code === 0xfffd && !(bytes[byte] === 0xef && bytes[byte + 1] === 0xbf && bytes[byte + 2] === 0xbd)) return i;
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code > 0xffff) i++;
  }
  return text.length;
}
