import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sceneTitles } from './machine/bundle.js';
import { requestOf } from './machine/request.js';

const test = suite('arguments of the rig');

test('the emulated host has the architecture of this machine unless the arguments say otherwise', () => {
  assert.is(requestOf([]).architecture, 'amd64');
  assert.is(requestOf(['--arch=arm64', 'a start']).architecture, 'arm64');
  assert.throws(() => requestOf(['--arch=sparc']), '--arch is one of amd64, arm64, not sparc');
});

test('a scene that needs a PC is not for another architecture', () => {
  assert.is(requestOf(['posted']).pattern, 'posted');
  assert.throws(() => requestOf(['--arch=arm64', 'posted']), 'no scene has a title that matches');
  assert.ok(sceneTitles('arm64').length < sceneTitles('amd64').length);
  assert.ok(sceneTitles('arm64', false).length < sceneTitles('arm64').length);
});

test.run();
