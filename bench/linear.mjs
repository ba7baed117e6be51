// Time per byte for a document of 10 MB, in relation to one of 100 KB.
import { guest } from './guests.mjs';
import { inTurn, report } from './measure.mjs';
import { library } from './normalize.mjs';

export default async function linear() {
  const normalizeBytes = await library();
  const [small, large] = [100e3, 10e6].map(guestOfSize);
  const [timeOfSmall, timeOfLarge] = inTurn(7, [
    () => {
      for (let i = 0; i < 20; i++) normalizeBytes(small);
    },
    () => void normalizeBytes(large),
  ]);
  const [a, b] = [(timeOfSmall / 20 / small.length) * 1e6, (timeOfLarge / large.length) * 1e6];
  const sides = `${kilobytes(small)} ${a.toFixed(0)} ns/byte, ${kilobytes(large)} ${b.toFixed(0)} ns/byte`;
  report('linear', sides, b / a, { most: 1.3 });
}

function guestOfSize(bytes) {
  const [none, some] = [guest(1, { devices: 0 }).length, guest(1, { devices: 100 }).length];
  return Buffer.from(guest(1, { devices: Math.round(((bytes - none) / (some - none)) * 100) }));
}

function kilobytes({ length }) {
  return `${Math.round(length / 1000)} KB`;
}
