import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type PlacingPolicy,
  type SpreadBasis,
  spreadTargets,
  type Vector,
  vectorTarget,
} from '../../src/affinity/vector-target.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { type Cpuset, cpusetOf, cpusOf, formatCpuset } from '../../src/domain/cpuset.js';
import { type PolicyText, parsePolicy } from '../../src/domain/policy.js';

const list = (text: string) => parseCpuList(text) as Cpuset;

function policyOf(text: PolicyText): PlacingPolicy {
  const result = parsePolicy(text);
  if (!result.ok || result.policy.kind === 'native') throw new Error(JSON.stringify(result));
  return result.policy;
}

/** The targets of vectors 0 to count - 1, as CPU lists; with `vCPU N` if they are those of a vCPU. */
function targets(text: PolicyText, set: string, basis: SpreadBasis, count: number, type: Vector['type'] = 'msix') {
  const policy = policyOf(text);
  const spread = { targets: spreadTargets(policy, list(set), basis), controlVectors: policy.controlVectors };
  return Array.from({ length: count }, (_, vector) => {
    const number = type === 'intx' ? null : vector;
    const { cpus, vcpu } = vectorTarget(list(set), spread, { type, vector: number, count });
    return formatCpuset(cpus) + (vcpu === null ? '' : ` vCPU ${vcpu}`);
  });
}

function basis(pins: Record<number, string | undefined>, ...cores: string[]): SpreadBasis {
  const vcpus = Object.entries(pins).map(([vcpu, cpus]) => ({
    vcpu: Number(vcpu),
    ...(cpus === undefined ? {} : { cpus: list(cpus) }),
  }));
  return { vcpus: vcpus.reverse(), cores: cores.map(list) };
}

const spread = suite('spread');
const AUTO = { cpuset: 'auto', spread: 'yes' };

spread('auto: vectors go to the vCPUs by number, then from the start again', () => {
  const pinned = basis({ 0: '4', 1: '5', 10: '6', 2: '7' });
  assert.equal(targets(AUTO, '4-7', pinned, 6), [
    '4 vCPU 0',
    '5 vCPU 1',
    '7 vCPU 2',
    '6 vCPU 10',
    '4 vCPU 0',
    '5 vCPU 1',
  ]);
});

spread('auto: a vCPU gets all its CPUs in the set; one without any is left out', () => {
  assert.equal(targets(AUTO, '4-7', basis({ 0: '4-5,9', 1: '8-9', 2: '7' }), 3), [
    '4-5 vCPU 0',
    '7 vCPU 2',
    '4-5 vCPU 0',
  ]);
  assert.equal(targets(AUTO, '4-7', basis({ 0: '8' }), 2), ['4-7', '4-7'], 'no vCPU has one');
  assert.equal(targets(AUTO, '4-7', basis({}), 2), ['4-7', '4-7'], 'no vCPU exists');
  assert.equal(
    targets(AUTO, '4-7', basis({ 0: undefined, 1: '4' }), 2),
    ['4-7 vCPU 0', '4 vCPU 1'],
    'vCPU 0 may run on all',
  );
});

spread('auto: only the vCPUs that the policy names are used', () => {
  const pinned = basis({ 0: '4', 1: '5', 2: '6' });
  assert.equal(targets({ ...AUTO, vcpus: '1-2,7' }, '5-6', pinned, 3), ['5 vCPU 1', '6 vCPU 2', '5 vCPU 1']);
});

spread('control vectors get the whole set and do not count', () => {
  const pinned = basis({ 0: '4', 1: '5' });
  assert.equal(targets({ ...AUTO, controlVectors: '1' }, '4-5', pinned, 4), [
    '4-5',
    '4 vCPU 0',
    '5 vCPU 1',
    '4 vCPU 0',
  ]);
  assert.equal(targets({ ...AUTO, controlVectors: '9' }, '4-5', pinned, 2), ['4-5', '4-5']);
});

spread('a cpuset: the first thread of each core, then the siblings', () => {
  const smt = basis({}, '0,8', '1,9', '2,10', '3,11');
  const each = (set: string, count: number) => targets({ cpuset: set, spread: 'yes' }, set, smt, count);
  assert.equal(each('0-1,8-9', 5), ['0', '1', '8', '9', '0']);
  assert.equal(each('1,8-10', 4), ['1', '8', '10', '9'], 'a core with only the sibling in the set');
  assert.equal(each('0,8,20-21', 5), ['0', '20', '21', '8', '0'], 'CPUs of unknown cores');
});

