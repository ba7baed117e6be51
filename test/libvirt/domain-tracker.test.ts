import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DomainTracker } from '../../src/libvirt/domain-tracker.js';
import { liveXml, UUID } from '../hook/simulated-root.js';
import { until } from '../support/until.js';

const test = suite('feed of domains');
const OTHER = '00000000-0000-4000-8000-000000000001';
const ENTRY = '<hostdev address="0000:06:12.5" cpuset="2"/>';
const bytes = (text: string) => Buffer.from(text);
const guest = (uuid = UUID, name = 'guest') => liveXml(ENTRY, { uuid }).replace('>guest<', `>${name}<`);
const plain = (uuid: string) => `<domain id='2'><name>plain</name><uuid>${uuid}</uuid><devices/></domain>`;

const worlds: World[] = [];
test.after.each(() => {
  for (const world of worlds.splice(0)) world.feed.close();
});

/** libvirt with these domains, and what the feed has told. */
class World {
  constructor() {
    worlds.push(this);
  }

  readonly told: string[] = [];
  readonly asked: string[] = [];
  readonly domains = new Map<string, string>();
  withState: string[] = [];
  unreachable = false;
  /** domains whose definition libvirt does not give */
  readonly silent = new Set<string>();
  answer: () => Promise<void> = () => Promise.resolve();

  readonly feed = new DomainTracker(
    {
      listRunning: async () => {
        this.asked.push('list');
        if (this.unreachable) throw new Error('no');
        const running = [...this.domains.keys()];
        await this.answer();
        return running;
      },
      dumpXml: async (uuid) => {
        this.asked.push(`dump ${uuid}`);
        const text = this.domains.get(uuid);
        await this.answer();
        if (this.silent.has(uuid)) throw new Error('busy');
        if (text === undefined) throw new Error('no such domain');
        return text;
      },
    },
    {
      add: ({ name, uuid }) => this.told.push(`put ${name} ${uuid}`),
      remove: (uuid) => this.told.push(`drop ${uuid}`),
      markDirty: (uuid) => this.told.push(`stir ${uuid}`),
      withState: () => this.withState,
      problem: (text) => this.told.push(text),
      cannotRead: (domain, reason) => this.told.push(`${domain}: ${reason}`),
      cannotList: (reason) => this.told.push(`all: ${reason}`),
    },
    { firstMs: 2, maxMs: 10 },
  );

  spool(operation: string, xml: string, writtenAt = Date.now()): void {
    this.feed.spooled({ operation, xml: bytes(xml), writtenAt });
  }
}

test('the spool: put at once, without libvirt; released', () => {
  const world = new World();
  world.spool('started', guest());
  assert.is(world.feed.managedCount, 1);
  world.spool('release', guest());
  assert.is(world.feed.managedCount, 0);
  assert.equal(world.told, [`put guest ${UUID}`, `drop ${UUID}`]);
  assert.equal(world.asked, []);
});

test('the spool: of old calls, only releases are processed', () => {
  const world = new World();
  world.withState = [UUID];
  world.spool('started', guest(), Date.now() - 3_600_000);
  world.spool('release', guest(), Date.now() - 3_600_000);
  assert.equal(world.told, [`drop ${UUID}`]);
});

for (const [name, xml, words] of [
  ['garbage', '\0', /^the hook's started: the domain's XML, 1:1: /],
  ['no domain', '<network/>', /is not a libvirt domain/],
  ['no UUID', '<domain><name>x</name></domain>', /a domain without a UUID/],
  ['a UUID that is a path', '<domain><name>x</name><uuid>../../etc</uuid></domain>', /a domain without a UUID/],
] as const) {
  test(`the spool: ${name} is one line`, () => {
    const world = new World();
    world.spool('started', xml);
    assert.is(world.told.length, 1);
    assert.match(world.told[0] as string, words);
  });
}

test('running domains are read, others are dropped; a domain without a policy is not managed', async () => {
  const world = new World();
  world.withState = ['99999999-0000-4000-8000-000000000000'];
  world.domains.set(UUID, guest()).set(OTHER, plain(OTHER));
  await world.feed.list({ all: true });
  assert.equal(world.told, ['drop 99999999-0000-4000-8000-000000000000', `put guest ${UUID}`]);
  world.withState = [];
  world.domains.delete(UUID);
  await world.feed.list();
  assert.equal(world.told.slice(2), [`drop ${UUID}`]);
  assert.is(world.asked.filter((what) => what.startsWith('dump')).length, 2, 'who is known is not read again');
});

test('a domain that starts while libvirt answers is not dropped', async () => {
  const world = new World();
  const listed = world.feed.list();
  world.answer = async () => world.spool('started', guest(), Date.now() + 1);
  await listed;
  assert.equal(world.told, [`put guest ${UUID}`]);
});

