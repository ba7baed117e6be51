// For node --require, with $SIMULATED_KERNEL the path of a tree from writeTree(): a mask that the program writes there
// also changes the effective affinity, as on a kernel with interrupt remapping. An interrupt stays on its CPU if the
// new mask contains it, otherwise it moves to the first CPU of the mask.
const fs = require('node:fs');
const { dirname, join } = require('node:path');

const { openSync, closeSync } = fs;
const masks = new Map();

fs.openSync = (path, flags, ...rest) => {
  const fd = openSync(path, flags, ...rest);
  // The program opens a mask through a descriptor's path, with O_TRUNC.
  if (!(flags & fs.constants.O_TRUNC)) return fd;
  const file = fs.readlinkSync(`/proc/self/fd/${fd}`);
  const irqs = join(fs.realpathSync(process.env.SIMULATED_KERNEL), 'proc/irq/');
  if (file.startsWith(irqs) && /^\d+\/smp_affinity$/.test(file.slice(irqs.length))) masks.set(fd, file);
  return fd;
};

fs.closeSync = (fd) => {
  closeSync(fd);
  const path = masks.get(fd);
  masks.delete(fd);
  if (path !== undefined) deliver(dirname(path));
};

function deliver(folder) {
  const effective = join(folder, 'effective_affinity');
  const asked = read(join(folder, 'smp_affinity'));
  if (!fs.existsSync(effective) || (read(effective) & asked) !== 0n) return;
  const groups = (asked & -asked).toString(16).match(/.{1,8}(?=(?:.{8})*$)/g);
  fs.writeFileSync(effective, `${groups.join(',')}\n`);
}

/** Reads a mask: hexadecimal, in groups of 32 bits. */
function read(file) {
  return BigInt(`0x${fs.readFileSync(file, 'latin1').trim().replaceAll(',', '')}`);
}
