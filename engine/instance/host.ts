/** The instances of a host: what the command line, the agent and the processes use of this folder. */
export { isEverywhere, isLoopback, listenAddress } from './addresses.ts';
export { checkInstanceDirectory, instancePaths, type InstancePaths } from './directory.ts';
export type { Engine, EngineContext } from './engine.ts';
export { lookAt, type Look } from './hang/index.ts';
export { instanceStatus, inventory } from './inventory.ts';
export { createInstance, deleteInstance, forceDown, startInstance, stopInstance } from './lifecycle.ts';
export { acquireLock, lockFree, probeLock, provenHolder, type DirectoryLock } from './lock.ts';
export { anyFreePort, anyFreePorts } from './ports.ts';
export { readLog } from './message-reader.ts';
export { MessageLog, messagesFile, type Log } from './messages.ts';
export { runInstanceProcess } from './process.ts';
export { defaultHome, findRegistered, homePaths, listRegistered, type Registered } from './registry.ts';
export { processEntry, spawnDetached, tellParent } from './spawn.ts';
