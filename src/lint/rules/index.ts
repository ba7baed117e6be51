import type { Rule, RuleInfo } from '../rule.js';
import { addressInvalid, addressOctal } from './address-invalid.js';
import { addressShifted } from './address-shifted.js';
import { aliasInvalid } from './alias-invalid.js';
import { autoRealtime } from './auto-realtime.js';
import { autoUnpinned } from './auto-unpinned.js';
import { cpusetEmpty } from './cpuset-empty.js';
import { cpusetSyntax } from './cpuset-syntax.js';
import { duplicateDevice } from './duplicate-device.js';
import { entryRepeated } from './entry-repeated.js';
import { entryStale } from './entry-stale.js';
import { metadataDuplicate } from './metadata-duplicate.js';
import { metadataSyntax } from './metadata-syntax.js';
import { noIdentity } from './no-identity.js';
import { noInterrupts } from './no-interrupts.js';
import { noPolicy } from './no-policy.js';
import { policyConflict } from './policy-conflict.js';
import { policyInvalid } from './policy-invalid.js';
import { spreadUnpinned } from './spread-unpinned.js';
import { vcpupinRepeated } from './vcpupin-repeated.js';
import { vcpupinUnknown } from './vcpupin-unknown.js';
import { vcpusUnknown } from './vcpus-unknown.js';

/** From the parser; nothing else is checked then. */
export const WELL_FORMED: RuleInfo = {
  name: 'well-formed',
  severity: 'error',
  summary: 'not well-formed XML, not UTF-8, or above a limit',
};

export const NOT_A_DOMAIN: RuleInfo = {
  name: 'not-a-domain',
  severity: 'error',
  summary: 'a document that is not a libvirt domain',
};

/** libvirt's schema with the extension. */
export const SCHEMA: RuleInfo = {
  name: 'schema',
  severity: 'error',
  summary: "the document does not match libvirt's schema, extended by the attributes of policies",
};

/** Comments that disable rules: src/lint/disable-comments.ts. */
export const DISABLE_COMMENT: RuleInfo = {
  name: 'disable-comment',
  severity: 'warning',
  summary: 'a lint-domain-disable comment that disables nothing',
};

/** The rules that check a definition, in the order in which they run. */
export const RULES: readonly Rule[] = [
  cpusetSyntax,
  cpusetEmpty,
  policyInvalid,
  noInterrupts,
  noIdentity,
  noPolicy,
  autoUnpinned,
  autoRealtime,
  vcpusUnknown,
  spreadUnpinned,
  aliasInvalid,
  addressInvalid,
  addressOctal,
  duplicateDevice,
  policyConflict,
  entryStale,
  addressShifted,
  entryRepeated,
  metadataDuplicate,
  metadataSyntax,
  vcpupinUnknown,
  vcpupinRepeated,
];

/** All built-in rules except those that need a host. */
export const ALL_RULES: readonly RuleInfo[] = [WELL_FORMED, NOT_A_DOMAIN, SCHEMA, DISABLE_COMMENT, ...RULES];
