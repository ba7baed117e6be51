import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lettersOf } from '../../../src/report/html/format.js';
import { html } from '../../../src/report/html/html.js';

const test = suite('html');

test('text is escaped in elements and attributes', () => {
  const text = `<script>alert('1')</script> & "`;
  assert.is(
    html`<p title="${text}">${text}</p>`.text,
    '<p title="&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;">' +
      '&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;</p>',
  );
});

test('html is not escaped, alone and in lists', () => {
  assert.is(
    html`<ul>${[1, 2].map((one) => html`<li>${one}</li>`)}${html`<li/>`}</ul>`.text,
    '<ul><li>1</li><li>2</li><li/></ul>',
  );
});

test('no text becomes markup or contains control characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.not.match(html`${text}`.text, /[<>"'\p{Cc}\u202e]|&(?!(?:amp|lt|gt|quot|#39);)/u);
    }),
  );
});

test('any number of domains have distinct letters', () => {
  assert.equal([0, 25, 26, 51, 52, 701, 702].map(lettersOf), ['A', 'Z', 'AA', 'AZ', 'BA', 'ZZ', 'AAA']);
  assert.is(new Set(Array.from({ length: 2000 }, (_, domain) => lettersOf(domain))).size, 2000);
});

test.run();
