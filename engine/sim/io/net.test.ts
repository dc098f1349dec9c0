import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../io/net.ts';
import { SimHost, SimNet, SimRandom, Timeline, type SimProcess } from './index.ts';

/** Two hosts, a server on b that remembers what comes. */
class World {
  readonly timeline = new Timeline();
  readonly random: SimRandom;
  readonly net: SimNet;
  readonly a: SimHost;
  readonly b: SimHost;
  dialler: SimProcess;
  server: SimProcess;
  readonly taken: Served[] = [];

  constructor(seed = 1) {
    this.random = new SimRandom(seed);
    this.net = new SimNet(this.timeline, this.random);
    this.a = new SimHost('a', this.timeline, this.random);
    this.b = new SimHost('b', this.timeline, this.random);
    this.net.join(this.a);
    this.net.join(this.b);
    this.dialler = this.a.spawn('dialler');
    this.server = this.b.spawn('server');
  }

  async listen(): Promise<void> {
    await this.net.of(this.server).listen('b', 7, (connection) => this.taken.push(new Served(connection)));
  }

  async connect(timeoutMs = 1000): Promise<Served> {
    let outcome: Served | Error | null = null;
    this.net
      .of(this.dialler)
      .connect('b', 7, timeoutMs)
      .then(
        (connection) => {
          outcome = new Served(connection);
        },
        (error: Error) => {
          outcome = error;
        },
      );
    await this.timeline.run(() => outcome !== null);
    if ((outcome as Served | Error | null) instanceof Error) throw outcome as unknown as Error;
    return outcome as unknown as Served;
  }

  async both(): Promise<{ near: Served; far: Served }> {
    await this.listen();
    const near = await this.connect();
    await this.timeline.runUntil(this.timeline.now + 5);
    const far = this.taken.at(-1);
    if (far === undefined) throw new Error('nobody took the connection');
    return { near, far };
  }

  pass(ms: number): Promise<void> {
    return this.timeline.runUntil(this.timeline.now + ms);
  }
}

/** An end of a connection and what happened to it. */
class Served {
  readonly connection: Connection;
  text = '';
  closed: string | null = null;
  drained = 0;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.onData = (bytes) => {
      this.text += bytes.toString();
    };
    connection.onClose = (why) => {
      this.closed = why;
    };
    connection.onDrain = () => this.drained++;
  }

  say(text: string): boolean {
    return this.connection.write(Buffer.from(text));
  }
}

const outage = fc.record({ at: fc.nat(300), ms: fc.nat(400), there: fc.boolean() });

