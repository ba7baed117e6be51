import { existsSync } from 'node:fs';
import { createAs, kernelPolicy, type SelinuxPolicy, selinuxMode } from './selinux.js';

/** The daemons that start guests and hooks. */
const DAEMONS = ['/usr/sbin/libvirtd', '/usr/sbin/virtqemud'];
const SHELL = '/bin/sh';

export interface Denial {
  /** the access, or why it is unknown: a part of a line */
  what: string;
  /** the policy denies it; false: the policy could not be queried */
  certain: boolean;
}

export interface SelinuxCheck {
  prefix: string;
  /** the hook's file system is mounted nosuid */
  isNosuid: boolean;
  /** default: what this kernel has loaded */
  policy?: SelinuxPolicy;
  mode?: ReturnType<typeof selinuxMode>;
  daemons?: readonly string[];
}

/**
 * The access that libvirt's daemons lack to run a hook if SELinux is enforcing, now or after the next boot; undefined:
 * none.
 */
export function selinuxDenial(hook: string, check: SelinuxCheck): Denial | undefined {
  const { prefix, isNosuid, policy = kernelPolicy, mode = selinuxMode(prefix) } = check;
  if (mode === 'off') return undefined;
  const unknown = (what: string): Denial => ({ certain: false, what });
  if (prefix !== '') return unknown('the policy of an image is not loaded on this host');
  const label = policy.labelFor(hook);
  if (label === undefined) return unknown('matchpathcon gives no label for it');
  const [init, shell] = [policy.init(), policy.labelOf(SHELL)];
  if (init === undefined || shell === undefined) return unknown('the kernel gives no labels');
  const daemons = (check.daemons ?? DAEMONS).filter((path) => existsSync(path));
  if (daemons.length === 0) return unknown('/usr/sbin has neither libvirtd nor virtqemud');
  for (const daemon of daemons) {
    const program = policy.labelOf(daemon);
    const domain = program && policy.domainOf(init, program);
    const started = domain && policy.domainOf(domain, label);
    if (!domain || !started) return unknown(`the kernel does not give the domain of ${daemon}`);
    const denial = firstDenial(policy, accesses({ domain, started, label, shell, isNosuid }));
    if (denial) return denial;
  }
  return undefined;
}

function firstDenial(policy: SelinuxPolicy, needed: Access[]): Denial | undefined {
  for (const [source, target, tclass, permissions] of needed) {
    const denied = policy.denied(source, target, tclass, permissions);
    if (denied === undefined) return { certain: false, what: 'the kernel does not answer' };
    const [from, to] = [source, target].map((context) => context.split(':')[2]);
    if (denied.length > 0) return { certain: true, what: `${from} ${to}:${tclass} ${denied.join(' ')}` };
  }
  return undefined;
}

type Access = [source: string, target: string, tclass: string, permissions: string[]];

/**
 * What the kernel checks when a daemon runs a script (selinux_bprm_creds_for_exec, and opening and mapping the files).
 */
function accesses(of: { domain: string; started: string; label: string; shell: string; isNosuid: boolean }): Access[] {
  const { domain, started, label, shell, isNosuid } = of;
  const common: Access[] = [
    [domain, label, 'file', ['getattr', 'open', 'execute']],
    // the interpreter is opened in the domain of the daemon
    [domain, shell, 'file', ['open', 'execute']],
    [started, shell, 'file', ['read', 'execute', 'map']],
    [started, label, 'file', ['getattr', 'open', 'read']],
  ];
  if (started === domain) return [...common, [domain, label, 'file', ['execute_no_trans']]];
  const transition: Access[] = [
    [domain, started, 'process', ['transition']],
    [started, label, 'file', ['entrypoint']],
    [started, domain, 'fd', ['use']],
  ];
  if (isNosuid) transition.push([domain, started, 'process2', ['nosuid_transition']]);
  return [...common, ...transition];
}

/** The labels of files. */
export type Labels = Pick<SelinuxPolicy, 'init' | 'labelFor' | 'labelOf'> & { createAs: typeof createAs };
const KERNEL_LABELS: Labels = { ...kernelPolicy, createAs };

/**
 * Runs an action that creates a file, with the policy's label for `path` from the start: libvirt may run a hook as soon
 * as it exists.
 */
export function createLabelled<T>(path: string, action: () => T, labels = KERNEL_LABELS): T {
  const label = wantedLabel(path, labels);
  return label === undefined ? action() : labels.createAs(label, action);
}

/** The policy's label for a file, if the file has another one. */
export function missingLabel(path: string, labels = KERNEL_LABELS): string | undefined {
  const label = wantedLabel(path, labels);
  return label === undefined || labels.labelOf(path) === label ? undefined : label;
}

const wantedLabel = (path: string, labels: Labels) => (labels.init() === undefined ? undefined : labels.labelFor(path));
