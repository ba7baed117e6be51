// The files that a libvirt in a pod has of its guest, as KubeVirt's has them.
import { guest } from './guests.mjs';

/** By name: the status file, the PID file and ten others. @param address gives that of each device */
export function podFiles(number, { pid, devices, address }) {
  const name = `default_vm-${number}`;
  const others = ['autostart', 'capabilities', 'channel', 'dump', 'nvram', 'ram', 'save', 'slirp', 'snapshot'];
  return {
    ...Object.fromEntries([...others.map((other) => `${other}.conf`), `${name}.log`].map((other) => [other, ''])),
    [`${name}.pid`]: `${pid}\n`,
    [`${name}.xml`]: statusXml(number, { name, pid, devices, address }),
  };
}

/** A status file of 12 to 40 KiB: the definition is inside. */
function statusXml(number, { name, pid, devices, address }) {
  const count = (least, most) => least + ((number * 37) % (most - least));
  const list = (length, make) => Array.from({ length }, (_, index) => make(index)).join('\n');
  const definition = guest(number, { devices: 0, policies: false })
    .replace(/<name>.*<\/name>/, `<name>${name}</name>`)
    .replace("<domain type='kvm'>", "<domain type='kvm' id='1'>")
    .replace('  <memory', `${METADATA}\n  <memory`)
    .replace(
      '    <serial',
      `${list(count(14, 60), port)}\n${list(devices, (index) => hostdev(address(index), index))}\n    <serial`,
    );
  return `<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit ${name}
or other application using the libvirt API.
-->

<domstatus state='running' reason='booted' pid='${pid}'>
  <taint flag='custom-argv'/>
  <monitor path='/var/run/kubevirt-private/libvirt/qemu/lib/domain-1-${name}/monitor.sock' type='unix'/>
  <namespaces>
    <mount/>
  </namespaces>
  <vcpus>
${list(8, (index) => `    <vcpu id='${index}' pid='${90 + index}'/>`)}
  </vcpus>
  <qemuCaps>
${list(count(180, 330), (index) => `    <flag name='device-option-${index}'/>`)}
  </qemuCaps>
  <job type='none' async='none'/>
  <devices>
${list(count(20, 90), (index) => `    <device alias='device${index}'/>`)}
  </devices>
  <libDir path='/var/run/kubevirt-private/libvirt/qemu/lib/domain-1-${name}'/>
  <channelTargetDir path='/var/run/kubevirt-private/libvirt/qemu/channel/target/domain-1-${name}'/>
  <cpu mode='custom' match='exact'>
${list(40, (index) => `    <feature policy='require' name='feature-${index}'/>`)}
  </cpu>
  <chardevStdioLogd/>
  <rememberOwner/>
  <allowReboot value='yes'/>
  <blockjobs active='no'/>
  <agentTimeout>-2</agentTimeout>
${definition.trimEnd().replace(/^/gm, '  ')}
</domstatus>
`;
}

const METADATA = `  <metadata>
    <kubevirt xmlns="http://kubevirt.io">
      <uid/>
    </kubevirt>
    <hostdevs xmlns="urn:hostdev-cpuset:1" default="auto"/>
  </metadata>`;

const slot = (index) => `0x${(16 + (index >> 3)).toString(16)}`;

const port = (index) => `    <controller type='pci' index='${index + 1}' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='${index + 1}' port='0x${(16 + index).toString(16)}'/>
      <alias name='pci.${index + 1}'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='${slot(index)}' function='0x${index & 7}'/>
    </controller>`;

function hostdev(address, index) {
  const [domain, bus, slot, fn] = address.split(/[:.]/);
  return `    <hostdev mode='subsystem' type='pci' managed='no'>
      <driver name='vfio'/>
      <source>
        <address domain='0x${domain}' bus='0x${bus}' slot='0x${slot}' function='0x${fn}'/>
      </source>
      <alias name='ua-hostdevice-gpu${index}'/>
      <address type='pci' domain='0x0000' bus='0x0${index + 1}' slot='0x00' function='0x0'/>
    </hostdev>`;
}
