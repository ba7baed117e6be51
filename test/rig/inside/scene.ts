import type { Rig } from './rig.js';

export interface Scene {
  title: string;
  play(rig: Rig): Promise<void>;
}

export const scenes: Scene[] = [];

/**
 * A scene: events on the emulated host, and assertions about the kernel's state. Anything thrown fails it. It runs on
 * a PC with the release's own kernel. The other functions declare scenes that run elsewhere, too: machine/bundle.ts.
 */
export function scene(title: string, play: Scene['play']): void {
  scenes.push({ title, play });
}

/** Also with newer kernels; there is no time for all scenes. */
export const sceneOnEveryKernel = scene;

/** Also on other architectures: it asserts nothing that only a PC has. */
export const sceneOnEveryArchitecture = scene;

/** Both. */
export const sceneEverywhere = scene;

/** Thrown by a scene that does not apply to this kernel or package. */
export class Skipped extends Error {}
