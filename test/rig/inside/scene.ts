import type { Rig } from './rig.js';

export interface Scene {
  title: string;
  /** runs on newer kernels, too; there is no time for all */
  everyKernel: boolean;
  play(rig: Rig): Promise<void>;
}

export const scenes: Scene[] = [];

/** A scene: events on the emulated host, and assertions about the kernel's state. Anything thrown fails it. */
export function scene(title: string, play: Scene['play']): void {
  scenes.push({ title, play, everyKernel: false });
}

export function sceneOnEveryKernel(title: string, play: Scene['play']): void {
  scenes.push({ title, play, everyKernel: true });
}

/** Thrown by a scene that does not apply to this kernel or package. */
export class Skipped extends Error {}
