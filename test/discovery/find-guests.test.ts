import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planDomain } from '../../src/affinity/reconcile-domain.js';
import { parseSettings } from '../../src/affinity/settings.js';
import { findGuests } from '../../src/discovery/find-guests.js';
import { FileError } from '../../src/host/pseudo-fs.js';
import { domainReport } from '../../src/report/report.js';
import type { DomainDescription } from '../simulator/description.js';
import { SimulatedKernel } from '../simulator/index.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import {
  addressOf,
  cgroupOf,
  guest,
  libvirtFiles,
  OTHER_POD_UID,
  POD_UID,
  podGuest,
  podsHost,
  SCOPES,
  statusXml,
} from './pods-host.js';

const test = suite('guests that libvirt of the host does not know');

const STATES = { read: () => undefined, has: () => false, write: () => {}, remove: () => {}, list: () => [] };

/** Of each guest: its name, what its devices are to have, and the rules of its problems. */
function found(domains: DomainDescription[], config: object = SCOPES) {
  const files = new SimulatedFs(new SimulatedKernel(podsHost(domains)));
  const { scopes, ...settings } = parseSettings(JSON.stringify(config));
  const { guests } = findGuests(files, scopes);
  return guests.map(({ definition }) => {
    const { devices, problems } = domainReport(planDomain({ files, state: STATES, settings }, definition));
    const rules = [...problems, ...devices.flatMap((device) => device.problems)].map(({ rule }) => rule);
    return [
      definition.name,
      devices.map(({ address, policy, cpus }) => `${address} ${policy} ${cpus}`).join('; '),
      rules.join(),
    ];
  });
}

const ENTRY = `<hostdev address="${addressOf(0)}" cpuset="auto"/>`;
const cpuset = (cpus: string, address = addressOf(0)) => `<hostdev address="${address}" cpuset="${cpus}"/>`;
const LABEL = 'default_vm (pod tenant-a/virt-launcher-vm-x)';

test('a guest of a pod: its device by its open files, its policy by the XML of its libvirt', () => {
  assert.equal(found([podGuest(0, statusXml(ENTRY))]), [[LABEL, `${addressOf(0)} auto 2-3`, '']]);
});

test('guests are in the order of their pids', () => {
  const pods = [10_000, 900, 5100].map((pid, index) => ({ ...podGuest(index, statusXml('')), pid }));
  const files = new SimulatedFs(new SimulatedKernel(podsHost(pods)));
  assert.equal(
    findGuests(files, undefined).guests.map(({ qemu }) => qemu.id.pid),
    [900, 5100, 10_000],
  );
});

test('its threads tell where its vCPUs are, not the pinning that it states', () => {
  const nameless = { ...podGuest(0, statusXml(ENTRY)), threadNames: 'none' as const };
  assert.equal(found([nameless]), [[LABEL, `${addressOf(0)} auto null`, 'vcpus-unseen']]);
});

test('without a scope what it states is not followed, and the default of the host applies', () => {
  const pod = podGuest(0, statusXml(cpuset('4-5')));
  assert.equal(found([pod], {}), [[LABEL, `${addressOf(0)} native null`, 'policy-not-allowed']]);
  assert.equal(found([pod], { default: 'auto' }), [[LABEL, `${addressOf(0)} auto 2-3`, 'policy-not-allowed']]);
});

test('a scope limits the CPUs; without CPUs it allows none to be named', () => {
  const pod = podGuest(0, statusXml(cpuset('4-7')));
  assert.equal(found([pod]), [[LABEL, `${addressOf(0)} cpuset 4-5`, 'cpus-left-out']]);
  const auto = { scopes: [{ namespaces: ['tenant-*'] }] };
  assert.equal(found([pod], auto), [[LABEL, `${addressOf(0)} native null`, 'policy-not-allowed']]);
  assert.equal(found([podGuest(0, statusXml(ENTRY))], auto), [[LABEL, `${addressOf(0)} auto 2-3`, '']]);
  const forbidden = { ...SCOPES, allowedCpus: '6-7' };
  assert.equal(found([pod], forbidden), [[LABEL, `${addressOf(0)} cpuset null`, 'no-usable-cpu']]);
});

test('what a pod says of a device that it does not have open is ignored', () => {
  const liar = podGuest(1, statusXml(ENTRY + cpuset('0', addressOf(1)), { addresses: [0, 1].map(addressOf) }), {
    cgroup: cgroupOf(OTHER_POD_UID),
  });
  const config = { scopes: [{ namespaces: ['*'], cpus: '0-7' }] };
  assert.equal(found([podGuest(0, statusXml(cpuset('5'))), liar], config), [
    [LABEL, `${addressOf(0)} cpuset 5`, ''],
    [`default_vm (pod ${OTHER_POD_UID})`, `${addressOf(1)} cpuset 0`, 'device-not-open'],
  ]);
});

