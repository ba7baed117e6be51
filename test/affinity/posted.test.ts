import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planDomain } from '../../src/affinity/reconcile-domain.js';
import type { KnownPosting } from '../../src/host/posted-vectors.js';
import { reportOf } from '../../src/report/report.js';
import { formatReport } from '../../src/report/text-report.js';
import type { HostDescription } from '../simulator/description.js';
import { TemporaryFolder } from '../support/temporary-folder.js';
import { A, B, guest, hostdev, hostOf, interrupts, outcomes, Simulated } from './simulated-pass.js';

const test = suite('plans for posted vectors');
const NODES: Partial<HostDescription> = {
  nodes: [
    { node: 0, cpus: '0-3' },
    { node: 1, cpus: '4-7' },
  ],
};
const CPU = "<vcpu>12</vcpu><cpu><topology sockets='2' cores='3' threads='2'/></cpu>";
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

/** Two vectors and an INTx line, all on CPU 0, which is outside every target. */
function planWith(known: Record<number, KnownPosting>, counts = 0) {
  const vector = (irq: number, index: number) => ({
    irq,
    type: 'msix' as const,
    handlers: [`vfio-msix[${index}](${A})`],
    affinity: '0-7',
    effective: '0',
    ...(counts > 0 ? { counts: { '0': counts } } : {}),
  });
  const kernel = hostOf(
    [
      { address: A, driver: 'vfio-pci', numaNode: 1, interrupts: [vector(41, 0), vector(42, 1)] },
      { address: B, driver: 'vfio-pci', interrupts: [{ irq: 16, type: 'intx' }] },
    ],
    NODES,
  );
  const { host } = new Simulated(kernel, folder.path);
  const definition = guest(hostdev(A, '4-5') + hostdev(B, '4-5'), { placement: CPU });
  const plan = planDomain({ ...host, postingOf: (irq) => known[irq] }, definition);
  const report = reportOf([plan], { nodes: [], posting: { possible: true, evidence: 'x' } });
  const text = formatReport([plan], (_, one) => one, 200, { command: 'status' });
  return { report, text, domain: report.domains[0] as (typeof report.domains)[number] };
}

test('without posting events a vector has an unknown posting state, and a legacy line is not posted', () => {
  const { domain, report } = planWith({});
  const found = interrupts(domain);
  assert.equal(found.get(41)?.posting, { state: 'unknown', vcpu: null });
  assert.equal(found.get(16)?.posting, { state: 'no', vcpu: null });
  assert.is(report.summary.posted, 0);
});

test('a posted vector is skipped and counts for no node, and the other vector is placed', () => {
  const { domain, report, text } = planWith({ 41: { isPosted: true, apicId: 8 }, 42: { isPosted: false } }, 5);
  assert.equal(outcomes(domain).slice(0, 2), ['41 skip: posted to vCPU 6: its affinity has no effect', '42 set']);
  const found = interrupts(domain);
  assert.equal(found.get(41)?.posting, { state: 'yes', vcpu: 6 });
  assert.is(found.get(41)?.remote, null);
  assert.equal(found.get(42)?.posting, { state: 'no', vcpu: null });
  assert.is(found.get(42)?.remote, true);
  const { set, skipped, remote, posted } = report.summary;
  assert.equal({ set, skipped, remote, posted }, { set: 2, skipped: 1, remote: 1, posted: 1 });
  assert.match(text, '1 posted to vCPUs');
  assert.match(text, 'posted to vCPU 6: its affinity has no effect');
});

test('if all vectors are posted no share per node is shown', () => {
  const { text } = planWith({ 41: { isPosted: true, apicId: 0 }, 42: { isPosted: true, apicId: 1 } }, 5);
  assert.match(text, 'all posted to vCPUs');
  assert.not.match(text, '0 %');
  assert.match(text, '2 posted');
});

test('an APIC ID that no vCPU of the definition has is reported as posted to an unknown vCPU', () => {
  const { domain } = planWith({ 41: { isPosted: true, apicId: 7 } });
  assert.equal(interrupts(domain).get(41)?.posting, { state: 'yes', vcpu: null });
  assert.ok(outcomes(domain).includes('41 skip: posted to a vCPU: its affinity has no effect'));
});

test('a vector that the host handled since the event is not posted', () => {
  const known = (count: number) => ({ 41: { isPosted: true, apicId: 8, count } });
  assert.is(interrupts(planWith(known(5), 5).domain).get(41)?.posting.state, 'yes');
  assert.is(interrupts(planWith(known(4), 5).domain).get(41)?.posting.state, 'no');
});

test.run();
