import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DomainTracker } from '../../src/libvirt/domain-tracker.js';
import { liveXml, UUID } from '../hook/simulated-root.js';
import { until } from '../support/until.js';

const test = suite('domain tracker');
const OTHER = '00000000-0000-4000-8000-000000000001';
const ENTRY = '<hostdev address="0000:06:12.5" cpuset="2"/>';
const bytes = (text: string) => Buffer.from(text);
const guest = (uuid = UUID, name = 'guest') => liveXml(ENTRY, { uuid }).replace('>guest<', `>${name}<`);
const plain = (uuid: string) => `<domain id='2'><name>plain</name><uuid>${uuid}</uuid><devices/></domain>`;

const worlds: World[] = [];
test.after.each(() => {
  for (const world of worlds.splice(0)) world.tracker.close();
});

/** libvirt with these domains, and the reports of the tracker. */
class World {
  constructor() {
    worlds.push(this);
  }

  readonly reports: string[] = [];
  readonly requests: string[] = [];
  readonly domains = new Map<string, string>();
  withState: string[] = [];
  unreachable = false;
  /** domains whose definition cannot be read */
  readonly silent = new Set<string>();
  answer: () => Promise<void> = () => Promise.resolve();

  readonly tracker = new DomainTracker(
    {
      listRunning: async () => {
        this.requests.push('list');
        if (this.unreachable) throw new Error('no');
        const running = [...this.domains.keys()];
        await this.answer();
        return running;
      },
      dumpXml: async (uuid) => {
        this.requests.push(`dump ${uuid}`);
        const text = this.domains.get(uuid);
        await this.answer();
        if (this.silent.has(uuid)) throw new Error('busy');
        if (text === undefined) throw new Error('no such domain');
        return text;
      },
    },
    {
      add: ({ name, uuid }) => this.reports.push(`add ${name} ${uuid}`),
      remove: (uuid) => this.reports.push(`remove ${uuid}`),
      markDirty: (uuid) => this.reports.push(`check ${uuid}`),
      withState: () => this.withState,
      problem: (text) => this.reports.push(text),
      cannotRead: (domain, reason) => this.reports.push(`${domain}: ${reason}`),
      cannotList: (reason) => this.reports.push(`all: ${reason}`),
    },
    { firstMs: 2, maxMs: 10 },
  );

  spool(operation: string, xml: string, writtenAt = Date.now()): void {
    this.tracker.spooled({ operation, xml: bytes(xml), writtenAt });
  }
}

test('spool: a started domain is added at once without libvirt, and removed at its release', () => {
  const world = new World();
  world.spool('started', guest());
  assert.is(world.tracker.managedCount, 1);
  world.spool('release', guest());
  assert.is(world.tracker.managedCount, 0);
  assert.equal(world.reports, [`add guest ${UUID}`, `remove ${UUID}`]);
  assert.equal(world.requests, []);
});

test('spool: of old calls, only releases are processed', () => {
  const world = new World();
  world.withState = [UUID];
  world.spool('started', guest(), Date.now() - 3_600_000);
  world.spool('release', guest(), Date.now() - 3_600_000);
  assert.equal(world.reports, [`remove ${UUID}`]);
});

test('spool: a call from before the clock was set back counts as old', () => {
  const world = new World();
  world.spool('started', guest(), Date.now() + 3_600_000);
  assert.equal(world.reports, []);
});

for (const [name, xml, words] of [
  ['garbage', '\0', /^the hook's started: the domain's XML, 1:1: /],
  ['no domain', '<network/>', /is not a libvirt domain/],
  ['no UUID', '<domain><name>x</name></domain>', /a domain without a UUID/],
  ['a UUID that is a path', '<domain><name>x</name><uuid>../../etc</uuid></domain>', /a domain without a UUID/],
] as const) {
  test(`spool: ${name} is reported in one line`, () => {
    const world = new World();
    world.spool('started', xml);
    assert.is(world.reports.length, 1);
    assert.match(world.reports[0] as string, words);
  });
}

test('running domains are read, others removed; a domain without a policy is not managed', async () => {
  const world = new World();
  world.withState = ['99999999-0000-4000-8000-000000000000'];
  world.domains.set(UUID, guest()).set(OTHER, plain(OTHER));
  await world.tracker.list({ all: true });
  assert.equal(world.reports, ['remove 99999999-0000-4000-8000-000000000000', `add guest ${UUID}`]);
  world.withState = [];
  world.domains.delete(UUID);
  await world.tracker.list();
  assert.equal(world.reports.slice(2), [`remove ${UUID}`]);
  assert.is(world.requests.filter((what) => what.startsWith('dump')).length, 2, 'known domains are not read again');
});

