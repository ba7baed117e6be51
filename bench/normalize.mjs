// Throughput of normalize from bytes to bytes, in one warm process.
import { guest } from './guests.mjs';
import { inTurn, report } from './measure.mjs';

export default async function normalizeWarm() {
  const normalizeBytes = await library();
  const documents = Array.from({ length: 1000 }, (_, number) => Buffer.from(guest(number)));
  const all = () => documents.forEach(normalizeBytes);
  const [time] = inTurn(9, [all], { warmUps: 3 });
  const size = documents.reduce((sum, { length }) => sum + length, 0) / documents.length;
  const sides = `documents of ${Math.round(size)} bytes, documents/s`;
  report('normalize', sides, (documents.length / time) * 1000, { least: 3000 });
}

/** Loads the library. Returns normalize as a function from bytes to bytes. */
export async function library() {
  const { normalize, parseDomain } = await import('../dist/library/index.js');
  return (bytes) => Buffer.from(normalize(parseDomain(bytes)));
}
