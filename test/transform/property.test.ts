import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expand } from '../../src/transform/expand.js';
import { normalize } from '../../src/transform/normalize.js';
import { domainText } from '../support/domain-texts.js';
import { define, roundTrip } from '../support/round-trip.js';

const any = suite('normalize and expand, of any domain');

any('policies stay, all else stays to the byte, a second time changes nothing', () => {
  fc.assert(
    fc.property(
      domainText(false),
      fc.constantFrom(undefined, undefined, 'auto' as const, 'native' as const),
      (text, standard) => {
        roundTrip(text, standard);
      },
    ),
    { numRuns: 1200 },
  );
});

any('a tidy document comes back to the byte', () => {
  fc.assert(
    fc.property(domainText(true), (text) => {
      assert.is(roundTrip(text).expanded, text);
    }),
    { numRuns: 1200 },
  );
});

any('expand alone keeps its promises too', () => {
  fc.assert(
    fc.property(domainText(false), (text) => {
      const expanded = expand(define(text));
      assert.is(expand(define(expanded)), expanded);
      assert.is(normalize(define(normalize(define(expanded)))), normalize(define(expanded)));
    }),
    { numRuns: 400 },
  );
});

any.run();
