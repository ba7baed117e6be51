// node --require this file, with $SIMULATED_KERNEL a tree of layOut(): a mask that the program writes below it has the effect that it has on
// a kernel with interrupt remapping. An interrupt stays on its CPU where that is in the new mask, and else goes to the mask's first.
const fs = require('node:fs');
const { dirname, join } = require('node:path');

const { openSync, closeSync } = fs;
const masks = new Map();

fs.openSync = (path, flags, ...rest) => {
  const fd = openSync(path, flags, ...rest);
  // the program opens a mask by descriptor, and to write it anew
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

/** The kernel's masks are hexadecimal, 32 bits a group. */
function read(file) {
  return BigInt(`0x${fs.readFileSync(file, 'latin1').trim().replaceAll(',', '')}`);
}
