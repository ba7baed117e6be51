// What it costs to track guests. Its clock also goes on to the time when the tracker is due.
import { GuestTracker } from '../dist/modules/src/discovery/guest-tracker.js';
import { cpuMs, cpuOf } from './measure.mjs';

const SCOPES = [{ users: ['*'] }];
const MINUTE = 60_000;
/** Between the parts of a search there is less. */
const PAUSE = 100;
/** While a guest is younger, each search reads its files. */
const YOUNG = 2 * MINUTE;
/** All processes are looked at once in this time. */
const PERIOD = 10 * MINUTE;

/**
 * CPU times in ms: the first search with all that it reads, the longest part of it, and a minute in which nothing
 * happens. `guests` have been found with their files.
 */
export function trackedMinutes(files, isTraced) {
  let guests = 0;
  let waited = 0;
  const now = () => waited + performance.now();
  const fail = (text) => {
    throw new Error(text);
  };
  const add = ({ hasMetadata, found }) => {
    if (hasMetadata && found.problems.length === 0) guests++;
  };
  const sink = { add, remove: fail, problem: fail, withState: () => [] };
  const tracker = new GuestTracker(files, sink, { scopes: SCOPES, withoutLibvirts: true, now, cpuMs });
  tracker.setTraced(isTraced);
  const parts = [];
  const lookAtDue = () => {
    waited += Math.max(0, tracker.due - now());
    parts.push(cpuOf(() => tracker.look()));
  };
  const lookUntil = (end) => {
    while (tracker.due <= end) lookAtDue();
    waited += Math.max(0, end - now());
  };
  const sum = () => parts.reduce((total, part) => total + part, 0);
  const began = now();
  do lookAtDue();
  while (tracker.due <= now() + PAUSE);
  const [first, longest] = [sum(), Math.max(...parts)];
  lookUntil(began + YOUNG);
  const before = sum();
  lookUntil(began + YOUNG + PERIOD);
  return { first, longest, minute: (sum() - before) / (PERIOD / MINUTE), guests };
}
