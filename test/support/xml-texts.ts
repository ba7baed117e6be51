import fc from 'fast-check';

const name = fc.constantFrom('a', 'b-c', 'd.e', 'hostdev', 'ünï', '_', 'x1');
const space = fc.constantFrom(' ', '\n', '\r\n', '\t', '  \n ');
const gap = fc.oneof(fc.constant(''), space);
const value = fc.constantFrom(
  '',
  'x',
  '1 > 0',
  'a&amp;b',
  '&#x41;',
  "o'clock",
  'say "so"',
  'cpuset="3"',
  'two\nlines',
  '\u{1F600}',
);

const attribute = fc
  .tuple(space, gap, gap, value, fc.constantFrom('"', "'"))
  .map(([before, left, right, text, quote]) => ({
    before,
    rest: `${left}=${right}${quote}${text.replaceAll(quote, '')}${quote}`,
  }));

const loose = fc.constantFrom(
  '',
  'text',
  '&lt;',
  ' ',
  '\n\t',
  '\r\n',
  '<!-- <a> & "x" -->',
  '<![CDATA[</a> ]] >]]>',
  '<?pi <a> ?>',
  ']]',
  '\u{1F600}',
);

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  content: fc
    .array(fc.oneof({ depthSize: 'small', maxDepth: 5 }, loose, tie('element')), { maxLength: 5 })
    .map((parts) => parts.join('')),
  element: fc
    .tuple(name, fc.array(attribute, { maxLength: 4 }), gap, gap, fc.boolean(), tie('content'))
    .map(([tag, attributes, beforeEnd, beforeClose, empty, content]) => {
      const open = `<${tag}${attributes.map(({ before, rest }, index) => `${before}n${index}${rest}`).join('')}${beforeEnd}`;
      return empty ? `${open}/>` : `${open}>${content}</${tag}${beforeClose}>`;
    }),
}));

const misc = fc.constantFrom('', '\n', ' <!-- <root/> -->\r\n', '<?pi <?>\n');

/** Well-formed documents with everything that XML allows between and inside tags. */
export const xmlText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom('', '\ufeff', '<?xml version="1.0"?>', '\ufeff<?xml version="1.0" encoding="utf-8" ?>\r\n'),
    misc,
    element,
    misc,
  )
  .map((parts) => parts.join(''));
