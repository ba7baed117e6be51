import fc from 'fast-check';

/** The style of a generated document. */
interface Style {
  eol: string;
  unit: string;
  /** before the root */
  head: string;
}

const style: fc.Arbitrary<Style> = fc.record({
  eol: fc.constantFrom('\n', '\n', '\r\n', '\r', ''),
  unit: fc.constantFrom('  ', '\t', '    ', '', ' '),
  head: fc.constantFrom('', '\ufeff', '<?xml version="1.0" encoding="utf-8"?>', '<!-- <hostdev cpuset="1"/> -->'),
});
const quote = fc.constantFrom("'", '"');
const canonicalSet = fc.constantFrom('0', '0-3', '1,3,5', '0-1,8-15');
const anySet = fc.oneof(canonicalSet, fc.constantFrom('3,1-2', '^2,0-3', '0-3,^2', '0,1', '007'));

/** The attributes of a policy, in the order in which expand writes them. */
type Policy = [name: string, value: string][];

function policy(tidy: boolean): fc.Arbitrary<Policy> {
  const set = tidy ? canonicalSet : anySet;
  const only = set.map((value): Policy => [['vcpus', value]]);
  const control = fc.constantFrom('1', '16', '2047', ...(tidy ? [] : ['0']));
  const spread = fc.oneof(
    fc.constant<Policy>([]),
    fc.constant<Policy>(tidy ? [] : [['spread', 'no']]),
    fc.constant<Policy>([['spread', 'yes']]),
    control.map(
      (value): Policy => [
        ['spread', 'yes'],
        ['controlVectors', value],
      ],
    ),
  );
  const auto = fc.tuple(fc.oneof(fc.constant<Policy>([]), only), spread);
  return fc.oneof(
    auto.map(([vcpus, spreading]): Policy => [['cpuset', 'auto'], ...vcpus, ...spreading]),
    fc.tuple(set, spread).map(([value, spreading]): Policy => [['cpuset', value], ...spreading]),
    fc.constant<Policy>([['cpuset', 'native']]),
  );
}

const pair = (name: string, value: string) => quote.map((q) => ({ name, text: `${name}=${q}${value}${q}`, q }));

/** Attributes of a device, with those of its policy at random positions, or last and tidy. */
function attributes(own: [string, string][], tidy: boolean): fc.Arbitrary<string> {
  const plain = fc.tuple(...own.map(([name, value]) => pair(name, value)));
  const spaces = fc.array(fc.constantFrom(' ', ' ', '  ', '\n      ', '\t'), { minLength: 8, maxLength: 8 });
  const places = fc.array(fc.nat(8), { minLength: 4, maxLength: 4 });
  return fc
    .tuple(plain, fc.oneof(fc.constant<Policy>([]), policy(tidy)), quote, places, spaces)
    .map(([list, stated, q, at, gaps]) => {
      const texts = list.map(({ text }, index) => gaps[index] + text);
      const used = tidy ? (list.at(-1)?.q ?? q) : q;
      for (const [index, [name, value]] of stated.entries()) {
        const text = `${name}=${used}${value}${used}`;
        if (tidy) texts.push(` ${text}`);
        else texts.splice((at[index] as number) % (texts.length + 1), 0, gaps[list.length + index] + text);
      }
      return texts.join('');
    });
}

type Lines = string[];
const KINDS = ['hostdev', 'alias', 'interface', 'network', 'network-alias', 'usb', 'bridge', 'disk'] as const;

function device(kind: (typeof KINDS)[number], index: number, tidy: boolean): fc.Arbitrary<Lines> {
  const bus = `0x${index.toString(16)}`;
  const source = `<source><address domain='0x0000' bus='${bus}' slot="0x02"/></source>`;
  const alias = `<alias name='ua-${index}'/>`;
  const mac = `<mac address="52:54:00:00:00:${(index + 16).toString(16).toUpperCase()}"/>`;
  const wrap = (tag: string, own: [string, string][], children: Lines) =>
    attributes(own, tidy).map((text) => [`<${tag}${text}>`, ...children.map((line) => `\u0001${line}`), `</${tag}>`]);
  switch (kind) {
    case 'hostdev':
      return wrap(
        'hostdev',
        [
          ['mode', 'subsystem'],
          ['type', 'pci'],
          ['managed', 'yes'],
        ],
        [source, '<!-- cpuset="7" > -->'],
      );
    case 'alias':
      return wrap('hostdev', [['type', 'pci']], [source, alias]);
    case 'interface':
      return wrap('interface', [['type', 'hostdev']], [mac, source]);
    case 'network':
      return wrap('interface', [['type', 'network']], [mac, "<source network='pool'/>"]);
    case 'network-alias':
      return wrap('interface', [['type', 'network']], [alias]);
    case 'usb':
      return fc.constant([`<hostdev mode='subsystem' type='usb'/>`]);
    case 'bridge':
      return fc.constant([`<interface type='bridge'>`, `\u0001${mac}`, '</interface>']);
    case 'disk':
      return fc.constant([`<disk type='file' note='a > b'/>`]);
  }
}

