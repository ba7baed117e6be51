import * as assert from 'uvu/assert';
import { needs, suiteWhere } from '../support/needs.js';
import { Sandbox } from './sandbox.js';

const test = suiteWhere('example: ansible-define', needs('ansible-playbook', 'virsh', 'libvirt-schemas'));
let sandbox: Sandbox;
test.before(() => {
  sandbox = new Sandbox();
});
test.after(() => sandbox.remove());

test('defines what libvirt has not, also after a run that failed, and places the interrupts', async () => {
  const variables = JSON.stringify({ ansible_become: false, folder: 'defined', domain: 'workstation' });
  const play = (definition: string) =>
    `export ANSIBLE_LOCALHOST_WARNING=no ANSIBLE_NOCOWS=1 ANSIBLE_REMOTE_TEMP="$PWD/ansible"; printf '[hypervisors]\\nlocalhost ansible_connection=local\\n' > inventory
     ansible-playbook -i inventory examples/ansible-define.yaml -e '${variables}' -e "folder='$PWD/defined'" -e "definition='$PWD/${definition}'"`;
  const away = `mkdir away && printf '#!/bin/sh\\necho "error: no libvirt" >&2; exit 1\\n' >away/virsh && chmod +x away/virsh`;
  const without = await sandbox.shell(`${away}; export PATH="$PWD/away:$PATH"; ${play('workstation.xml')}`);
  assert.is.not(without.code, 0);
  assert.match(without.stdout, 'no libvirt');
  const first = await sandbox.shell(play('workstation.xml'));
  assert.is(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /changed=2 .*failed=0/, 'defined and placed');
  const kept = await sandbox.shell('virsh dumpxml workstation; hostdev-cpuset status workstation');
  assert.match(kept.stdout, '<hostdev alias="ua-usb" cpuset="4,12"/>');
  assert.match(kept.stdout, '0 misplaced, 3 in place');
  const again = await sandbox.shell(play('workstation.xml'));
  assert.match(again.stdout, /changed=0 .*failed=0/);
  await sandbox.shell(`sed -i '/ua-usb.*cpuset=/d' "$VIRSH_STATE/workstation.xml"`);
  const repaired = await sandbox.shell(play('workstation.xml'));
  assert.match(repaired.stdout, /changed=1 .*failed=0/, 'somebody had changed it in libvirt');
  assert.match((await sandbox.shell('virsh dumpxml workstation')).stdout, '<hostdev alias="ua-usb" cpuset="4,12"/>');
  const bad = await sandbox.shell(play('samples/bad/cpuset-syntax.xml'));
  assert.is.not(bad.code, 0);
  assert.match(bad.stdout, 'cpuset: the range 7-5 is reversed');
  assert.match((await sandbox.shell('cat defined/workstation.xml')).stdout, "cpuset='4,12'");
});

test.run();
