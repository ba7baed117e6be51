import { readFileSync } from 'node:fs';
import { text } from './kernel-files.js';
import { report } from './report.js';
import { Rig } from './rig.js';
import { type Scene, Skipped, scenes } from './scene.js';

/** Seconds after which a scene is stopped. */
const LIMIT = 400;
const FULL_LENGTH_LIMIT = 3000;

/** The request that machine/test-rig.ts writes. */
export interface Settings {
  /** the scenes to play */
  titles: string[];
  /** no scene is shortened */
  fullLength: boolean;
}

/** Runs the scenes, one after the other, on the host that they share. */
async function play(): Promise<void> {
  const { titles, fullLength } = JSON.parse(readFileSync('/rig/settings.json', 'utf8')) as Settings;
  report({ type: 'note', text: `Linux ${text('/proc/sys/kernel/osrelease')} is up after ${uptime()} s` });
  const rig = new Rig(fullLength);
  try {
    await rig.setUp();
  } catch (error) {
    throw new Error(`${(error as Error).stack}\n${await rig.logs()}`);
  }
  report({ type: 'note', text: `libvirtd and hostdev-cpuset are up after ${uptime()} s` });
  for (const scene of scenes.filter(({ title }) => titles.includes(title))) await playOne(scene, rig);
  rig.libvirt.keepCapabilities();
}

async function playOne({ title, play }: Scene, rig: Rig): Promise<void> {
  const begin = performance.now();
  const limit = rig.isFullLength ? FULL_LENGTH_LIMIT : LIMIT;
  let type: 'passed' | 'failed' | 'skipped' = 'passed';
  let text = '';
  const judge = async (action: () => Promise<void>) => {
    try {
      await Promise.race([
        action(),
        new Promise((_, reject) => setTimeout(reject, limit * 1000, new Error('too long')).unref()),
      ]);
    } catch (error) {
      const skipped = error instanceof Skipped;
      if (type !== 'failed') type = skipped ? 'skipped' : 'failed';
      text += skipped ? error.message : `${describe(error as Error & { details?: string })}\n${await rig.logs()}\n`;
    }
  };
  await judge(() => rig.ready());
  if (type === 'passed') await judge(() => play(rig));
  await judge(() => rig.cleanUp());
  report({ type, title, seconds: (performance.now() - begin) / 1000, text });
}

/** uvu's assertion errors have the expected and the actual value. */
const describe = ({ stack, details }: Error & { details?: string }) => `${stack}\n${details ?? ''}`;

const uptime = () => text('/proc/uptime').split(' ')[0];

play()
  .catch((error: Error) => report({ type: 'note', text: error.stack ?? error.message }))
  .finally(() => {
    report({ type: 'end' });
    process.exit();
  });
