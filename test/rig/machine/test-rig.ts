import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../support/cli.js';
import type { Settings } from '../inside/play.js';
import { ARCHITECTURES, type Architecture } from './architecture.js';
import { BOARDS } from './board.js';
import { boot } from './boot.js';
import { bundleScenes } from './bundle.js';
import { cached, foreignEntries, keepOnly, unpackPackage } from './cache.js';
import { emulatedHost } from './emulated-host.js';
import { lostTimer, staleBreakpoint } from './fault-of-emulation.js';
import { foreignRoot } from './foreign-root.js';
import { fillBootFolder } from './initramfs.js';
import { installPacked } from './packed.js';
import { bootsOf, type Request } from './request.js';
import { Tally } from './tally.js';

const inside = join(__dirname, '../inside');
/** The files of this machine's /etc that programs in its /usr need: library paths, and the target of /usr/bin/awk. */
const ETC = ['alternatives', 'ld.so.cache', 'ld.so.conf', 'ld.so.conf.d', 'nsswitch.conf', 'protocols', 'services'];

/** An emulated host is stopped after this time. */
const LIMIT_MINUTES = 25;
const FULL_LENGTH_LIMIT_MINUTES = 60;

/** How often a kernel is booted at most: after a fault of the emulator, again for the scenes that had not ended. */
const MOST_BOOTS = 4;

/** How often the console is searched for a fault that stops the host. */
const CONSOLE_INTERVAL_MS = 3000;

/** The inputs of the boot directory. */
const RECIPE = ['initramfs.ts', 'kernels.ts', 'vmlinux.ts'];

/**
 * Runs the scenes on an emulated host: all with the release's own kernel, those for every kernel with a newer one as
 * well.
 * @param build builds the package from the sources
 * @param node returns the path of an executable for the emulated host's architecture, if that is not this machine's
 * @returns exit status
 */
export async function testRig(request: Request, build: () => Promise<void>, node: () => string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-rig-'));
  let qemu: ChildProcess | undefined;
  const end = (signal: NodeJS.Signals) => {
    qemu?.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  // Not once(): a second Ctrl-C would interrupt the removal.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);

  const tally = new Tally();
  try {
    const [boots] = await Promise.all([bootsOf(request), build()]);
    const { architecture } = request;
    const board = BOARDS[architecture];
    const isForeign = architecture !== ARCHITECTURES[0];
    const root = isForeign ? foreignRoot(architecture, node()) : '/';
    const irqbalance = irqbalanceOf(architecture);
    await stage(join(folder, 'rig'), root, irqbalance);
    const cache = cached(isForeign ? `libvirt-${architecture}` : 'libvirt', () => {});
    const used = [irqbalance, cache, ...foreignEntries(architecture)];
    for (const { name, titles } of boots) {
      const bootFolder = bootFolderOf(name, architecture, root);
      used.push(bootFolder);
      const module = join(bootFolder, 'kvm.ko');
      if (existsSync(module)) copyFileSync(module, join(folder, 'rig/kvm.ko'));
      const console_ = join(folder, 'console');
      const shown = () => (existsSync(console_) ? readFileSync(console_, 'utf8') : '');
      const paths = { boot: bootFolder, rig: join(folder, 'rig'), cache, console: console_, usr: join(root, 'usr') };
      const command: [string, ...string[]] = [board.program, ...emulatedHost(board, paths)];
      const play = () => {
        const settings: Settings = { titles: tally.open, fullLength: request.fullLength };
        writeFileSync(join(folder, 'rig/settings.json'), JSON.stringify(settings));
        const started = (child: ChildProcess) => {
          qemu = child;
        };
        // Such a host would hang until its time limit.
        const watch = setInterval(() => lostTimer(shown()) && qemu?.kill('SIGKILL'), CONSOLE_INTERVAL_MS);
        const minutes = request.fullLength ? FULL_LENGTH_LIMIT_MINUTES : LIMIT_MINUTES;
        return boot(command, minutes, (message) => tally.take(message), started).finally(() => clearInterval(watch));
      };
      tally.begin(name, titles);
      for (let count = 1; ; count++) {
        const { said, crash } = await play();
        const fault = crash ?? staleBreakpoint(shown()) ?? lostTimer(shown());
        const again = fault !== undefined && tally.open.length > 0 && count < MOST_BOOTS;
        if (fault !== undefined)
          tally.note(`${fault}${again ? ': the host is booted again for the other scenes' : ''}`);
        if (again) continue;
        tally.end(`${said}${shown()}`);
        break;
      }
    }
    if (request.series === '' && request.pattern === '') keepOnly(used, architecture);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return tally.conclude(performance.now() / 1000);
}

/** The files that the emulated host mounts at /rig. */
async function stage(rig: string, root: string, irqbalance: string): Promise<void> {
  mkdirSync(join(rig, 'etc'), { recursive: true });
  for (const name of ETC) {
    const source = join(root, 'etc', name);
    if (existsSync(source)) cpSync(source, join(rig, 'etc', name), { recursive: true, verbatimSymlinks: true });
  }
  cpSync(join(inside, 'etc'), join(rig, 'etc'), { recursive: true });
  for (const name of ['main.sh', 'emulator.sh']) cpSync(join(inside, name), join(rig, name));
  cpSync(join(projectRoot, 'deploy/kubevirt/base'), join(rig, 'kubevirt'), { recursive: true });
  cpSync(join(irqbalance, 'usr/sbin/irqbalance'), join(rig, 'irqbalance'));
  await installPacked(join(rig, 'usr/local'));
  await bundleScenes(join(rig, 'scenes.cjs'));
}

/** Never installed on this machine, where it would move interrupts. */
function irqbalanceOf(architecture: Architecture): string {
  const name = architecture === ARCHITECTURES[0] ? 'irqbalance' : `irqbalance-${architecture}`;
  return cached(name, (folder) => unpackPackage('irqbalance', folder, architecture));
}

function bootFolderOf(kernelPackage: string, architecture: Architecture, root: string): string {
  const init = join(inside, 'init.sh');
  const recipe = createHash('sha256');
  for (const file of [init, ...RECIPE.map((name) => join(__dirname, name))]) recipe.update(readFileSync(file));
  const name = `${kernelPackage}-${recipe.digest('hex').slice(0, 8)}`;
  return cached(name, (folder) => fillBootFolder(folder, { kernelPackage, architecture, root, init }));
}
