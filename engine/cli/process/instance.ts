import { runInstanceProcess } from '../../instance/host.ts';
import { startEngine } from './engine.ts';

/** The process of one instance: `instance.ts --directory DIR`. */
await runInstanceProcess(process.argv.slice(2), startEngine);
