import { execFileSync } from 'node:child_process';

/** Decompressors by the first bytes of a compressed kernel. Debian's kernels use one of these. */
const UNPACKERS = [
  { magic: Buffer.from('fd377a585a00', 'hex'), command: ['xz', '--decompress', '--stdout', '--single-stream'] },
  { magic: Buffer.from('28b52ffd', 'hex'), command: ['zstd', '--decompress', '--stdout', '--quiet'] },
];

/**
 * Extracts the ELF kernel from a bzImage. QEMU starts it by its PVH note; decompressing on an emulated CPU would take
 * seconds. Source: the kernel's Documentation/arch/x86/boot.rst, setup_sects, payload_offset and payload_length.
 */
export function uncompressed(image: Buffer): Buffer {
  const begin = (image.readUInt8(0x1f1) + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(begin, begin + image.readUInt32LE(0x24c));
  const unpacker = UNPACKERS.find(({ magic }) => payload.subarray(0, magic.length).equals(magic));
  if (!unpacker) throw new Error(`a kernel that is packed as ${payload.toString('hex', 0, 6)} is not known here`);
  const [program, ...options] = unpacker.command as [string, ...string[]];
  return execFileSync(program, options, { input: payload.subarray(0, -4), maxBuffer: 1 << 28 });
}
