import { parseAddress } from '../../src/domain/address.js';
import { parseCpuList } from '../../src/domain/cpu-mask.js';
import { EMPTY, formatCpuset, intersect, isSubset, union } from '../../src/domain/cpuset.js';
import { canonicalUuid } from '../../src/domain/uuid.js';
import { InputError } from '../../src/lib/input-error.js';
import type { JsonNode } from '../../src/lib/json-reader.js';
import * as json from '../../src/lib/json-reader.js';
import type {
  DeviceDescription,
  DomainDescription,
  HostDescription,
  InterruptDescription,
  ProcessDescription,
  QemuDescription,
} from './description.js';
import { DescriptionChecks, readList } from './description-checks.js';

const MAX_IRQ = 2 ** 20;
/** A valid file name, because procfs has a folder of that name; no comma, which separates handlers. */
const HANDLER = /^(?!\.\.?$)[^/,\p{Cc}]{1,255}$/u;
const NAME = /^[^/\p{Cc}]{1,250}$/u;

/**
 * Parses the description of a host: schemas/host.schema.json, and checks that a schema cannot express.
 * @throws InputError, with its offset: a wrong key or type, an unknown CPU or node, a duplicate number
 */
export function parseHostDescription(text: string): HostDescription {
  return new DescriptionReader().host(json.parseJson(text));
}

function readAddress(node: JsonNode, name: string): string {
  const address = parseAddress(json.readText(node, name));
  if (!address) throw new InputError(`${name} must be a PCI address, such as "0000:06:12.5"`, node.offset);
  return address;
}

class DescriptionReader {
  readonly #checks = new DescriptionChecks();

  /** CPUs and nodes are read first, because the rest refers to them. */
  host(node: JsonNode): HostDescription {
    const list = (kind: 'device' | 'interrupt' | 'domain' | 'process') => (array: JsonNode, name: string) =>
      json.readArray(array, name, (child, one) => this[kind](child, one) as never);
    return json.readObject<HostDescription>(
      node,
      'the host',
      {
        $schema: json.readText,
        cpus: (child, name) => this.cpus(child, name),
        nodes: (child, name) => this.nodes(child, name),
        defaultAffinity: this.#checks.someCpus,
        kernel: (child, name) => json.readText(child, name, /^\d{1,3}\.\d{1,4}(\.\d+)?$/, 'a version, such as "6.12"'),
        vectorsPerCpu: (child, name) => json.readInteger(child, name, 1, 1024),
        effectiveAffinity: json.readBoolean,
        devices: list('device'),
        interrupts: list('interrupt'),
        domains: list('domain'),
        processes: list('process'),
        files: (child, name) =>
          json.readRecord(child, name, (path, value) => {
            if (/^(\/[\w.:-]*\w)+$/.test(path.value)) return json.readText(value, 'the text of a file', /^\P{Cc}*$/u);
            throw new InputError(`the keys of ${name} must be absolute paths`, path.offset);
          }),
      },
      ['cpus', 'devices'],
    );
  }

