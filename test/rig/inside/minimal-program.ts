import { type ChildProcess, spawn } from 'node:child_process';
import { rmdirSync } from 'node:fs';
import { eventually } from './wait.js';

const INSTANCE = '/sys/kernel/tracing/instances/bare';

/**
 * The minimum that a program in Node can do with the kernel's events: no domains, no policy, no second check. Its time
 * here is that of the emulation. $1: a device's address, $2: a mask.
 */
const PROGRAM = `
const fs = require('node:fs');
const [, address, mask] = process.argv;
const instance = '${INSTANCE}';
const vectors = '/sys/bus/pci/devices/' + address + '/msi_irqs';
fs.mkdirSync(instance);
fs.writeFileSync(instance + '/trace_clock', 'mono');
const event = instance + '/events/irq_vectors/vector_alloc/enable';
const hasEvent = fs.existsSync(event);
if (hasEvent) fs.writeFileSync(event, '1');
else {
  fs.writeFileSync(instance + '/set_ftrace_filter', 'request_threaded_irq');
  fs.writeFileSync(instance + '/current_tracer', 'function');
}
function place(irq, pause) {
  let handlers = '';
  try { handlers = fs.readFileSync('/sys/kernel/irq/' + irq + '/actions', 'utf8'); } catch {}
  if (handlers.includes('(' + address + ')')) {
    const file = '/proc/irq/' + irq + '/smp_affinity';
    if (!fs.readFileSync(file, 'utf8').endsWith(mask + '\\n')) fs.writeFileSync(file, mask);
  } else if (handlers.trim() === '' && pause < 500) setTimeout(attempt, pause, irq, pause * 1.5);
}
// The IRQ was removed before the write.
function attempt(irq, pause) { try { place(irq, pause); } catch {} }
(async () => {
  const pipe = await fs.promises.open(instance + '/trace_pipe');
  const buffer = Buffer.alloc(65536);
  for (;;) {
    const { bytesRead } = await pipe.read(buffer, 0, buffer.length, null);
    const named = buffer.toString('latin1', 0, bytesRead).matchAll(/vector_alloc: irq=(\\d+)/g);
    const irqs = hasEvent ? [...named].map((match) => match[1]) : fs.readdirSync(vectors);
    for (const irq of new Set(irqs)) attempt(irq, 1);
  }
})();`;

export function startMinimalProgram(address: string, mask: string): ChildProcess {
  return spawn('node', ['-e', PROGRAM, address, mask], { stdio: 'ignore' });
}

/** After its end: it would have the kernel trace on. */
export function removeTraceOfMinimalProgram(): Promise<void> {
  return eventually(() => rmdirSync(INSTANCE));
}
