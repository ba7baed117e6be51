// Time per byte for a document of 10 MB, in relation to one of 100 KB. JSON.parse, which makes a tree of the same
// elements, shows how much of it the memory of a large tree costs in V8 itself.
import { guest } from './guests.mjs';
import { inTurn, report } from './measure.mjs';
import { library } from './normalize.mjs';

export default async function linear() {
  const normalizeBytes = await library();
  const [small, large] = [100e3, 10e6].map(guestOfSize);
  const [a, b] = perByte(normalizeBytes, small, large);
  // made and measured afterwards: its garbage would slow down the small document
  const { parseDomain } = await import('../dist/library/index.js');
  const [c, d] = perByte(JSON.parse, ...[small, large].map((bytes) => asJson(parseDomain(bytes).document.root)));
  const sides = `${kilobytes(small)} ${a.toFixed(0)} ns/byte, ${kilobytes(large)} ${b.toFixed(0)} ns/byte`;
  report('linear', `${sides}; JSON.parse ${(d / c).toFixed(2)}`, b / a, { most: 1.3 });
}

/** Nanoseconds a byte of two documents. */
function perByte(work, small, large) {
  const [timeOfSmall, timeOfLarge] = inTurn(7, [
    () => {
      for (let i = 0; i < 20; i++) work(small);
    },
    () => void work(large),
  ]);
  return [(timeOfSmall / 20 / small.length) * 1e6, (timeOfLarge / large.length) * 1e6];
}

/** An element with everything in it. */
function asJson(element) {
  const members = ['tagName', 'start', 'end', 'attributes', 'content', 'name', 'value'];
  return JSON.stringify(element, members);
}

function guestOfSize(bytes) {
  const [none, some] = [guest(1, { devices: 0 }).length, guest(1, { devices: 100 }).length];
  return Buffer.from(guest(1, { devices: Math.round(((bytes - none) / (some - none)) * 100) }));
}

function kilobytes({ length }) {
  return `${Math.round(length / 1000)} KB`;
}
