import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { vcpuCpus } from '../../src/domain/auto-cpus.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, formatCpuset, union } from '../../src/domain/cpuset.js';
import { readDefinition } from '../../src/domain/definition.js';
import { usableCpus } from '../../src/domain/effective-policy.js';
import { parseXml } from '../../src/xml/parse.js';

const followed = suite('CPUs that auto follows');

const list = (text: string) => parseCpuList(text) as Cpuset;
const ONLINE = list('0-7');
const pinning = (inside: string) => readDefinition(parseXml(`<domain>${inside}</domain>`)).vcpuPinning;
const PINNED = pinning("<vcpu cpuset='2-3'>2</vcpu>");
const ANYWHERE = pinning('<vcpu>2</vcpu>');
const NUMAD = pinning("<vcpu placement='auto'>2</vcpu>");
const SINGLY = pinning(
  "<vcpu>3</vcpu><cputune><vcpupin vcpu='0' cpuset='2'/><vcpupin vcpu='1' cpuset='3-4'/></cputune>",
);

/** QEMU's vCPU threads: the CPUs of each, by vCPU. */
function threads(...lists: string[]) {
  const each = lists.map((text, vcpu) => ({ vcpu, cpus: list(text) }));
  return { threads: each, cpus: union(...each.map(({ cpus }) => cpus)) };
}

followed('the definition, if the domain does not run', () => {
  assert.equal(vcpuCpus(PINNED, undefined, ONLINE), { source: 'definition', cpus: list('2-3') });
});

followed('the threads, whatever the definition says', () => {
  for (const pinned of [PINNED, ANYWHERE, NUMAD]) {
    assert.equal(vcpuCpus(pinned, threads('5'), ONLINE), { source: 'threads', cpus: list('5') });
  }
});

followed('undefined if the vCPUs may run on every online CPU', () => {
  const nowhere = { cpus: undefined, because: 'unpinned' };
  assert.equal(vcpuCpus(ANYWHERE, undefined, ONLINE), { source: 'definition', ...nowhere });
  assert.equal(vcpuCpus(PINNED, undefined, list('2-3')), { source: 'definition', ...nowhere });
  assert.equal(vcpuCpus(PINNED, threads('0-7'), ONLINE), { source: 'threads', ...nowhere });
});

followed('all CPUs, if each vCPU is pinned to a part of them', () => {
  const each = pinning(
    "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='0-3'/><vcpupin vcpu='1' cpuset='4-7'/></cputune>",
  );
  assert.equal(vcpuCpus(each, undefined, ONLINE), { source: 'definition', cpus: ONLINE });
  assert.equal(vcpuCpus(each, threads('4-7', '0-3'), ONLINE), { source: 'threads', cpus: ONLINE });
  assert.equal(vcpuCpus(each, threads('0-3', '4-6', '7'), ONLINE, list('0-2')).cpus, ONLINE);
  // one thread runs all vCPUs
  assert.is(vcpuCpus(each, { threads: [], cpus: ONLINE }, ONLINE).cpus, undefined);
});

followed('undefined before numad has chosen', () => {
  const expected = { source: 'definition', cpus: undefined, because: 'numad' };
  assert.equal(vcpuCpus(NUMAD, undefined, ONLINE), expected);
});

followed('only the vCPUs that the policy names', () => {
  const only = (vcpus: string) => vcpuCpus(SINGLY, undefined, ONLINE, list(vcpus));
  assert.equal(only('0-1'), { source: 'definition', cpus: list('2-4') });
  assert.equal(only('1'), { source: 'definition', cpus: list('3-4') });
  assert.equal(only('1-2'), { source: 'definition', cpus: undefined, because: 'unpinned' });
  assert.equal(only('3-9'), { source: 'definition', cpus: [] }, 'none of them exists');
  assert.equal(vcpuCpus(NUMAD, undefined, ONLINE, list('0')).cpus, undefined);
  const running = threads('5', '6', '0-7');
  assert.equal(vcpuCpus(SINGLY, running, ONLINE, list('0-1')), { source: 'threads', cpus: list('5-6') });
  assert.equal(vcpuCpus(SINGLY, running, ONLINE, list('2')), {
    source: 'threads',
    cpus: undefined,
    because: 'unpinned',
  });
  assert.equal(vcpuCpus(SINGLY, running, ONLINE).cpus, undefined);
});

followed('usable CPUs are those online and allowed', () => {
  const { present, allowed } = usableCpus(list('2-3,6-9'), ONLINE, { allowedCpus: list('3-6') });
  assert.is(formatCpuset(present), '2-3,6-7');
  assert.is(formatCpuset(allowed), '3,6');
  assert.is(formatCpuset(usableCpus(list('6-9'), ONLINE, {}).allowed), '6-7');
});

followed.run();
