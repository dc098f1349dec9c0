import { flushCompileCache } from 'node:module';
import { runInstanceProcess } from '../../instance/host.ts';
import { startEngine } from './engine.ts';

/** The process of one instance: `instance.ts --directory DIR`. */
await runInstanceProcess(process.argv.slice(2), startEngine);
// Kept now: a process that is killed later would leave nothing for the next one to start faster with.
flushCompileCache();
