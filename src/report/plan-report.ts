import { plan } from '../affinity/plan.js';
import type { Definition } from '../domain/definition.js';
import type { PolicySettings } from '../domain/effective-policy.js';
import { plainDefinition } from '../domain/plain-definition.js';
import type { HostSnapshot } from '../host/snapshot.js';
import { type DomainReport, domainReport } from './report.js';

/** The plan for a domain on this host, with reasons: the same as a domain of `hostdev-cpuset plan --json`. Pure. */
export function planReport(definition: Definition, host: HostSnapshot, settings: PolicySettings = {}): DomainReport {
  return domainReport(plan(plainDefinition(definition), host, settings));
}
