import type { Rig } from './rig.js';

export interface Scene {
  title: string;
  /** played on newer kernels, too: there is no time for all */
  everyKernel: boolean;
  play(rig: Rig): Promise<void>;
}

export const scenes: Scene[] = [];

/** A scene: what happens on the emulated host, and what its kernel must show then. Anything thrown fails it. */
export function scene(title: string, play: Scene['play']): void {
  scenes.push({ title, play, everyKernel: false });
}

export function sceneOnEveryKernel(title: string, play: Scene['play']): void {
  scenes.push({ title, play, everyKernel: true });
}

/** Thrown by a scene that this kernel, or this package, gives no occasion for. */
export class Skipped extends Error {}
