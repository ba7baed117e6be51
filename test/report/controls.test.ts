import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DomainPlan, InterruptPlan } from '../../src/affinity/domain-plan.js';
import type { PciAddress } from '../../src/domain/address.js';
import { cpusetOf } from '../../src/domain/cpuset.js';
import { detailLines, passLine } from '../../src/hook/log-line.js';
import { printableJson } from '../../src/lib/printable.js';
import { statusPage } from '../../src/report/html/page.js';
import { reportOf } from '../../src/report/report.js';
import { CONTROL, terminalText } from '../support/terminal-text.js';

const test = suite('control characters in reports and the journal');
const SET = cpusetOf([1]);

function planOf(text: string): DomainPlan {
  const interrupt: InterruptPlan = {
    ...{ irq: 41, type: 'msix', vector: 0, handlers: [text], affinity: SET, effective: SET, wanted: SET },
    ...{ target: SET, vcpu: null, posting: { state: 'unknown', vcpu: null } },
    ...{ action: 'fail', reason: { code: 'not-vfio', driver: text }, error: text, counts: {} },
  };
  const problem = { rule: 'cpuset-syntax', attribute: 'cpuset', message: text } as const;
  return {
    ...{ name: text, uuid: null, vcpus: { source: 'threads', cpus: SET }, problems: [problem] },
    devices: [
      {
        ...{ address: '0000:82:00.0' as PciAddress, alias: text, element: 'hostdev', policy: 'auto', origin: 'entry' },
        ...{
          cpus: SET,
          spread: null,
          numaNode: 0,
          locality: undefined,
          preferred: [],
          isUnreadable: false,
          interrupts: [interrupt],
          problems: [problem],
        },
      },
    ],
  };
}

test('JSON keeps them in names but not in messages; the page and the journal contain none', () => {
  fc.assert(
    fc.property(terminalText(), (text) => {
      const plan = planOf(text);
      const json = printableJson(reportOf([plan], { nodes: [], posting: { possible: null, evidence: text } }));
      const [domain] = JSON.parse(json).domains;
      const [device] = domain.devices;
      assert.equal([domain.name, device.alias, device.interrupts[0].handlers], [text, text, [text]]);
      for (const shown of [domain.problems[0].message, device.interrupts[0].reason]) assert.not.match(shown, CONTROL);

      const topology = { online: SET, present: SET, nodes: [{ node: 0, cpus: SET }] };
      const page = statusPage({
        ...{ plans: [plan], topology: topology as never, vcpus: [[]], host: text, takenAt: text, watcher: text },
      });
      const journal = [passLine(text, 'started', plan), ...detailLines(text, 'started', plan)].map((line) => line.text);
      for (const output of [json, page]) assert.not.match(output.replaceAll('\n', ''), CONTROL);
      for (const line of journal) assert.not.match(line, CONTROL);
    }),
  );
});

test.run();
