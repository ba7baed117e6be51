import { writeFileSync } from 'node:fs';
import { text } from './kernel-files.js';
import { run } from './run.js';

const EVENT = 'events/kvm/kvm_pi_irte_update';
const INSTANCE = '/sys/kernel/tracing/instances/hostdev-cpuset';

/**
 * The fields of KVM's event about posting. Emulated hosts cannot post, so the kernel never writes it there, but it
 * describes it.
 */
export interface PostingFields {
  /** 1: posted to the vCPU; 0: no longer posted */
  set: 0 | 1;
  host_irq: number;
  vcpu_id: number;
}

/** KVM's module, with its trace events. Without hardware support it has no /dev/kvm. */
export async function loadKvm(): Promise<void> {
  if (text('/proc/modules').includes('kvm ')) return;
  await run('busybox', 'insmod', '/rig/kvm.ko');
}

/** Whether the watcher has asked the kernel for the event. */
export const listensForPosting = () => text(`${INSTANCE}/${EVENT}/enable`) === '1';

/**
 * Lets the watcher read a line like the kernel's: its text is that of the kernel's own print format. The kernels here
 * cannot inject an event (CONFIG_TRACE_EVENT_INJECT), and events of probes have another format, so the line is part of
 * a marker with two lines.
 */
export function writePostingEvent(fields: PostingFields): void {
  const line = `    CPU 0/KVM-2301    [003] ..... 71.204113: kvm_pi_irte_update: ${printed(fields)}`;
  writeFileSync(`${INSTANCE}/trace_marker`, `\n${line}\n`);
}

function printed(fields: PostingFields): string {
  const format = text(`/sys/kernel/tracing/${EVENT}/format`);
  const [, template, list] = /^print fmt: "(.*?)", (.*)$/m.exec(format) ?? [];
  if (template === undefined || list === undefined) throw new Error(`not a format of an event: ${format}`);
  const values = list.split(', ').map((expression) => valueIn(expression, { gsi: 24, gvec: 65, ...fields }));
  return template.replaceAll(/%(llx|x|u|d|s)/g, (_, kind: string) => {
    const value = values.shift();
    return /x$/.test(kind) ? Number(value).toString(16) : `${value}`;
  });
}

/** `REC->field`, or `REC->field ? "text" : "text"`. Fields that the watcher does not read may be 0. */
function valueIn(expression: string, fields: Record<string, number>): number | string {
  const [, name = '', yes, no] = /^REC->(\w+)(?: \? "(.*)" : "(.*)")?$/.exec(expression) ?? [];
  if (name === '') throw new Error(`not understood in the format of an event: ${expression}`);
  const value = fields[name] ?? 0;
  return yes === undefined || no === undefined ? value : value ? yes : no;
}
