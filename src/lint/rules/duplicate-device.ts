import type { Definition } from '../../domain/definition.js';
import { devicePolicies } from '../../domain/device-policies.js';
import type { Device } from '../../domain/devices.js';
import { attributeOf } from '../../xml/attributes.js';
import type { XmlElement } from '../../xml/element.js';
import { select } from '../../xml/select.js';
import type { Report, Rule } from '../rule.js';

export const duplicateDevice: Rule = {
  name: 'duplicate-device',
  severity: 'error',
  summary: 'two devices with the same address, alias or MAC: a policy cannot distinguish them',
  check(definition, report) {
    checkAddresses(definition, report);
    checkAliases(definition, report);
    checkMacs(definition, report);
  },
};

function checkAddresses({ document, devices }: Definition, report: Report): void {
  const first = new Map<string, number>();
  for (const { source } of devices) {
    if (!source?.address) continue;
    const { start, openEnd } = source.node;
    const other = first.get(source.address);
    if (other === undefined) first.set(source.address, start);
    else {
      const { line } = document.lines.at(other);
      const message = `the PCI device ${source.address} is already passed through in line ${line}`;
      report({ offset: start, end: openEnd, message, hint: 'remove one of them' });
    }
  }
}

/** An alias must be unique among all devices of a domain. Only user aliases matter: libvirt drops the others. */
function checkAliases({ document }: Definition, report: Report): void {
  const first = new Map<string, XmlElement>();
  for (const node of select('/domain/devices/*/alias', document)) {
    const name = node.getAttribute('name') ?? '';
    if (!name.startsWith('ua-')) continue;
    const other = first.get(name);
    if (!other) first.set(name, node);
    else {
      const range = attributeOf(document, node, 'name');
      const before = attributeOf(document, other, 'name');
      if (!range || !before) continue;
      const { line } = document.lines.at(before.start);
      const message = `the device in line ${line} already has the alias ${JSON.stringify(name)}`;
      report({ offset: range.valueStart, end: range.valueEnd, message, hint: 'give each device a different alias' });
    }
  }
}

/**
 * libvirt allows two interfaces with the same MAC (a team has them), so only policies identified by that MAC are a
 * problem.
 */
function checkMacs(definition: Definition, report: Report): void {
  const { document, devices } = definition;
  const byMac = new Map<string, Device[]>();
  let hasDuplicate = false;
  for (const device of devices) {
    const { placeable, mac } = device;
    if (!placeable || mac === undefined) continue;
    const first = byMac.get(mac);
    if (!first) byMac.set(mac, [device]);
    else if (first.length < 2) hasDuplicate = first.push(device) > 1;
  }
  if (!hasDuplicate) return;
  for (const { device, entry } of devicePolicies(definition).devices) {
    const identity = device.attribute ? device.identity : entry?.identity;
    if (identity?.key !== 'mac') continue;
    const other = byMac.get(identity.value)?.find((candidate) => candidate !== device);
    if (!other) continue;
    const { start, openEnd } = device.node;
    const { line } = document.lines.at(other.node.start);
    const message = `the policy is identified by the MAC ${identity.value}, which the device in line ${line} has, too`;
    report({ offset: start, end: openEnd, message, hint: "give this device an alias: <alias name='ua-…'/>" });
  }
}
