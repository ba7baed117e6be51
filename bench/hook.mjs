// How long libvirt waits for the hook: for an operation without work, and for a pass when a domain has started.
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { BenchHost } from './hosts.mjs';
import { folder, hostdevCpuset, inTurn, isInstalled, missing, ms, report, root, run } from './measure.mjs';

export default function hook() {
  const [host, logging] = [new BenchHost(2, 3), new BenchHost(2, 3)];
  const journal = listen(logging.path);
  try {
    const front = installFront(host.path, 'qemu');
    const frontThatLogs = installFront(logging.path, 'qemu-that-logs');
    const xml = join(folder, 'running.xml');
    writeFileSync(xml, host.xml);
    const withXml = (command, args) => {
      const input = openSync(xml);
      run(command, args, { input });
      closeSync(input);
    };
    const [shell, other] = inTurn(101, [
      () => void run('sh', ['-c', ':']),
      () => withXml(front, ['guest', 'start', 'begin', '-']),
    ]);
    report('hook: other operation', `sh -c : ${ms(shell)}, hook ${ms(other)}`, other / shell, { most: 2 });
    const started = ['guest', 'started', 'begin', '-'];
    const sides = [
      () => void run(process.execPath, ['-e', '0']),
      () => withXml(process.execPath, [hostdevCpuset, 'hook', ...started, '--root', host.path]),
      () => withXml(front, started),
      () => withXml(frontThatLogs, started),
    ];
    const before = () => [host, logging].forEach((one) => void one.reset());
    const [node, command, whole, logged] = inTurn(41, sides, { before });
    const start = `node -e 0 ${ms(node)}`;
    report('hook: started', `${start}, hostdev-cpuset hook ${ms(command)}`, command / node, { most: 1.5 });
    report('hook: started, with its front', `${start}, hook/qemu ${ms(whole)}`, whole / node, { most: 1.5 });
    const name = 'hook: started, with a journal';
    if (isInstalled('logger')) report(name, `${start}, hook/qemu ${ms(logged)}`, logged / node, { most: 1.5 });
    else missing(name, 'logger');
  } finally {
    journal.close();
    host.remove();
    logging.remove();
  }
}

/** A socket in place of journald's. Nothing reads the messages. */
function listen(path) {
  const socket = join(path, 'run/systemd/journal/dev-log');
  mkdirSync(join(socket, '..'), { recursive: true });
  return createServer().listen(socket, 511);
}

/** Installs the hook with the watcher disabled, which would outlive the benchmark and use CPU time. */
function installFront(path, name) {
  const file = join(folder, name);
  const settings = { node: process.execPath, cli: hostdevCpuset, root: path, watcher: 'no' };
  const text = readFileSync(join(root, 'hook/qemu'), 'utf8');
  writeFileSync(
    file,
    text.replace(/^(node|cli|root|watcher)=''$/gm, (_, name) => `${name}='${settings[name]}'`),
  );
  chmodSync(file, 0o755);
  return file;
}
