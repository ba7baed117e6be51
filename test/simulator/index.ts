/** A host in memory or in a folder: for trying things out, and for tests. */
export { SimulatedKernel } from './kernel.js';
export { parseHostDescription } from './parse-description.js';
export { writeTree } from './write-tree.js';