test('a file that is only called like a device is none', () => {
  const liar = podGuest(1, statusXml(ENTRY), { disguised: ['/dev/vfio/20', '/dev/vfio/devices/vfio24576'] });
  assert.equal(found([liar]), [
    ['default_vm (pod tenant-a/virt-launcher-vm-x)', `${addressOf(1)} native null`, 'device-not-open'],
  ]);
  assert.equal(found([{ ...liar, open: [] }]), []);
});

test('a descriptor that only names the device of another guest does not make it its own', () => {
  const liar = podGuest(1, statusXml(ENTRY + cpuset('0')), {
    cgroup: cgroupOf(OTHER_POD_UID),
    onlyNamed: [addressOf(0)],
  });
  const config = { default: 'auto', scopes: [{ namespaces: ['*'], cpus: '0-7' }] };
  assert.equal(found([podGuest(0, statusXml(cpuset('5'))), liar], config), [
    [LABEL, `${addressOf(0)} cpuset 5`, ''],
    [`default_vm (pod ${OTHER_POD_UID})`, `${addressOf(1)} auto 2-3`, 'device-not-open'],
  ]);
  assert.equal(found([{ ...liar, open: [] }], config), []);
});

test('children of QEMU that have its device open are no guests', () => {
  const child = (number: number) => ({
    ...podGuest(0, statusXml(cpuset('4'))),
    uuid: `6f0d1c2e-3b4a-5c6d-8e7f-0000000000${10 + number}`,
    pid: 6000 + number,
  });
  const both = { ...child(3), open: [addressOf(0), addressOf(1)] };
  assert.equal(found([child(1), child(2), both, podGuest(0, statusXml(cpuset('5')))]), [
    [LABEL, `${addressOf(0)} cpuset 5`, ''],
    [LABEL, `${addressOf(1)} native null`, 'device-not-open'],
  ]);
});

test('the command line is read of root and of libvirt only: that of others may wait for a file system of theirs', () => {
  const session = { isOnHost: true, uid: 1000, cgroup: '/user.slice/user-1000.slice' };
  const domains = [podGuest(0, statusXml(ENTRY)), guest(1, session), guest(2, { isOnHost: true })];
  const read: string[] = [];
  const kernel = new SimulatedKernel(podsHost([...domains, guest(3, { isOfLibvirt: true })]));
  findGuests(new SimulatedFs(kernel, (_, path) => read.push(path)), undefined);
  const lines = read.filter((path) => path.endsWith('/cmdline'));
  assert.equal([...new Set(lines)], ['/proc/5200/cmdline', '/proc/5300/cmdline']);
});

test('a guest is that of the pid file in the directory of its libvirt, whatever else is there', () => {
  const names = ['../../etc/passwd', '..', 'a,b', 'default_vm.xml', 'other'];
  const others = names.map((name, index) => [`/run/libvirt/qemu/run/${name}.pid`, `${index}`]);
  const process = podGuest(0, statusXml(ENTRY)).process ?? {};
  const foundWith = (pid: string) => {
    const files = { ...process.files, ...Object.fromEntries(others), '/run/libvirt/qemu/run/default_vm.pid': pid };
    return found([podGuest(0, '', { files })]);
  };
  assert.equal(foundWith('77'), [[LABEL, `${addressOf(0)} auto 2-3`, '']]);
  for (const pid of ['78', '770', '', 'x'.repeat(100)]) {
    assert.equal(
      foundWith(pid),
      [['QEMU 5000 (pod tenant-a/virt-launcher-vm-x)', `${addressOf(0)} native null`, '']],
      pid,
    );
  }
});

test('a guest whose libvirt has each file on a mount of its own, of too many, is given up at the first', () => {
  const files = new SimulatedFs(new SimulatedKernel(podsHost([podGuest(0, statusXml(ENTRY))])));
  let reads = 0;
  const read = (name: string): undefined => {
    reads++;
    throw new FileError('ETIME', name);
  };
  files.inProcess = (_pid, _path, action) => action({ names: () => ['a.pid', 'b.pid'], read });
  const { scopes } = parseSettings(JSON.stringify(SCOPES));
  const [guest] = findGuests(files, scopes).guests;
  assert.equal(
    guest?.definition.found?.problems.map((problem) => 'reason' in problem && problem.reason),
    ['too many mounts'],
  );
  assert.is(reads, 1);
});

