import * as assert from 'uvu/assert';
import { Comparison } from '../inside/comparison.js';
import { comparisonTable } from '../inside/comparison-table.js';
import { BANMOD, LOOP, NOTHING, SLEEPING_HOOK, US, WAIT_AND_NARROW } from '../inside/contenders.js';
import type { Delivered } from '../inside/delivery-counts.js';
import { scene } from '../inside/scene.js';

/** How many seconds of the history pass in one: at full length it takes some 13 minutes. */
const SPEED = 10;
const REBOOTS = 1;
const FULL_REBOOTS = 10;

scene("compared with others: interrupts off the vCPUs' CPUs, and off the device's node", async (rig) => {
  const [speed, reboots] = rig.isFullLength ? [1, FULL_REBOOTS] : [SPEED, REBOOTS];
  const contenders = [NOTHING, BANMOD, SLEEPING_HOOK, WAIT_AND_NARROW, LOOP, US];
  const comparison = await Comparison.start(rig, contenders, speed);
  for (let reboot = 0; reboot < reboots; reboot++) await comparison.reboot();
  await comparison.reset();
  await comparison.hotplug();
  await comparison.repin();
  await comparison.balance();
  const results = await comparison.end();
  const length = speed === 1 ? 'at full length' : `${speed} times as fast`;
  rig.note(`reboots: ${reboots}, ${length}\n${comparisonTable(results)}`);
  const ours = results.at(-1)?.delivered as Delivered;
  for (const { name, delivered } of results.slice(0, -1)) {
    assert.ok(delivered.either > 4 * ours.either, `${name}: four times as many on other CPUs than auto's`);
    assert.ok(delivered.offNode >= ours.offNode, `${name}: not fewer off the node`);
  }
  assert.ok(ours.either < 0.1 * ours.all, "at most a tenth on other CPUs than auto's");
});
