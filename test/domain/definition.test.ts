import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { type Definition, readDefinition } from '../../src/domain/definition.js';
import { devicePolicies, hasConflict } from '../../src/domain/device-policies.js';
import { identitiesOf } from '../../src/domain/devices.js';
import { formatIdentity } from '../../src/domain/identity.js';
import { formatPolicy } from '../../src/domain/policy.js';
import { InputError } from '../../src/lib/input-error.js';
import { parseXml } from '../../src/xml/parse.js';
import { pathBeside, readCases } from '../support/case-files.js';

const definitions = suite('readDefinition');

// The keys of a case's JSON select the parts of the definition to check. A new case gets all of them.
for (const one of readCases(pathBeside(import.meta.url, 'cases'), ['definition'])) {
  definitions(one.name, () => {
    const parts = describe(readDefinition(parseXml(one.text())));
    const wanted = Object.keys(one.has('definition') ? one.json('definition') : parts);
    const chosen = Object.fromEntries(wanted.map((key) => [key, parts[key as keyof typeof parts]]));
    one.expectJson('definition', chosen);
  });
}

definitions('another document is not a domain', () => {
  const others = [
    '<domainsnapshot/>',
    '<network/>',
    '<domain xmlns="urn:x"/>',
    '<p:domain xmlns:p="urn:x"/>',
    '<Domain/>',
  ];
  for (const text of others) {
    assert.throws(
      () => readDefinition(parseXml(`<!-- x -->${text}`)),
      (error: Error) =>
        error instanceof InputError &&
        error.offset === 10 &&
        /is not a libvirt domain(?:, but a snapshot of one)?$/.test(error.message),
    );
  }
});

definitions.run();

function describe(definition: Definition) {
  const { document, name, uuid, devices, metadata, vcpuPinning } = definition;
  const stated = devicePolicies(definition);
  const entryOf = ({ identity, policy }: (typeof stated.stale)[number]) =>
    `${formatIdentity(identity)} ${formatPolicy(policy)}`;
  return {
    domain: { name, uuid },
    devices: devices.map((device) => ({
      label: device.label,
      placeable: device.placeable,
      identity: device.identity && formatIdentity(device.identity),
      known: identitiesOf(device).map(formatIdentity),
      policy:
        device.attribute &&
        (device.attribute.policy.ok
          ? formatPolicy(device.attribute.policy.policy)
          : device.attribute.policy.error.message),
      problems: device.source?.problems.map(({ message }) => message),
    })),
    vcpuPinning: {
      maxVcpus: vcpuPinning.maxVcpus,
      vcpus: vcpuPinning.vcpus.map(({ vcpu, source, cpus }) =>
        [vcpu, source, cpus && formatCpuset(cpus)].filter((part) => part !== undefined).join(' '),
      ),
      cpus: vcpuPinning.cpus && formatCpuset(vcpuPinning.cpus),
      pins: vcpuPinning.pins.map(({ vcpu, cpus }) => `${vcpu} ${cpus && formatCpuset(cpus)}`),
    },
    metadata: metadata.map((element) => ({
      default: element.default,
      entries: element.entries.map(entryOf),
      problems: element.problems.map(({ offset, message, hint }) => {
        const { line, column } = document.lines.at(offset);
        return `${line}:${column} ${message}${hint === undefined ? '' : `, try ${hint}`}`;
      }),
    })),
    stated: {
      policies: stated.devices.map(
        (one) =>
          `${one.device.label}: ${one.policy ? formatPolicy(one.policy) : 'nothing'}${hasConflict(one) ? ', the entry differs' : ''}`,
      ),
      stale: stated.stale.map(entryOf),
      repeated: stated.repeated.map(entryOf),
    },
  };
}
