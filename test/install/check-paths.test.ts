import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hiddenProgram, problemOf, unusablePath } from '../../src/install/check-paths.js';

const test = suite('programs of an installation');

for (const path of [
  "/opt/it's/node",
  '/opt/my node',
  '/opt/$HOME',
  '/opt/"x"',
  '/opt/%n',
  '/opt/a\nb',
  'node',
  '',
  '/a;b',
  '/a\\b',
])
  test(`${JSON.stringify(path)} is rejected in one line`, () => {
    assert.match(unusablePath(path) as string, /^".*" cannot be written into a unit and a script: [^\n]*$/);
  });

test('usual paths are accepted', () => {
  for (const path of ['/usr/bin/node', '/opt/node-v20.20.2+x/bin/node', '/usr/local/lib/node_modules/@a/b_c.cjs'])
    assert.is(unusablePath(path), undefined);
});

test('paths that a service cannot see are rejected', () => {
  assert.match(hiddenProgram('/home/me/node') as string, /^a service cannot see \/home\//);
  assert.match(hiddenProgram('/root/.nvm/node') as string, /\/root\//);
  assert.is(hiddenProgram('/bin/sh'), undefined);
  assert.match(problemOf({ node: '/bin/sh', cli: '/tmp/x' }, true, '/etc/libvirt/hooks') as string, /\/tmp\//);
  assert.is(problemOf({ node: '/bin/sh', cli: '/tmp/x' }, false, '/etc/libvirt/hooks'), undefined);
});

test.run();
