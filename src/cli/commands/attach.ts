import type { Device } from '../../domain/devices.js';
import type { Identity } from '../../domain/identity.js';
import { formatAttributes, type Policy } from '../../domain/policy.js';
import { ToolError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { Virsh } from '../../libvirt/virsh.js';
import { isBareDevice } from '../../lint/bare-device.js';
import { formatFinding } from '../../lint/formats/text.js';
import { lintDocument } from '../../lint/lint-document.js';
import { reportFile } from '../../lint/report.js';
import { NOT_A_DOMAIN } from '../../lint/rules/index.js';
import { attributeRemovals } from '../../transform/remove-attributes.js';
import { setPolicy } from '../../transform/set-policy.js';
import { decode } from '../../xml/decode.js';
import type { XmlDocument } from '../../xml/document.js';
import { applyEdits } from '../../xml/edit.js';
import { parseXml } from '../../xml/parse.js';
import { colorsFor } from '../colors.js';
import {
  findDomain,
  type MetadataChange,
  passesLint,
  readDefinitionOf,
  restoreMetadata,
  SCOPE_TEXT,
  type ScopeOptions,
  scopesOf,
  writeMetadata,
} from '../edit/domain-metadata.js';
import { attachWithVirsh } from '../edit/virsh-define.js';
import { readInput, STDIN_NAME } from '../files/read-input.js';
import { EXIT, errorLine, type Io } from '../io.js';
import { onTermination } from '../signals.js';

const PROGRAM = 'hostdev-cpuset';

export interface AttachOptions extends ScopeOptions {
  /** name, ID or UUID */
  domain: string;
  /** a file with one device; `-`: standard input */
  path: string;
  connect?: string | undefined;
}

/** The contents of the file: a device for libvirt, and its policy for the metadata. */
interface DeviceFile {
  xml: string;
  policy: Policy | undefined;
  identity: Identity | undefined;
}

/**
 * `hostdev-cpuset attach`: `virsh attach-device`, but the device may have our attributes. The policy is written to the
 * metadata before the device is attached, and removed again if libvirt refuses the device.
 * @returns the exit status: 1 if the device has errors or libvirt refuses it
 * @throws ToolError
 */
export async function attachCommand({ path, connect, ...options }: AttachOptions, io: Io): Promise<number> {
  const file = readDevice(path, io);
  if (!file) return EXIT.findings;
  const { xml, policy, identity } = file;
  const virsh = new Virsh({ uri: connect, env: io.env });
  const domain = findDomain(options.domain, virsh);
  const scopes = scopesOf(options, domain);
  const changes: MetadataChange[] = [];
  if (policy && identity) {
    for (const scope of scopes) {
      const definition = readDefinitionOf(domain, scope, virsh);
      const after = setPolicy(definition, identity, policy);
      if (!passesLint({ definition, after: withDevice(after, xml) }, io, ['error'])) return EXIT.findings;
      changes.push({ scope, definition, after });
    }
  }
  const written: MetadataChange[] = [];
  const restore = () => {
    for (const change of written.splice(0)) restoreMetadata(domain, change, virsh);
  };
  const signals = onTermination(() => {
    restore();
    virsh.close();
  });
  try {
    for (const change of changes) if (writeMetadata(domain, change, virsh)) written.push(change);
    const refusal = await attachWithVirsh(xml, domain.uuid, scopes, virsh);
    if (refusal === undefined) written.length = 0;
    else io.stderr.write(errorLine(PROGRAM, `${nameOf(path)}: libvirt refuses it: ${refusal}`));
    if (refusal !== undefined) return EXIT.findings;
  } finally {
    restore();
    signals.end();
  }
  const where = scopes.map((scope) => SCOPE_TEXT[scope]).join(' and ');
  const stated = policy ? `, policy ${formatAttributes(policy)}` : ', without a policy of its own';
  io.stdout.write(`Domain '${printable(domain.name)}': device attached to ${where}${stated}\n`);
  return EXIT.ok;
}

/** Undefined if it has errors, which are printed. @throws ToolError */
function readDevice(path: string, io: Io): DeviceFile | undefined {
  const decoded = decode(readInput(path, io.stdin.fd));
  const { lines, definition, findings } = lintDocument(decoded, { devices: true });
  // of a device alone it is a note
  const isOther = findings.some(({ rule, severity }) => rule === NOT_A_DOMAIN.name && severity === 'error');
  if (isOther || (definition && !isBareDevice(parseXml(decoded.text))))
    throw new ToolError(`${nameOf(path)}: attach takes one <hostdev> or <interface>, and nothing else`);
  const report = reportFile(
    nameOf(path),
    findings.filter(({ severity }) => severity !== 'note'),
    lines,
  );
  const paint = colorsFor(io.stderr, io.env);
  for (const finding of report.findings)
    io.stderr.write(formatFinding(report.path, finding, lines.line(finding.line), paint, io.columns()));
  const device = definition?.devices[0];
  if (!report.valid || !definition || !device) return undefined;
  return { xml: plainText(definition.document, device), ...policyOf(device, path) };
}

function policyOf(device: Device, path: string): Pick<DeviceFile, 'policy' | 'identity'> {
  const { attribute, identity } = device;
  if (!attribute?.policy.ok) return { policy: undefined, identity };
  if (identity) return { policy: attribute.policy.policy, identity };
  const remedy = "add <alias name='ua-NAME'/>";
  throw new ToolError(`${nameOf(path)}: the device has no alias, address or MAC to identify it by: ${remedy}`);
}

/** The device for libvirt, without the policy. */
function plainText(document: XmlDocument, device: Device): string {
  const removed = attributeRemovals(document, device);
  const { start, end } = device.node;
  const cut = removed.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
  return applyEdits(document.text.slice(start, end), cut);
}

/** libvirt's text of a domain with one more device. */
function withDevice(domain: string, device: string): string {
  const end = domain.lastIndexOf('</devices>');
  return end < 0 ? domain : domain.slice(0, end) + device + domain.slice(end);
}

const nameOf = (path: string) => (path === '-' ? STDIN_NAME : path);