spread('vectors without queues get the whole set', () => {
  const pinned = basis({ 0: '4', 1: '5' });
  assert.equal(targets(AUTO, '4-5', pinned, 1), ['4-5']);
  assert.equal(targets(AUTO, '4-5', pinned, 2, 'msi'), ['4-5', '4-5']);
  assert.equal(targets(AUTO, '4-5', pinned, 1, 'intx'), ['4-5']);
  assert.equal(targets({ cpuset: 'auto' }, '4-5', pinned, 2), ['4-5', '4-5'], 'without spread');
});

/** The contract, written literally, with CPUs as numbers. */
function naive(policy: PlacingPolicy, set: number[], { vcpus, cores }: SpreadBasis, { type, vector, count }: Vector) {
  const whole = { cpus: set, vcpu: null };
  if (!policy.spread || type !== 'msix' || count < 2 || vector === null || vector < policy.controlVectors) return whole;
  const possible: { cpus: number[]; vcpu: number | null }[] = [];
  if (policy.kind === 'auto') {
    const counted = policy.vcpus ? [...cpusOf(policy.vcpus)] : undefined;
    for (let number = 0; number < 12; number++) {
      const found = vcpus.find(({ vcpu }) => vcpu === number);
      if (!found || counted?.includes(number) === false) continue;
      const cpus = set.filter((cpu) => !found.cpus || [...cpusOf(found.cpus)].includes(cpu));
      if (cpus.length > 0) possible.push({ cpus, vcpu: number });
    }
  } else {
    const coreOf = (cpu: number) => cores.map((core) => [...cpusOf(core)]).find((core) => core.includes(cpu)) ?? [cpu];
    const before = (cpu: number) => coreOf(cpu).filter((other) => other < cpu && set.includes(other));
    const rank = (cpu: number) => before(cpu).length;
    const first = (cpu: number) => before(cpu)[0] ?? cpu;
    const ordered = [...set].sort((a, b) => rank(a) - rank(b) || first(a) - first(b));
    possible.push(...ordered.map((cpu) => ({ cpus: [cpu], vcpu: null })));
  }
  return possible[(vector - policy.controlVectors) % possible.length] ?? whole;
}

const cpus = (max: number) => fc.uniqueArray(fc.nat(max), { minLength: 1, maxLength: 8 });
const spreading = { spread: fc.boolean(), controlVectors: fc.nat(3) };
const policies: fc.Arbitrary<PlacingPolicy> = fc.oneof(
  fc.record({ kind: fc.constant('auto' as const), vcpus: fc.option(cpus(12).map(cpusetOf)), ...spreading }),
  fc.record({ kind: fc.constant('cpuset' as const), set: cpus(19).map(cpusetOf), ...spreading }),
);
/** 20 CPUs, assigned to cores in any order; those of the last core are unknown. */
const coreSets = fc
  .array(fc.nat(7), { minLength: 20, maxLength: 20 })
  .map((coreOfCpu) =>
    Array.from({ length: 7 }, (_, core) => cpusetOf([...coreOfCpu.keys()].filter((cpu) => coreOfCpu[cpu] === core))),
  );
const bases: fc.Arbitrary<SpreadBasis> = fc.record({
  vcpus: fc.uniqueArray(
    fc.oneof(fc.record({ vcpu: fc.nat(11), cpus: cpus(19).map(cpusetOf) }), fc.record({ vcpu: fc.nat(11) })),
    { selector: ({ vcpu }) => vcpu, maxLength: 8 },
  ),
  cores: coreSets,
});
const vectors: fc.Arbitrary<Vector> = fc.record({
  type: fc.constantFrom('msix', 'msix', 'msix', 'msi', 'intx'),
  vector: fc.option(fc.nat(40), { freq: 10 }),
  count: fc.integer({ min: 1, max: 64 }),
});

spread('random policies, hosts and vectors: equal to the literal contract', () => {
  fc.assert(
    fc.property(policies, cpus(19), bases, vectors, (policy, numbers, host, vector) => {
      const set = cpusetOf(numbers);
      const all = spreadTargets(policy, set, host);
      const expected = naive(policy, [...cpusOf(set)], host, vector);
      const actual = vectorTarget(set, { targets: all, controlVectors: policy.controlVectors }, vector);
      assert.equal({ ...actual, cpus: [...cpusOf(actual.cpus)] }, { cpus: expected.cpus, vcpu: expected.vcpu });
      const shuffled = { vcpus: [...host.vcpus].reverse(), cores: [...host.cores].reverse() };
      assert.equal(spreadTargets(policy, set, shuffled), all, 'the order of vCPUs and cores has no meaning');
    }),
    { numRuns: 5000 },
  );
});

spread.run();
