// What libvirt waits for: the hook for an operation that is not its business, and a pass when a domain has started.
import { chmodSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BenchHost } from './hosts.mjs';
import { folder, hostdevCpuset, inTurn, ms, report, root, run } from './measure.mjs';

export default function hook() {
  const host = new BenchHost(2, 3);
  try {
    const front = installFront(host.path);
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
    ];
    const [node, command, whole] = inTurn(41, sides, { before: () => host.reset() });
    const start = `node -e 0 ${ms(node)}`;
    report('hook: started', `${start}, hostdev-cpuset hook ${ms(command)}`, command / node, { most: 1.5 });
    report('hook: started, with its front', `${start}, hook/qemu ${ms(whole)}`, whole / node, { most: 1.5 });
  } finally {
    host.remove();
  }
}

function installFront(path) {
  const file = join(folder, 'qemu');
  const settings = { node: process.execPath, cli: hostdevCpuset, root: path };
  const text = readFileSync(join(root, 'hook/qemu'), 'utf8');
  writeFileSync(
    file,
    text.replace(/^(node|cli|root)=''$/gm, (_, name) => `${name}='${settings[name]}'`),
  );
  chmodSync(file, 0o755);
  return file;
}
