import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createAs, kernelPolicy, type SelinuxPolicy, selinuxMode } from './selinux.js';

/** Daemons that start guests, and so hooks. */
const DAEMONS = ['/usr/sbin/libvirtd', '/usr/sbin/virtqemud'];
const SHELL = '/bin/sh';

export interface Refusal {
  /** one part of a line */
  what: string;
  /** the policy says so; else it could not be asked */
  certain: boolean;
}

export interface SelinuxQuestion {
  prefix: string;
  /** the hook's file system is mounted nosuid */
  isNosuid: boolean;
  /** default: what this kernel has loaded */
  policy?: SelinuxPolicy;
  mode?: ReturnType<typeof selinuxMode>;
  daemons?: readonly string[];
}

/** What keeps libvirt's daemons from starting a hook where SELinux is enforcing, or will be after the next boot; undefined: nothing. */
export function selinuxRefusal(hook: string, question: SelinuxQuestion): Refusal | undefined {
  const { prefix, isNosuid, policy = kernelPolicy, mode = selinuxMode(prefix) } = question;
  if (mode === 'off') return undefined;
  const unknown = (what: string): Refusal => ({ certain: false, what });
  if (prefix !== '') return unknown('the policy of an image is not loaded here');
  const label = policy.labelFor(hook);
  if (label === undefined) return unknown('matchpathcon gives no label for it');
  const [init, shell] = [policy.init(), policy.labelOf(SHELL)];
  if (init === undefined || shell === undefined) return unknown('the kernel gives no labels');
  const daemons = (question.daemons ?? DAEMONS).filter((path) => existsSync(path));
  if (daemons.length === 0) return unknown('neither libvirtd nor virtqemud is installed');
  for (const daemon of daemons) {
    const program = policy.labelOf(daemon);
    const domain = program && policy.domainOf(init, program);
    const started = domain && policy.domainOf(domain, label);
    if (!domain || !started) return unknown(`the kernel does not give the domain of ${daemon}`);
    const refusal = refused(policy, accesses({ domain, started, label, shell, isNosuid }));
    if (refusal) return refusal;
  }
  return undefined;
}

function refused(policy: SelinuxPolicy, needed: Access[]): Refusal | undefined {
  for (const [source, target, tclass, permissions] of needed) {
    const denied = policy.denied(source, target, tclass, permissions);
    if (denied === undefined) return { certain: false, what: 'the kernel does not answer' };
    const [from, to] = [source, target].map((context) => context.split(':')[2]);
    if (denied.length > 0) return { certain: true, what: `${from} ${to}:${tclass} ${denied.join(' ')}` };
  }
  return undefined;
}

type Access = [source: string, target: string, tclass: string, permissions: string[]];

/** What the kernel checks when a daemon starts a script (selinux_bprm_creds_for_exec, and what opens and maps the files). */
function accesses(of: { domain: string; started: string; label: string; shell: string; isNosuid: boolean }): Access[] {
  const { domain, started, label, shell, isNosuid } = of;
  const asking: Access[] = [
    [domain, label, 'file', ['getattr', 'open', 'execute']],
    // the interpreter is opened while the process is the daemon's still
    [domain, shell, 'file', ['open', 'execute']],
    [started, shell, 'file', ['read', 'execute', 'map']],
    [started, label, 'file', ['getattr', 'open', 'read']],
  ];
  if (started === domain) return [...asking, [domain, label, 'file', ['execute_no_trans']]];
  const changing: Access[] = [
    [domain, started, 'process', ['transition']],
    [started, label, 'file', ['entrypoint']],
    [started, domain, 'fd', ['use']],
  ];
  if (isNosuid) changing.push([domain, started, 'process2', ['nosuid_transition']]);
  return [...asking, ...changing];
}

/** Runs an action that makes a file with the label that the policy has for a path: libvirt may start a hook as soon as it is there. */
export function createLabelled<T>(path: string, action: () => T): T {
  const label = kernelPolicy.init() === undefined ? undefined : kernelPolicy.labelFor(path);
  return label === undefined ? action() : createAs(label, action);
}

/** Gives a file that is there the label that the policy has for it. Returns whether it had another. Throws where it keeps that. */
export function relabel(path: string): boolean {
  const label = kernelPolicy.init() === undefined ? undefined : kernelPolicy.labelFor(path);
  if (label === undefined || kernelPolicy.labelOf(path) === label) return false;
  spawnSync('chcon', [label, path], { timeout: 10_000 });
  if (kernelPolicy.labelOf(path) !== label) throw new Error(`${path} does not get the label ${label}`);
  return true;
}
