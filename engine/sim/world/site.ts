import type { MemberHostName } from '../faults/kinds.ts';
import type { Look } from '../../instance/host.ts';
import { simIo, type SimProcess } from '../io/index.ts';
import { startAgent } from './agent.ts';
import { Instance } from './instance.ts';
import { pathsOf, ports } from './layout.ts';
import { MemberSite } from './member-site.ts';
import { ask } from './operator.ts';
import type { World } from './world.ts';

/** A host with a failover member and its agent. */
export class Site extends MemberSite<Instance> {
  declare readonly name: MemberHostName;
  agent: SimProcess | null = null;

  constructor(world: World, name: MemberHostName) {
    super(world, name);
  }

  protected override newInstance(process: SimProcess): Instance {
    return new Instance(this, process, simIo(process), this.world.net.of(process));
  }

  override setMirroring(isOn: boolean): void {
    ask(this, isOn ? 'start-mirroring' : 'stop-mirroring');
  }

  override startAgent(): void {
    if (this.agent !== null || !this.host.isOn) return;
    const process = this.host.spawn('agent');
    this.agent = process;
    process.onUncaught = (error) => {
      this.world.uncaught(`${this.name}-agent`, error);
      process.kill();
    };
    process.onEnd(() => {
      this.agent = null;
    });
    const { directory } = pathsOf(this.name);
    const forceDown = (): void => this.instance?.process.kill();
    const instances = [{ name: this.name, directory, look: () => this.#look(), forceDown }];
    process.run(() => {
      startAgent({
        host: this.name,
        port: ports.agent[this.name],
        io: simIo(process),
        net: this.world.net.of(process),
        instances,
        note: (text) => this.world.note(`${this.name}-agent`, text),
      }).catch((error: unknown) => {
        this.world.uncaught(`${this.name}-agent`, error);
        process.kill();
      });
    });
  }

  /** As the instance's lock, its watchdog's pulse and the system would show it. */
  #look(): Look {
    const { instance } = this;
    if (instance === null) return { state: 'down', why: 'nobody holds its lock', member: null };
    const { mirror, phase, stoppedAt } = instance;
    if (mirror === null || phase === 'starting') return { state: 'starting', why: 'it is starting', member: null };
    const { role } = mirror.state;
    const member = { boot: mirror.boot, role: role.is === 'primary' && role.trouble !== null ? ('in-trouble' as const) : role.is };
    const isHung = stoppedAt !== null && this.world.now - stoppedAt > mirror.membership.qosMs / 2;
    return isHung ? { state: 'hung', why: 'the system has stopped it', member } : { state: 'operating', why: 'it turns', member };
  }
}
