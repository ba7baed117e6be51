import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatCpuset } from '../../src/domain/cpuset.js';
import { readDefinition } from '../../src/domain/definition.js';
import { readSnapshot } from '../../src/host/snapshot.js';
import { parseXml } from '../../src/xml/parse.js';
import { SimulatedKernel } from '../simulator/kernel.js';
import { SimulatedFs } from '../simulator/kernel-fs.js';
import { parseHostDescription } from '../simulator/parse-description.js';
import { projectRoot } from '../support/cli.js';

const samples = suite('sample hosts');

const text = (path: string) => readFileSync(join(projectRoot, path), 'utf8');
const isValid = new Ajv2020({ allErrors: true }).compile(JSON.parse(text('schemas/host.schema.json')));

/** A domain, the host that it runs on, the CPUs of its vCPUs there, and the number of its interrupts. */
const pairs = [
  { domain: 'samples/gpu.xml', host: 'workstation.json', vcpus: '4-7,12-15', interrupts: 5 },
  { domain: 'samples/sriov-two-nodes.xml', host: 'two-nodes.json', vcpus: '2-5,18-21', interrupts: 13 },
  { domain: 'samples/spread-two-nodes.xml', host: 'spread-two-nodes.json', vcpus: '2-3,10-11', interrupts: 8 },
  { domain: 'samples/live/interface-pool-running.xml', host: 'pool.json', vcpus: '8-11', interrupts: 6 },
];

samples('every sample host has a domain', () => {
  assert.equal(readdirSync(join(projectRoot, 'samples/hosts')).sort(), pairs.map(({ host }) => host).sort());
});

for (const { domain, host, vcpus, interrupts } of pairs) {
  samples(`${host} is valid against the schema`, () => {
    isValid(JSON.parse(text(`samples/hosts/${host}`)));
    assert.equal(isValid.errors ?? [], []);
  });

  samples(`${domain} runs on ${host} with all its devices`, () => {
    const { name, uuid, devices, placement } = readDefinition(parseXml(text(domain)));
    const addresses = devices.flatMap(({ source }) => source?.address ?? []);
    const files = new SimulatedFs(new SimulatedKernel(parseHostDescription(text(`samples/hosts/${host}`))));
    const snapshot = readSnapshot(files, { name, uuid, addresses, counts: true });
    assert.ok(addresses.length > 0);
    assert.equal([...snapshot.devices.keys()], addresses);
    assert.is(formatCpuset(snapshot.threads?.cpus ?? []), vcpus);
    assert.is(formatCpuset(placement.cpus ?? []), vcpus);
    const all = [...snapshot.devices.values()].flatMap((device) => device.interrupts);
    assert.is(all.length, interrupts);
    assert.ok(all.some(({ irq }) => Object.keys(snapshot.counts.get(irq) ?? {}).length > 0));
  });
}

samples.run();
