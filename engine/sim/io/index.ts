export { SimDisk } from './disk.ts';
export type { DriveFault, DriveObject, SimDrive } from './drive.ts';
export { SimHost, simIo } from './host.ts';
export { SimNet } from './net.ts';
export { currentProcess, type SimProcess } from './process.ts';
export { SimRandom } from './random.ts';
export { Timeline } from './timeline.ts';
