import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { irqbalanceHints } from '../../src/install/irqbalance-unit.js';
import { TemporaryFolder } from '../support/temporary-folder.js';

const test = suite('hints about irqbalance');
let folder: TemporaryFolder;
test.before.each(() => {
  folder = new TemporaryFolder();
});
test.after.each(() => folder.remove());

const unit = (command: string) =>
  folder.write('usr/lib/systemd/system/irqbalance.service', `[Service]\nExecStart=${command}\n`);
const DEBIAN = '/usr/sbin/irqbalance --foreground $IRQBALANCE_ARGS';
const REMEDY =
  'which has precedence: add --policyscript=/etc/hostdev-cpuset/irqbalance.d to it, then systemctl try-restart irqbalance';
const RESTART = ['irqbalance uses the policy script after its next start: systemctl try-restart irqbalance'];

test('without irqbalance there is no hint', () => {
  assert.equal(irqbalanceHints(folder.path), []);
});

test('the drop-in is sufficient, unless the variable is set elsewhere', () => {
  unit(DEBIAN);
  assert.equal(irqbalanceHints(folder.path), RESTART);
  for (const line of [
    '#IRQBALANCE_ARGS=x',
    'OTHER=1',
    'IRQBALANCE_ARGS="--policyscript=/etc/hostdev-cpuset/irqbalance.d"',
    'IRQBALANCE_ARGS=\nIRQBALANCE_ARGS=--policyscript=/etc/hostdev-cpuset/irqbalance.d -j',
  ]) {
    folder.write('etc/default/irqbalance', `${line}\n`);
    assert.equal(irqbalanceHints(folder.path), RESTART, line);
  }
  for (const line of ['IRQBALANCE_ARGS=--deepestcache=2', 'IRQBALANCE_ARGS="-m vfio"']) {
    folder.write('etc/default/irqbalance', `# comment\n${line}\n`);
    const [hint] = irqbalanceHints(folder.path);
    assert.is(hint, `/etc/default/irqbalance sets IRQBALANCE_ARGS, ${REMEDY}`);
  }
});

test('an empty value overrides the drop-in, too', () => {
  unit(DEBIAN);
  for (const line of ['IRQBALANCE_ARGS=', 'IRQBALANCE_ARGS=""', "  IRQBALANCE_ARGS=''  "]) {
    folder.write('etc/default/irqbalance', `IRQBALANCE_ARGS=x\n${line}\n`);
    assert.equal(irqbalanceHints(folder.path), [`/etc/default/irqbalance sets IRQBALANCE_ARGS to nothing, ${REMEDY}`]);
  }
});

test('a unit without the variable, or with its own script, is reported', () => {
  unit('/usr/sbin/irqbalance --foreground $OPTIONS');
  assert.match(irqbalanceHints(folder.path)[0] as string, /does not use IRQBALANCE_ARGS/);
  unit(`${DEBIAN} --policyscript=/etc/x`);
  assert.match(irqbalanceHints(folder.path)[0] as string, /another policy script/);
});

test.run();