test("a domain of libvirt is found, although another one's pid file with the same pid was left behind", () => {
  const files = new SimulatedFs(new SimulatedKernel(podsHost([guest(0, { isOfLibvirt: true })])));
  const [list, read] = [files.list.bind(files), files.read.bind(files)];
  files.list = (path) => [...(list(path) ?? []), ...(path === '/run/libvirt/qemu' ? ['old.pid'] : [])];
  files.read = (path) => read(path.replace('/old.pid', '/default_vm.pid'));
  assert.equal(
    findGuests(files, undefined).guests.map(({ definition }) => definition.name),
    ['default_vm'],
  );
});

test('the status file of another process is not followed', () => {
  const stale = podGuest(0, statusXml(ENTRY, { pid: 78 }));
  assert.equal(found([stale]), [[LABEL, `${addressOf(0)} native null`, 'guest-xml-unreadable']]);
});

test('XML that is not one, or too long, makes one problem', () => {
  for (const xml of [
    '<domstatus',
    '<a/>',
    "<domstatus pid='77'/>",
    `${statusXml(ENTRY)}<!--${'x'.repeat(2 ** 19)}-->`,
    statusXml(ENTRY, { metadata: `<a>${'<b/>'.repeat(20_000)}</a>` }),
  ]) {
    assert.equal(
      found([podGuest(0, xml)]),
      [[LABEL, `${addressOf(0)} native null`, 'guest-xml-unreadable']],
      xml.slice(0, 20),
    );
  }
});

test('a QEMU of root that a script started has the default of the host', () => {
  const plain = guest(2, { isOnHost: true });
  const label = 'default_vm (root)';
  assert.equal(found([plain], {}), [[label, `${addressOf(2)} native null`, '']]);
  assert.equal(found([plain], { default: 'auto' }), [[label, `${addressOf(2)} auto 2-3`, '']]);
});

test('a guest of an ordinary user: its own libvirt has its policy, the one of the system has not', () => {
  const xml = statusXml(cpuset('4', addressOf(2)), { pid: 5200, addresses: [addressOf(2)] });
  const session = (folder: string) => {
    const files = libvirtFiles(folder, xml, 5200);
    return guest(2, { isOnHost: true, uid: 1000, cgroup: '/user.slice/user-1000.slice', files });
  };
  const label = 'default_vm (user alice)';
  const config = { scopes: [{ users: ['alice'], cpus: '4' }] };
  const own = session('/run/user/1000/libvirt/qemu/run');
  assert.equal(found([own], config), [[label, `${addressOf(2)} cpuset 4`, '']]);
  assert.equal(found([own], SCOPES), [[label, `${addressOf(2)} native null`, 'policy-not-allowed']]);
  assert.equal(found([session('/run/libvirt/qemu')], config), [
    ['QEMU 5200 (user alice)', `${addressOf(2)} native null`, ''],
  ]);
});

test('a user who calls a cgroup of his like one of a pod is a user', () => {
  const cgroup = `/user.slice/user-1000.slice/user@1000.service${cgroupOf(POD_UID)}`;
  assert.equal(found([guest(2, { isOnHost: true, uid: 1000, cgroup })]), [
    ['QEMU 5200 (user alice)', `${addressOf(2)} native null`, ''],
  ]);
});

test('pods as kubelet names their cgroups, seen from a container, too', () => {
  const id = POD_UID;
  for (const cgroup of [
    cgroupOf(id),
    `/kubepods/burstable/pod${id}/0123`,
    `/kubepods/pod${id}/0123`,
    `/../../kubepods-pod${id.replaceAll('-', '_')}.slice/crio-0123.scope`,
    `/../../../kubepods-besteffort.slice/kubepods-besteffort-pod${id.replaceAll('-', '_')}.slice/crio-0123.scope`,
    `/../../pod${id}/0123`,
  ]) {
    const [[name] = []] = found([podGuest(0, statusXml(ENTRY), { cgroup })]);
    assert.is(name, LABEL, cgroup);
  }
});

test('a domain of libvirt keeps its name', () => {
  const known = guest(3, { isOfLibvirt: true, uid: 64055 });
  assert.equal(found([known], { default: 'auto' }), [['default_vm', `${addressOf(3)} auto 2-3`, '']]);
  const claims = guest(2, { isOnHost: true });
  assert.equal(
    found([known, claims], {}).map(([name]) => name),
    ['default_vm (root)', 'default_vm'],
  );
});

test.run();
