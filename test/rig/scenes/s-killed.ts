import * as assert from 'uvu/assert';
import { NIC } from '../inside/devices.js';
import { isPlaced } from '../inside/expect.js';
import { text } from '../inside/kernel-files.js';
import { sceneOnEveryArchitecture } from '../inside/scene.js';
import { eventually } from '../inside/wait.js';
import { watcherPids } from '../inside/watcher.js';

const TRACING = '/sys/kernel/tracing';
const INSTANCE = `${TRACING}/instances/hostdev-cpuset`;
/** off x86 */
const TRACER = process.arch === 'x64' ? 'nop' : 'function';

const tracedFunctions = () =>
  text(`${TRACING}/enabled_functions`).match(/^(?:request_threaded_irq|irq_set_affinity)\b/gm);

sceneOnEveryArchitecture(
  'after SIGKILL the next watcher takes over the trace instance, and its end leaves nothing of it',
  async (rig) => {
    const guest = await rig.running({ devices: [{ address: NIC, slot: 5, cpuset: '3' }] });
    const nic = guest.driver(5);
    await nic.load(3);
    await isPlaced(NIC, 3, '3');
    const [killed] = watcherPids();
    assert.is(text(`${INSTANCE}/current_tracer`), TRACER);

    await rig.watcher.kill();
    await eventually(() => assert.ok(!watcherPids().includes(killed as number)));
    assert.is(text(`${INSTANCE}/current_tracer`), TRACER, 'the instance is left');
    await nic.unload();
    await nic.load(4);
    await isPlaced(NIC, 4, '3');
    await eventually(() => assert.is(watcherPids().length, 1));
    assert.is(text(`${INSTANCE}/tracing_on`), '1');

    await rig.watcher.stop();
    assert.is(text(`${INSTANCE}/tracing_on`), '', 'the instance is removed');
    // on x86 the rig's own probe counts as one
    if (process.arch !== 'x64') assert.is(tracedFunctions(), null);
  },
);
