import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const CONTAINERFILE = 'deploy/kubevirt/Containerfile';

/**
 * Builds the image of the Containerfile with buildah. Run from the project's directory, as root.
 * @param {string} base the root of a Debian system, in place of the image that it names: no registry is asked
 * @param {string} file the package
 * @param {string} work a directory for the image and all that is made on the way
 * @returns {string} the path of an OCI archive
 */
export function buildContainerfile(base, file, work) {
  const storage = ['--root', join(work, 'storage'), '--runroot', join(work, 'run'), '--storage-driver', 'vfs'];
  const buildah = (...words) =>
    execFileSync('buildah', [...storage, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const named = /^FROM (\S+)$/m.exec(readFileSync(CONTAINERFILE, 'utf8'))?.[1];
  const container = buildah('from', 'scratch');
  buildah('add', '--quiet', container, base, '/');
  buildah('commit', '--quiet', '--rm', container, named);

  const context = join(work, 'context');
  mkdirSync(join(context, 'dist-packages'), { recursive: true });
  copyFileSync(file, join(context, 'dist-packages', basename(file)));
  const image = 'hostdev-cpuset:containerfile';
  buildah('build', '--quiet', '--isolation=chroot', '--pull-never', '--tag', image, '--file', CONTAINERFILE, context);
  const archive = join(work, 'containerfile.oci.tar');
  buildah('push', '--quiet', image, `oci-archive:${archive}:containerfile`);
  return archive;
}