  cpus(node: JsonNode, name: string): HostDescription['cpus'] {
    const any = (child: JsonNode, key: string) => {
      const set = readList(child, key);
      if (set.length === 0) throw new InputError(`${key} is empty`, child.offset);
      return formatCpuset(set);
    };
    const threadsPerCore = (child: JsonNode, key: string) => json.readInteger(child, key, 1, 8);
    const members = { present: any, online: any, possible: any, threadsPerCore };
    const cpus = json.readObject<HostDescription['cpus']>(node, name, members, ['present']);
    const present = parseCpuList(cpus.present) ?? EMPTY;
    this.#checks.possible = parseCpuList(cpus.possible ?? cpus.present) ?? EMPTY;
    const online = parseCpuList(cpus.online ?? cpus.present) ?? EMPTY;
    if (!isSubset(present, this.#checks.possible)) throw new InputError('present is not within possible', node.offset);
    if (!isSubset(online, present)) throw new InputError('online is not within present', node.offset);
    return cpus;
  }

  nodes(node: JsonNode, name: string): NonNullable<HostDescription['nodes']> {
    let seen = EMPTY;
    return json.readArray(node, name, (child, one) => {
      const result = json.readObject<{ node: number; cpus: string }>(
        child,
        one,
        { node: (number, key) => json.readInteger(number, key, 0, 1023), cpus: this.#checks.anyCpus },
        ['node', 'cpus'],
      );
      this.#checks.claim(`node ${result.node}`, child);
      this.#checks.nodes.add(result.node);
      const cpus = parseCpuList(result.cpus) ?? EMPTY;
      const twice = intersect(seen, cpus);
      if (twice.length > 0)
        throw new InputError(`CPU ${formatCpuset(twice)} already belongs to another node`, child.offset);
      seen = union(seen, cpus);
      return result;
    });
  }

  device(node: JsonNode, name: string): DeviceDescription {
    return json.readObject<DeviceDescription>(
      node,
      name,
      {
        address: (child, key) => this.#checks.claim(readAddress(child, key), child),
        driver: (child, key) => json.readText(child, key, HANDLER, 'the name of a driver'),
        numaNode: (child, key) => {
          const number = json.readInteger(child, key, -1, 1023);
          if (number === -1 || this.#checks.nodes.has(number)) return number;
          throw new InputError(`the host has no node ${number}`, child.offset);
        },
        vfio: json.readBoolean,
        iommuGroup: (child, key) => json.readInteger(child, key, 0, 65535),
        interrupts: (child, key) => this.deviceInterrupts(child, key),
      },
      ['address'],
    );
  }

  deviceInterrupts(node: JsonNode, name: string): NonNullable<DeviceDescription['interrupts']> {
    type Described = NonNullable<DeviceDescription['interrupts']>[number];
    const types: string[] = [];
    return json.readArray(node, name, (child, one) => {
      const type = (value: JsonNode, key: string) =>
        json.readText(value, key, /^(msix|msi|intx)$/, '"msix", "msi" or "intx"') as Described['type'];
      const described = json.readObject<Described>(child, one, { type, ...this.#interrupt }, ['irq', 'type']);
      this.#checks.claimIrq(described.irq, described.type, child);
      if (described.type === 'intx' && types.includes('intx')) {
        throw new InputError('a device has only one legacy line', child.offset);
      }
      if (types.some((other) => other !== 'intx' && described.type !== 'intx' && other !== described.type)) {
        throw new InputError('a device has either MSI or MSI-X enabled, not both', child.offset);
      }
      types.push(described.type);
      return described;
    });
  }

  interrupt(node: JsonNode, name: string): InterruptDescription & { irq: number } {
    const described = json.readObject<InterruptDescription & { irq: number }>(node, name, this.#interrupt, ['irq']);
    this.#checks.claimIrq(described.irq, 'intx', node);
    return described;
  }

  domain(node: JsonNode, name: string): DomainDescription {
    const vcpu = (child: JsonNode, one: string) =>
      json.readObject<DomainDescription['vcpus'][number]>(
        child,
        one,
        { vcpu: (value, key) => json.readInteger(value, key, 0, 9999), cpus: this.#checks.someCpus },
        ['vcpu', 'cpus'],
      );
    return json.readObject<DomainDescription>(
      node,
      name,
      {
        name: (child, key) => this.#checks.claim(json.readText(child, key, NAME, "a domain's name"), child, 'domain '),
        uuid: (child, key) => {
          const uuid = json.readText(child, key);
          if (canonicalUuid(uuid) === uuid) return this.#checks.claim(uuid, child);
          throw new InputError(`${key} must be a UUID in libvirt's form`, child.offset);
        },
        pid: this.#checks.pid,
        vcpus: (child, key) => json.readArray(child, key, vcpu),
        threadNames: (child, key) => json.readOneOf(child, key, ['vcpu', 'none', 'single']),
        open: (child, key) => json.readArray(child, key, readAddress),
        process: (child, key) => this.qemu(child, key),
      },
      ['name', 'uuid', 'pid', 'vcpus'],
    );
  }

  qemu(node: JsonNode, name: string): QemuDescription {
    const text = (child: JsonNode, key: string) => json.readText(child, key, /^[^\p{Cc}]{1,1000}$/u, 'a line of text');
    const lines = (child: JsonNode, key: string) => json.readArray(child, key, text).join('\n');
    return json.readObject<QemuDescription>(node, name, {
      startTime: (child, key) => json.readInteger(child, key, 1, Number.MAX_SAFE_INTEGER),
      uid: (child, key) => json.readInteger(child, key, 0, 4294967294),
      cgroup: text,
      innerPid: (child, key) => json.readInteger(child, key, 1, 2 ** 22),
      isOnHost: json.readBoolean,
      isOfLibvirt: json.readBoolean,
      files: (child, key) => json.readRecord(child, key, (path, value) => lines(value, `${path.value}`)),
      disguised: (child, key) => json.readArray(child, key, text),
      onlyNamed: (child, key) => json.readArray(child, key, readAddress),
    });
  }

  process(node: JsonNode, name: string): ProcessDescription {
    const command = (child: JsonNode, key: string) =>
      json.readText(child, key, /^[^\p{Cc}]{1,15}$/u, 'a name of 15 characters at most');
    const words = (child: JsonNode, key: string) =>
      json.readArray(child, key, (word, one) =>
        json.readText(word, one, /^[^\p{Cc}]{0,1000}$/u, 'a word of 1000 characters at most'),
      );
    return json.readObject<ProcessDescription>(node, name, { pid: this.#checks.pid, command, arguments: words }, [
      'pid',
      'command',
    ]);
  }

  readonly #interrupt = {
    irq: (node: JsonNode, name: string) => json.readInteger(node, name, 1, MAX_IRQ),
    handlers: (node: JsonNode, name: string) =>
      json.readArray(node, name, (child, one) => json.readText(child, one, HANDLER, "a handler's name")),
    affinity: this.#checks.someCpus,
    effective: (node: JsonNode, name: string) => {
      const cpu = this.#checks.someCpus(node, name);
      if (/^\d+$/.test(cpu)) return cpu;
      throw new InputError(`${name} must be one CPU`, node.offset);
    },
    managed: json.readBoolean,
    deferred: json.readBoolean,
    counts: (node: JsonNode, name: string) =>
      json.readRecord(node, name, (key, value) => {
        if (!/^(0|[1-9]\d{0,4})$/.test(key.value))
          throw new InputError(`the keys of ${name} must be CPU numbers`, key.offset);
        this.#checks.anyCpus(key, name);
        return json.readInteger(value, `a count`, 0, 2 ** 32 - 1);
      }),
  };
}