test('while libvirt cannot be reached, all domains are kept', async () => {
  const world = new World();
  world.spool('started', guest());
  world.unreachable = true;
  await world.feed.list({ all: true });
  assert.is(world.feed.managedCount, 1);
});

test('events: a reboot triggers a check, a change a read of the definition, an unknown name a list', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest());
  world.feed.event({ domain: 'guest', change: 'interrupts' });
  assert.equal(world.told.slice(1), [`stir ${UUID}`]);
  world.feed.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.equal(world.asked, [`dump ${UUID}`]);
  for (const event of [
    null,
    { domain: 'nobody', change: 'interrupts' as const },
    { domain: 'guest', change: 'ended' as const },
  ]) {
    world.feed.event(event);
    await placedOn();
  }
  assert.equal(world.asked.slice(1), ['list', 'list', 'list']);
});

test('many changes at once cause few reads, and the last state counts', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest());
  for (let count = 0; count < 50; count++) world.feed.event({ domain: 'guest', change: 'redefined' });
  world.domains.set(UUID, guest(UUID, 'renamed'));
  await placedOn();
  assert.equal(world.asked, [`dump ${UUID}`, `dump ${UUID}`]);
  assert.is(world.told.at(-1), `put renamed ${UUID}`);
  assert.not.ok(world.feed.busy);
});

test('a domain whose policy is removed is dropped; the definition of a domain that has ended is ignored', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest().replace(" id='1'", ''));
  world.feed.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.is(world.told.length, 1);
  world.domains.set(UUID, plain(UUID));
  world.feed.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  assert.equal(world.told.slice(1), [`drop ${UUID}`]);
});

test('a failed read of a definition is retried, and reported once', async () => {
  const world = new World();
  world.domains.set(UUID, guest()).set(OTHER, plain(OTHER));
  world.silent.add(UUID);
  await world.feed.list({ all: true });
  assert.ok(world.feed.busy, 'a domain that runs is not forgotten');
  await until('asked several times', () => world.asked.filter((what) => what === `dump ${UUID}`).length > 4);
  assert.equal(world.told, [`${UUID}: busy`]);
  world.silent.clear();
  await until('put', () => world.feed.managedCount === 1);
  assert.not.ok(world.feed.busy);
  assert.equal(world.told, [`${UUID}: busy`, `put guest ${UUID}`]);
  assert.is(world.asked.filter((what) => what === `dump ${OTHER}`).length, 1, 'the other is not asked for again');
});

test('a change that is not given is asked for again, too; of a domain that ended there is nothing to say', async () => {
  const world = new World();
  world.spool('started', guest());
  world.domains.set(UUID, guest(UUID, 'renamed'));
  world.silent.add(UUID);
  world.feed.event({ domain: 'guest', change: 'redefined' });
  await placedOn();
  world.silent.clear();
  await until('read', () => world.told.includes(`put renamed ${UUID}`));
  world.domains.delete(UUID);
  world.feed.event({ domain: 'renamed', change: 'redefined' });
  await until('let go', () => world.feed.managedCount === 0);
  assert.not.ok(world.feed.busy);
  assert.is(world.told.at(-1), `drop ${UUID}`);
});

test('a failed list is retried until it succeeds, or until close', async () => {
  const world = new World();
  world.domains.set(UUID, guest());
  world.unreachable = true;
  await world.feed.list({ all: true });
  await until('asked several times', () => world.asked.length > 4);
  assert.equal(world.told, ['all: no']);
  assert.not.ok(world.feed.busy, 'one that ends with the last domain does not wait for a daemon that is gone');
  world.unreachable = false;
  await until('put', () => world.feed.managedCount === 1);
  world.unreachable = true;
  await world.feed.list();
  world.feed.close();
  const { length } = world.asked;
  await placedOn();
  assert.is(world.asked.length, length);
});

test('many events of unknown domains cause two lists: the one that is running, and one after it', async () => {
  const world = new World();
  const flood = async () => {
    for (let count = 0; count < 1000; count++) world.feed.event(null);
  };
  world.answer = () => {
    world.answer = () => Promise.resolve();
    return flood();
  };
  await flood();
  await placedOn();
  assert.equal(world.asked, ['list', 'list']);
});

const placedOn = () => new Promise((resolve) => setTimeout(resolve, 5));

test("an answer about another domain is not taken as this domain's", async () => {
  const world = new World();
  world.domains.set(UUID, guest(OTHER, UUID));
  await world.feed.list();
  assert.equal(world.feed.managedCount, 0);
  assert.equal(world.told, [`domain ${UUID}: libvirt's answer is about ${OTHER}: ignored`]);
  assert.not.ok(world.feed.busy);
});

test.run();
