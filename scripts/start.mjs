// npm start: installs missing dependencies, builds, and demonstrates the main functions with the samples.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
ensureInstalled();
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
const { createTwoFilesPatch } = await import('diff');

const colour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bad = 'samples/bad/cpuset-syntax.xml';
const good = 'samples/gpu.xml';
const twoNodes = 'samples/spread-two-nodes.xml';
const page = 'dist/host.html';

heading(
  '1. A policy is written in the domain XML, as <hostdev cpuset="...">. lint-domain finds what is wrong with it:',
);
command(`lint-domain ${bad}`);
print(run('lint-domain', [bad]).stdout);

heading('2. libvirt would drop the attribute, so normalize moves the policies into the metadata, which libvirt keeps:');
command(`hostdev-cpuset normalize ${good} > guest.xml; virsh define --validate guest.xml`);
const normalized = run('hostdev-cpuset', ['normalize', good]).stdout;
print(diff(readFileSync(good, 'utf8'), normalized));

const kept = throughLibvirt(normalized);
heading('3. For editing, expand brings every policy back to its device:');
command("virsh dumpxml workstation | hostdev-cpuset expand | grep -A 2 'cpuset=.*[^/]>$'");
print(policies(run('hostdev-cpuset', ['expand'], kept ?? normalized).stdout));
print(kept ? '(read back from a real libvirt: test:///default)\n' : '(virsh is not installed: libvirt was left out)\n');
const same = run('hostdev-cpuset', ['expand'], normalized).stdout === readFileSync(good, 'utf8');
print(same ? `Without libvirt, the result is identical to ${good}.\n` : 'The round trip changed the file: a bug.\n');
await onSimulatedHost();
heading('Next steps');
print(`  ${page}                 that host as a page, for your browser
  npm install --global "./$(npm pack --silent)"   puts lint-domain and hostdev-cpuset on your PATH
  lint-domain FILE...             your own definitions (virsh dumpxml --inactive GUEST)
  lint-domain --host FILE         and whether they fit this host
  hostdev-cpuset define FILE      checks, keeps the policies, defines
  sudo hostdev-cpuset install     the hook, the service and irqbalance's policy: docs/installing.md
`);
process.exitCode = same ? 0 : 1;

/** Uses only a simulated host; does not change this machine. */
async function onSimulatedHost() {
  const { StartHost } = await import('./start-host.mjs');
  const host = new StartHost('samples/hosts/workstation.json', colour);
  const show = (...words) => {
    command(`hostdev-cpuset ${words.join(' ')}`);
    print(host.run(...words));
  };
  try {
    heading(
      '4. On a host, here a simulated one, plan says what would be done about each interrupt, and enforce does it:',
    );
    show('plan', good);
    show('enforce', good);
    heading('5. A reboot of the guest gives its devices other interrupts. watch maintains the policy:');
    command('hostdev-cpuset watch');
    await host.watchReboot(normalized, print);
    show('status', good);
    host.run('status', '--html', page, good);
  } finally {
    await host.remove();
  }
  const larger = new StartHost('samples/hosts/spread-two-nodes.json', colour);
  try {
    heading(
      "6. On a host with two NUMA nodes, auto stays on each device's node; spread divides the queues among the vCPUs there:",
    );
    command(`grep cpuset=.auto ${twoNodes}; hostdev-cpuset enforce ${twoNodes}`);
    print(
      `${readFileSync(twoNodes, 'utf8')
        .match(/^.*cpuset='auto'.*$/gm)
        .join('\n')}\n\n`,
    );
    print(larger.enforceAndCompare(twoNodes));
  } finally {
    await larger.remove();
  }
}

function run(program, args, input) {
  const env = { ...process.env, ...(colour ? {} : { NO_COLOR: '1' }) };
  const result = spawnSync(process.execPath, [`dist/bin/${program}.cjs`, ...args], { input, encoding: 'utf8', env });
  process.stderr.write(result.stderr);
  return result;
}

/** Defines a domain in libvirt's test driver, which stores nothing, and reads it back. Undefined without virsh. */
function throughLibvirt(xml) {
  const folder = mkdtempSync(join(tmpdir(), 'hostdev-cpuset-start-'));
  try {
    writeFileSync(join(folder, 'guest.xml'), xml);
    const script = 'define --validate guest.xml; dumpxml --inactive workstation';
    const options = { encoding: 'utf8', cwd: folder };
    const { status, stdout } = spawnSync('virsh', ['-c', 'test:///default', script], options);
    return status === 0 ? stdout.slice(stdout.indexOf('<domain')) : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function diff(before, after) {
  const patch = createTwoFilesPatch(good, 'guest.xml', before, after, '', '', { context: 1 });
  const colours = { '+': 32, '-': 31, '@': 36 };
  return patch
    .split('\n')
    .slice(1)
    .map((line) => (colours[line[0]] ? paint(colours[line[0]], line) : line))
    .join('\n');
}

/** The lines of each device with a policy, and its address. */
function policies(xml) {
  const lines = xml.split('\n');
  return lines.flatMap((line, i) => (/cpuset=.*[^/]>$/.test(line) ? [line, lines[i + 2], ''] : [])).join('\n');
}

function heading(text) {
  print(`\n${paint(1, text)}\n`);
}

function command(text) {
  print(`${paint(2, `$ ${text}`)}\n`);
}

function print(text) {
  process.stdout.write(text);
}
