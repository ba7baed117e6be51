import { type Scanned, scanElements } from './xml-scan.js';

const POLICY = new Set(['cpuset', 'vcpus', 'spread', 'controlVectors']);

/**
 * A domain's text without everything that normalize and expand may change: the policy attributes of devices, our
 * element in `<metadata>`, and a `<metadata>` without other content, each with the white space before it.
 */
export function stripPolicies(text: string): string {
  const elements = scanElements(text);
  const childrenOf = (path: string[]): Scanned[] =>
    path.reduce<Scanned[]>(
      (parents, name) =>
        parents.flatMap((parent) =>
          elements.filter((element) => element.name === name && parentOf(element) === parent),
        ),
      elements.slice(0, 1),
    );
  const parentOf = ({ start, end }: Scanned) =>
    elements.filter((other) => other.start < start && end < other.end).at(-1);

  const cuts: [start: number, end: number][] = [];
  for (const device of [...childrenOf(['devices', 'hostdev']), ...childrenOf(['devices', 'interface'])]) {
    for (const { name, start, end } of device.attributes) if (POLICY.has(name)) cuts.push([start, end]);
  }
  const ours = [...childrenOf(['metadata', 'hostdevs']), ...childrenOf(['metadata', 'h:hostdevs'])];
  for (const { openEnd, closeStart, start, end } of childrenOf(['metadata'])) {
    const inside = ours.filter((element) => element.start >= openEnd && element.end <= closeStart);
    const rest = inside.reduceRight(
      (left, one) => left.replace(text.slice(one.start, one.end), ''),
      text.slice(openEnd, closeStart),
    );
    if (rest.trim() === '') cuts.push([start, end]);
    else for (const one of inside) cuts.push([one.start, one.end]);
  }
  return cuts
    .sort((a, b) => b[0] - a[0])
    .reduce((left, [start, end]) => left.slice(0, start).trimEnd() + left.slice(end), text);
}