describe('the network between simulated hosts', () => {
  it('keeps bytes and their order on each connection, whatever the ways are like', async () => {
    const scenario = fc.record({
      seed: fc.nat(),
      said: fc.array(fc.record({ at: fc.nat(500), connection: fc.nat(2), text: fc.string({ minLength: 1 }) }), { maxLength: 40 }),
      outages: fc.array(outage, { maxLength: 4 }),
      way: fc.record({ latencyMs: fc.nat(30), jitterMs: fc.nat(50), loss: fc.double({ min: 0, max: 0.3, noNaN: true }) }),
      pauseAt: fc.nat(600),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, said, outages, way, pauseAt }) => {
        const world = new World(seed);
        await world.listen();
        const ends = [await world.connect(), await world.connect(), await world.connect()];
        await world.pass(10);
        Object.assign(world.net.way('a', 'b'), way);
        for (const { at, ms, there } of outages) {
          const cut = { from: there ? 'a' : 'b', to: there ? 'b' : 'a', port: there ? 7 : null };
          world.timeline.in(at, () => world.net.cut(cut));
          world.timeline.in(at + ms, () => world.net.heal(cut));
        }
        world.timeline.in(pauseAt, () => world.server.pause());
        world.timeline.in(pauseAt + 200, () => world.server.resume());
        const expected = ['', '', ''];
        for (const { at, connection, text } of said.toSorted((one, other) => one.at - other.at)) {
          world.timeline.in(at, () => ends[connection]?.say(text));
          expected[connection] += text;
        }
        await world.pass(30_000);
        // The order in which they were taken need not be that in which they were made.
        expect(world.taken.map((each) => each.text).sort()).toEqual(expected.toSorted());
      }),
      { numRuns: 60 },
    );
  });

  it('lets messages of different connections overtake each other', async () => {
    const world = new World();
    const order: string[] = [];
    await world.listen();
    const ends = [await world.connect(), await world.connect()];
    await world.pass(5);
    world.taken.forEach((each) => {
      each.connection.onData = (bytes) => order.push(bytes.toString());
    });
    world.net.way('a', 'b').jitterMs = 100;
    for (let i = 0; i < 20; i++) {
      ends[i % 2]?.say(`${i}`.padStart(2, '0'));
      await world.pass(1);
    }
    await world.pass(1000);
    const all = order.join('');
    expect(all).toHaveLength(40);
    expect(all).not.toBe(Array.from({ length: 20 }, (_, i) => `${i}`.padStart(2, '0')).join(''));
  });

  it('a cut one way stalls that way alone and tells nobody', async () => {
    const world = new World();
    const { near, far } = await world.both();
    const cut = { from: 'a', to: 'b', port: null };
    world.net.cut(cut);
    near.say('there');
    far.say('back');
    await world.pass(60_000);
    expect([near.text, far.text, near.closed, far.closed]).toEqual(['back', '', null, null]);
    world.net.heal(cut);
    await world.pass(2000);
    expect(far.text).toBe('there');
  });

  it('a cut to another port leaves the connection alone', async () => {
    const world = new World();
    const { near, far } = await world.both();
    world.net.cut({ from: 'a', to: 'b', port: 8 });
    near.say('there');
    await world.pass(50);
    expect(far.text).toBe('there');
  });

  it('refuses where nobody listens, and gives up after the time', async () => {
    const world = new World();
    await expect(world.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await world.listen();
    world.net.cut({ from: 'b', to: 'a', port: null });
    const begun = world.timeline.now;
    await expect(world.connect(300)).rejects.toThrow('no answer');
    expect(world.timeline.now - begun).toBeGreaterThanOrEqual(300);
    world.net.healAll();
    await world.pass(1000);
    expect(world.net.connections).toBe(0);
  });

  it('a port is taken once, and free again after its process', async () => {
    const world = new World();
    await world.listen();
    await expect(world.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    world.server.kill();
    world.server = world.b.spawn('server');
    await world.listen();
    await world.connect();
  });

  it('delivers what a killed process had sent, then the end', async () => {
    const world = new World();
    const { near, far } = await world.both();
    near.say('last words');
    world.dialler.kill();
    await world.pass(100);
    expect([far.text, far.closed]).toEqual(['last words', 'closed by the other side']);
    expect(near.closed).toBeNull();
    expect(world.net.connections).toBe(0);
  });

  it('drops what a killed process was still busy with', async () => {
    const world = new World();
    const { near, far } = await world.both();
    world.dialler.run(() => {
      near.say('before');
      world.dialler.spend(50);
      near.say('after');
    });
    world.timeline.in(20, () => world.dialler.kill());
    await world.pass(200);
    expect(far.text).toBe('before');
  });

  it('a host without power says nothing; who speaks to it later is reset', async () => {
    const world = new World();
    const { near } = await world.both();
    world.b.powerCut();
    near.say('hello?');
    await world.pass(10_000);
    expect(near.closed).toBeNull();
    world.b.powerOn();
    await world.pass(2000);
    expect(near.closed).toBe('connection reset by the other side');
  });

  it('a reset ends both ends', async () => {
    const world = new World();
    const { near, far } = await world.both();
    world.net.reset('b', 'a', 8);
    await world.pass(10);
    expect([near.closed, far.closed]).toEqual([null, null]);
    world.net.reset('b', 'a');
    await world.pass(10);
    expect([near.closed, far.closed]).toEqual(['connection reset', 'connection reset']);
  });

  it('holds back a sender whose reader is stopped, and tells when it goes on', async () => {
    const world = new World();
    const { near, far } = await world.both();
    world.server.pause();
    let said = 0;
    while (near.say('x'.repeat(10_000))) said += 10_000;
    said += 10_000;
    expect(near.connection.pending).toBeGreaterThan(0);
    await world.pass(1000);
    expect([near.drained, far.text]).toEqual([0, '']);
    world.server.resume();
    await world.pass(1000);
    expect([near.drained, far.text.length, near.connection.pending]).toEqual([1, said, 0]);
  });

  it('takes time for what is long where there is little room', async () => {
    const world = new World();
    const { near, far } = await world.both();
    world.net.way('a', 'b').bytesPerMs = 10;
    near.say('x'.repeat(1000));
    await world.pass(90);
    expect(far.text).toBe('');
    await world.pass(20);
    expect(far.text).toHaveLength(1000);
  });

  it('takes connections for a stopped process, which learns of them later', async () => {
    const world = new World();
    await world.listen();
    world.server.pause();
    const near = await world.connect();
    near.say('early');
    await world.pass(100);
    expect(world.taken).toEqual([]);
    world.server.resume();
    await world.pass(10);
    expect(world.taken[0]?.text).toBe('early');
  });

  it('replays what an earlier connection began with', async () => {
    const world = new World();
    world.net.records = true;
    const { near } = await world.both();
    near.say('one');
    near.say('two');
    await world.pass(10);
    near.connection.close();
    world.net.replay(world.dialler, 'b', 7);
    await world.pass(100);
    expect(world.taken.map((each) => each.text)).toEqual(['onetwo', 'onetwo']);
  });

  it('a listener is closed once what it took is closed', async () => {
    const world = new World();
    const listener = await world.net.of(world.server).listen('b', 7, (connection) => world.taken.push(new Served(connection)));
    const near = await world.connect();
    let closed = false;
    void listener.close().then(() => {
      closed = true;
    });
    await world.pass(10);
    expect(closed).toBe(false);
    near.connection.close();
    await world.pass(10);
    expect(closed).toBe(true);
  });
});
