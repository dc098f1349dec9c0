import { flushCompileCache } from 'node:module';
import { runAgentProcess } from '../../agent/host.ts';
import { startPeer } from '../../agent/peer.ts';

/** The agent of a host; GEMEL_HOME chooses which. */
await runAgentProcess(process.argv.slice(2), startPeer);
// Kept now: a process that is killed later would leave nothing for the next one to start faster with.
flushCompileCache();