test('a domain that starts while libvirt answers is not removed', async () => {
  const world = new World();
  const listed = world.tracker.list();
  world.answer = async () => world.spool('started', guest(), Date.now() + 1);
  await listed;
  assert.equal(world.reports, [`add guest ${UUID}`]);
});

test('while libvirt cannot be reached, all domains are kept', async () => {
  const world = new World();
  world.spool('started', guest());
  world.unreachable = true;
  await world.tracker.list({ all: true });
  assert.is(world.tracker.managedCount, 1);
});

test('events: a reboot triggers a check, a change a read of the definition, an unknown name a list', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest());
  world.tracker.event({ domain: 'guest', change: 'interrupts' });
  assert.equal(world.reports.slice(1), [`check ${UUID}`]);
  world.tracker.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.equal(world.requests, [`dump ${UUID}`]);
  for (const event of [
    null,
    { domain: 'nobody', change: 'interrupts' as const },
    { domain: 'guest', change: 'ended' as const },
  ]) {
    world.tracker.event(event);
    await placedOn();
  }
  assert.equal(world.requests.slice(1), ['list', 'list', 'list']);
});

test('many changes at once cause few reads, and the last definition is used', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest());
  for (let count = 0; count < 50; count++) world.tracker.event({ domain: 'guest', change: 'redefined' });
  world.domains.set(UUID, guest(UUID, 'renamed'));
  await placedOn();
  assert.equal(world.requests, [`dump ${UUID}`, `dump ${UUID}`]);
  assert.is(world.reports.at(-1), `add renamed ${UUID}`);
  assert.not.ok(world.tracker.busy);
});

test('a domain whose policy is removed is removed; the definition of an ended domain is ignored', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest().replace(" id='1'", ''));
  world.tracker.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.is(world.reports.length, 1);
  world.domains.set(UUID, plain(UUID));
  world.tracker.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.equal(world.reports.slice(1), [`remove ${UUID}`]);
});

test('a failed read of a definition is retried, and reported once', async () => {
  const world = new World();
  world.domains.set(UUID, guest()).set(OTHER, plain(OTHER));
  world.silent.add(UUID);
  await world.tracker.list({ all: true });
  assert.ok(world.tracker.busy, 'a running domain is not forgotten');
  await until('requests several times', () => world.requests.filter((what) => what === `dump ${UUID}`).length > 4);
  assert.equal(world.reports, [`${UUID}: busy`]);
  world.silent.clear();
  await until('added', () => world.tracker.managedCount === 1);
  assert.not.ok(world.tracker.busy);
  assert.equal(world.reports, [`${UUID}: busy`, `add guest ${UUID}`]);
  assert.is(world.requests.filter((what) => what === `dump ${OTHER}`).length, 1, 'the other is not read again');
});

test('a failed read of a changed definition is retried, too; that of an ended domain is not reported', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest(UUID, 'renamed'));
  world.silent.add(UUID);
  world.tracker.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  world.silent.clear();
  await until('read', () => world.reports.includes(`add renamed ${UUID}`));
  world.domains.delete(UUID);
  world.tracker.event({ domain: 'renamed', change: 'redefined' });
  await until('removed', () => world.tracker.managedCount === 0);
  assert.not.ok(world.tracker.busy);
  assert.is(world.reports.at(-1), `remove ${UUID}`);
});

test('a failed list is retried until it succeeds, or until close', async () => {
  const world = new World();
  world.domains.set(UUID, guest());
  world.unreachable = true;
  await world.tracker.list({ all: true });
  await until('requests several times', () => world.requests.length > 4);
  assert.equal(world.reports, ['all: no']);
  assert.not.ok(world.tracker.busy, '--until-idle does not wait for libvirt');
  world.unreachable = false;
  await until('added', () => world.tracker.managedCount === 1);
  world.unreachable = true;
  await world.tracker.list();
  world.tracker.close();
  const { length } = world.requests;
  await placedOn();
  assert.is(world.requests.length, length);
});

test('many events of unknown domains cause two lists: the running one, and one after it', async () => {
  const world = new World();
  const flood = async () => {
    for (let count = 0; count < 1000; count++) world.tracker.event(null);
  };
  world.answer = () => {
    world.answer = () => Promise.resolve();
    return flood();
  };
  await flood();
  await placedOn();
  assert.equal(world.requests, ['list', 'list']);
});

const placedOn = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a definition of another domain is ignored', async () => {
  const world = new World();
  world.domains.set(UUID, guest(OTHER, UUID));
  await world.tracker.list();
  assert.equal(world.tracker.managedCount, 0);
  assert.equal(world.reports, [`domain ${UUID}: libvirt's answer is about ${OTHER}: ignored`]);
  assert.not.ok(world.tracker.busy);
});

test.run();
