// A program that uses the library. What the compiler accepts and rejects here is the interface.
import { readFileSync } from 'node:fs';
import {
  ALL_RULES,
  type Definition,
  type DomainReport,
  expand,
  FileError,
  formatCpuset,
  type HostSnapshot,
  InputError,
  type LintConfiguration,
  lint,
  type NAMESPACE,
  normalize,
  type Placement,
  type Policy,
  parseCpuset,
  parseDomain,
  parseLintConfiguration,
  parsePolicy,
  parseSettings,
  plan,
  policyAttributes,
  type ReportedFinding,
  readHost,
  type VcpuAffinity,
  type VcpuPinning,
  type VcpuPlacement,
} from 'hostdev-cpuset';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<_ extends true>(): void {}

is<Same<Parameters<typeof parseDomain>, [input: string | Uint8Array]>>();
is<Same<ReturnType<typeof parseDomain>, Definition>>();
is<Same<ReturnType<typeof lint>, ReportedFinding[]>>();
is<Same<ReturnType<typeof parseLintConfiguration>, LintConfiguration>>();
is<Same<Parameters<typeof lint>, [input: string | Uint8Array, configuration?: LintConfiguration | undefined]>>();
is<Same<ReportedFinding['severity'], 'error' | 'warning' | 'note'>>();
is<Same<ReturnType<typeof normalize>, string>>();
is<Same<ReturnType<typeof expand>, string>>();
is<Same<ReturnType<typeof readHost>, HostSnapshot>>();
is<Same<ReturnType<typeof plan>, DomainReport>>();
is<Same<DomainReport['devices'][number]['policy'], 'auto' | 'native' | 'cpuset'>>();
is<Same<DomainReport['devices'][number]['interrupts'][number]['action'], 'set' | 'keep' | 'skip' | 'fail'>>();
is<Same<Policy['kind'], 'auto' | 'native' | 'cpuset'>>();
is<Same<typeof NAMESPACE, 'urn:hostdev-cpuset:1'>>();

// The names of 0.1.0 still work.
is<Same<Placement, VcpuPinning>>();
is<Same<VcpuPlacement, VcpuAffinity>>();
is<Same<Definition['placement'], Definition['vcpuPinning']>>();

// Never run: only for the compiler.
export function refused(definition: Definition): void {
  // @ts-expect-error a document must be parsed first
  normalize('<domain/>');
  // @ts-expect-error a default cannot be a cpuset
  normalize(definition, { default: '0-3' });
  // @ts-expect-error plan needs the host's data
  plan(definition);
  // @ts-expect-error a result must be checked before it is used
  formatCpuset(parseCpuset('0-3').set);
  // @ts-expect-error the result is not a promise
  lint('<domain/>').then;
}

const [file = '', root = ''] = process.argv.slice(2);
const text = readFileSync(file, 'utf8');
const definition = parseDomain(text);
const kept = normalize(definition, { default: 'auto' });
const host = readHost(definition, { root });
const settings = parseSettings('{"allowedCpus": "4-7"}');
const policy = parsePolicy('0-3,^2');
const spread = parsePolicy({ cpuset: 'auto', vcpus: '1,0', spread: 'yes', controlVectors: '1' });
const invalid = parsePolicy({ cpuset: 'native', spread: 'no' });
const report = plan(definition, host, settings);

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof InputError) return `${error.offset}: ${error.message}`;
    if (error instanceof FileError) return error.code;
    throw error;
  }
  return 'none';
}

console.log(
  JSON.stringify({
    name: definition.name,
    findings: lint(text).length,
    custom: lint(
      text,
      parseLintConfiguration('{"customRules": [{"name": "no-name", "test": "/domain/name", "message": "m"}]}'),
    ).map(({ rule }) => rule),
    roundTrip: expand(parseDomain(normalize(definition))) === text,
    default: parseDomain(kept).metadata[0]?.default,
    policy: policy.ok && policy.policy.kind === 'cpuset' ? formatCpuset(policy.policy.set) : null,
    spread: spread.ok && policyAttributes(spread.policy),
    invalid: invalid.ok || invalid.errors.map(({ attribute, code }) => `${attribute}: ${code}`),
    wanted: report.devices.map(({ cpus }) => cpus),
    errors: [
      errorOf(() => parseLintConfiguration('{"rule": {}}')),
      errorOf(() => parseDomain('')),
      errorOf(() => parseDomain('<network/>')),
      errorOf(() => parseDomain('<domain>')),
      errorOf(() => readHost(definition, { root: '/dev/null' })),
    ],
    rules: ALL_RULES.length > 0,
  }),
);
