/** A simulated host, in memory or in a folder: for tests, demonstrations and benchmarks. */
export { SimulatedKernel } from './kernel.js';
export { parseHostDescription } from './parse-description.js';
export { writeTree } from './write-tree.js';
