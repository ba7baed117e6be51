import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow, foldersBelow } from './entries.mjs';

/** Installation directory of the program. */
export const HOME = 'usr/lib/hostdev-cpuset';
export const DOC = 'usr/share/doc/hostdev-cpuset';
/** What libvirt runs. */
export const HOOK_STUB = 'etc/libvirt/hooks/qemu.d/hostdev-cpuset';

/**
 * Puts what every package has in common into a tree.
 * @param {string} from the contents of the npm package
 * @param {string} tree
 * @param {{zshFolder: string, node?: {program: string, strip: string}}} options where zsh looks for completions;
 *   a private Node, with the program that removes its symbols
 */
export function stage(from, tree, { zshFolder, node }) {
  const put = (source, target) => cpSync(source, join(tree, target), { recursive: true });
  const write = writerTo(tree);
  const read = (name) => readFileSync(join(from, name), 'utf8');

  for (const name of ['package.json', 'dist/bin', 'rng', 'schemas']) put(join(from, name), `${HOME}/${name}`);
  // The only library that cannot be bundled.
  put('node_modules/libxml2-wasm', `${HOME}/node_modules/libxml2-wasm`);
  for (const name of filesBelow(join(tree, HOME, 'node_modules')))
    if (/\.(?:map|md|d\.mts)$|\/LICENSE/.test(name)) rmSync(name);
  // Same layout as in the repository, because the pages link to each other.
  for (const name of ['README.md', 'docs', 'examples', 'samples', 'selinux']) put(join(from, name), `${DOC}/${name}`);
  for (const name of filesBelow(tree)) chmodSync(name, isScript(name) ? 0o755 : 0o644);
  for (const name of ['rng', 'schemas']) symlinkSync(`../../../lib/hostdev-cpuset/${name}`, join(tree, DOC, name));

  const interpreter = node ? `/${HOME}/node` : '/usr/bin/node';
  const { bin } = JSON.parse(read('package.json'));
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  for (const [name, script] of Object.entries(bin)) {
    write(`${HOME}/${script}`, read(script).replace(/^#!.*/, `#!${interpreter}`), 0o755);
    symlinkSync(`../lib/hostdev-cpuset/${script}`, join(tree, 'usr/bin', name));
  }
  if (node) {
    execFileSync(node.strip, ['--strip-unneeded', '-o', join(tree, HOME, 'node'), node.program]);
    chmodSync(join(tree, HOME, 'node'), 0o755);
  }
  write(`${HOME}/hook`, read('hook/qemu').replace("\ncli=''\n", "\ncli='/usr/bin/hostdev-cpuset'\n"), 0o755);
  write(`${HOME}/irqbalance.d/hostdev-cpuset`, read('service/irqbalance-policy'), 0o755);
  write('usr/lib/systemd/system/hostdev-cpuset.service', read('service/hostdev-cpuset.service'));
  write('usr/lib/systemd/system/irqbalance.service.d/hostdev-cpuset.conf', read('service/irqbalance.conf'));
  write('usr/lib/tmpfiles.d/hostdev-cpuset.conf', read('service/tmpfiles.conf'));
  for (const name of readdirSync(join(from, 'man')))
    write(`usr/share/man/man${name.at(-1)}/${name}.gz`, gzip(read(`man/${name}`)));
  for (const [shell, folder] of [
    ['bash', 'bash-completion/completions'],
    ['zsh', zshFolder],
    ['fish', 'fish/vendor_completions.d'],
  ])
    for (const name of readdirSync(join(from, 'completions', shell)))
      write(`usr/share/${folder}/${name}`, read(`completions/${shell}/${name}`));
}

/** Independent of the umask: call it last. */
export function setFolderModes(tree) {
  for (const folder of foldersBelow(tree)) chmodSync(folder, 0o755);
}

export function writerTo(tree) {
  return (target, text, mode = 0o644) => {
    mkdirSync(dirname(join(tree, target)), { recursive: true });
    writeFileSync(join(tree, target), text);
    chmodSync(join(tree, target), mode);
  };
}

/** Like gzip -9n: without file name and timestamp. */
export function gzip(text) {
  const compressed = gzipSync(text, { level: 9 });
  // Node writes the operating system that it was built for, zlib's own value is Unix.
  compressed[9] = 3;
  return compressed;
}

function isScript(name) {
  return readFileSync(name, 'latin1').startsWith('#!');
}
