import { spawnSync } from 'node:child_process';
import { projectRoot } from '../support/cli.js';

/** Checks manifests, in JSON, with the published schemas, in a process of its own: the package is a module of ES. */
const CHECK = `
  import * as apps from 'kubernetes-models/apps/v1';
  import * as core from 'kubernetes-models/v1';
  for (const manifest of JSON.parse(process.argv[1])) new { ...core, ...apps }[manifest.kind](manifest).validate();`;

/** @returns what is wrong with manifests of Kubernetes by their published schemas; '' if they are valid */
export function validateManifests(manifests: object[]): string {
  const words = ['--input-type=module', '-e', CHECK, '--', JSON.stringify(manifests)];
  return spawnSync(process.execPath, words, { cwd: projectRoot, encoding: 'utf8' }).stderr;
}
