import { type ChildProcess, spawn } from 'node:child_process';

/** What people use today to place the interrupts of a device. $1 its address, $2 a mask, $3 seconds. */
const PLACE = `
place() {
  for path in /sys/bus/pci/devices/$1/msi_irqs/*; do
    irq=\${path##*/}
    [ "$(cat /proc/irq/$irq/smp_affinity)" = "$2" ] || echo "$2" >/proc/irq/$irq/smp_affinity
  done
}`;

/** A hook that has the guest boot for a while, and then places what is there, once. */
export const sleepThenPlace = (address: string, mask: string, seconds: number) =>
  shell(`${PLACE}\nsleep "$3"; place "$1" "$2"`, address, mask, seconds);

/** A loop that looks at intervals. */
export const placeInLoop = (address: string, mask: string, seconds: number) =>
  shell(`${PLACE}\nwhile :; do place "$1" "$2"; sleep "$3"; done`, address, mask, seconds);

function shell(script: string, address: string, mask: string, seconds: number): ChildProcess {
  return spawn('sh', ['-c', script, 'sh', address, mask, `${seconds}`], { stdio: 'ignore' });
}
