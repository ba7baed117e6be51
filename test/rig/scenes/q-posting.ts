import { rmSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { VFIO_NICS } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { interruptsOf, type KernelInterrupt, text } from '../inside/kernel-files.js';
import { NetworkCard } from '../inside/network-card.js';
import { listensForPosting, loadKvm, writePostingEvent } from '../inside/posting-event.js';
import { sceneOnEveryKernel } from '../inside/scene.js';
import { eventually, throughout } from '../inside/wait.js';

const CONFIGURATION = '/etc/hostdev-cpuset/config.json';
const CARD = VFIO_NICS[0] as string;
/** All CPUs: no vector has to move, so the kernel has no event of this write. */
const WIDER = '0-3';

/** The watcher's own file: `status` says rightly that this host cannot post. */
const STATE = '/run/hostdev-cpuset/posting.json';

interface State {
  interrupts: { irq: number; isPosted: boolean; apicId?: number }[];
}

sceneOnEveryKernel(
  'a posted vector is not written until it is not posted any more, or the host takes it',
  async (rig) => {
    const guest = await rig.running({
      vcpus: ['2', '3'],
      devices: [{ address: CARD, slot: 5, managed: false, cpuset: 'auto' }],
    });
    const card = new NetworkCard(guest.qtest, 5);
    await guest.driver(5).load(NetworkCard.vectors);
    await card.prepare();
    await isPlaced(CARD, 5, '2-3');
    const [first, second, third] = interruptsOf(CARD) as [KernelInterrupt, KernelInterrupt, KernelInterrupt];
    const maskOf = ({ irq }: KernelInterrupt) => text(`/proc/irq/${irq}/smp_affinity_list`);
    const postingOf = ({ irq }: KernelInterrupt) => {
      const { interrupts = [] } = JSON.parse(text(STATE) || '{}') as Partial<State>;
      const known = interrupts.find((one) => one.irq === irq);
      return known && { isPosted: known.isPosted, apicId: known.apicId };
    };
    // Else the watcher looks at masks every 10 s.
    writeFileSync(CONFIGURATION, '{ "intervals": { "traced": 1000 } }\n');
    await rig.watcher.reload();
    try {
      assert.not(listensForPosting(), 'KVM is not loaded');
      await loadKvm();
      await eventually(() => assert.ok(listensForPosting(), 'the watcher listens when KVM is loaded'));

      for (const { irq } of [first, second]) writePostingEvent({ set: 1, host_irq: irq, vcpu_id: 1 });
      await eventually(() => assert.equal(postingOf(first), { isPosted: true, apicId: 1 }));
      assert.is(postingOf(third), undefined, 'unknown');

      for (const { irq } of [first, second, third]) writeFileSync(`/proc/irq/${irq}/smp_affinity_list`, WIDER);
      rig.trace.take();
      await eventually(() => assert.is(maskOf(third), '2-3', 'what is not posted is repaired'));
      await throughout(2.5, () => assert.equal([first, second].map(maskOf), [WIDER, WIDER]));

      writePostingEvent({ set: 0, host_irq: first.irq, vcpu_id: 1 });
      await eventually(() => assert.is(maskOf(first), '2-3', 'it is placed when its posting ends'));
      await eventually(() => assert.is(postingOf(first)?.isPosted, false));
      assert.is(maskOf(second), WIDER);
      const written = rig.trace.take().filter(({ kind, irq }) => kind === 'affinity' && irq === second.irq);
      assert.equal(written, [], 'no program wrote the one that is still posted');

      // No event ends this posting, but the host takes the interrupt.
      await card.raise();
      await isPlaced(CARD, 5, '2-3');
      await eventually(() => assert.is(postingOf(second)?.isPosted, false));
    } finally {
      rmSync(CONFIGURATION);
      await rig.watcher.reload();
    }
  },
);