function metadata(tidy: boolean): fc.Arbitrary<Lines | undefined> {
  const foreign = `<x:inventory xmlns:x='urn:x' cpuset="1"><x:hostdevs><x:hostdev cpuset='2'/></x:hostdevs></x:inventory>`;
  const entry = fc
    .tuple(fc.integer({ min: 1, max: 8 }), policy(false), fc.constantFrom('address', 'alias', 'mac'), quote)
    .map(([index, stated, key, q]) => {
      const value = {
        address: `0000:0${index}:02.0`,
        alias: `ua-${index}`,
        mac: `52:54:00:00:00:${(index + 16).toString(16)}`,
      }[key];
      return `\u0001<hostdev ${key}=${q}${value}${q}${stated.map(([name, text]) => ` ${name}=${q}${text}${q}`).join('')}/>`;
    });
  const ours = fc
    .tuple(
      fc.array(fc.oneof(entry, fc.constant('\u0001<!-- a word -->')), { maxLength: 5 }),
      fc.constantFrom('', ' default="auto"', " default='native'"),
    )
    .map(([entries, standard]) => [`<hostdevs xmlns="urn:hostdev-cpuset:1"${standard}>`, ...entries, '</hostdevs>']);
  const wrap = (lines: Lines) => ['<metadata>', ...lines.map((line) => `\u0001${line}`), '</metadata>'];
  const without = fc.constantFrom<Lines | undefined>(undefined, undefined, wrap([foreign]), wrap(['<!-- nothing -->']));
  if (tidy) return without;
  const withOurs = fc
    .tuple(fc.boolean(), ours, fc.boolean())
    .map(([before, element, behind]) =>
      wrap([...(before ? [foreign] : []), ...element, ...(behind ? ['<!-- mine -->', foreign] : [])]),
    );
  return fc.oneof(without, withOurs, fc.constantFrom(['<metadata/>'], ['<metadata></metadata>'], wrap([])));
}

/**
 * Random domain texts. Tidy ones are restored byte by byte by normalize and expand: each policy is last in its tag, in
 * the tag's quotes and canonical, and there is no metadata of ours.
 */
export function domainText(tidy: boolean): fc.Arbitrary<string> {
  const devices = fc
    .array(fc.constantFrom(...KINDS), { maxLength: 6 })
    .chain((kinds) => fc.tuple(...kinds.map((kind, index) => device(kind, index + 1, tidy))));
  return fc
    .tuple(style, devices, metadata(tidy), fc.constantFrom('first', 'last', 'none'), fc.boolean(), fc.boolean())
    .map(([{ eol, unit, head }, list, meta, where, comment, final]) => {
      const name = [
        `<name>g&amp;t</name>${comment ? ' <!-- its name -->' : ''}`,
        `<uuid>5a0c8b5e-7d3f-4f58-9f0b-2a6f0c1d9e10</uuid>`,
      ];
      const body = [
        ...(where === 'first' ? name : []),
        ...(meta ?? []),
        '<memory unit="MiB">512</memory>',
        ...(comment ? ['<!-- <metadata/> -->'] : []),
        '<devices>',
        ...list.flat().map((line) => `\u0001${line}`),
        '</devices>',
        ...(where === 'last' ? name : []),
      ];
      const lines = ['<domain type="kvm">', ...body.map((line) => `\u0001${line}`), '</domain>'];
      const written = lines.map((line) => line.replaceAll('\u0001', eol === '' ? '' : unit)).join(eol);
      return `${head}${head.length > 1 ? eol : ''}${written}${final ? eol : ''}`;
    });
}
