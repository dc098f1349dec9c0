import { runAgentProcess } from '../../agent/host.ts';
import { startPeer } from '../../agent/peer.ts';

/** The agent of a host; GEMEL_HOME chooses which. */
await runAgentProcess(process.argv.slice(2), startPeer);
