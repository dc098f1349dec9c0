import { Module } from 'node:module';

/** Imported into an instance before anything else: a system for which lz4 has no binary. */
const modules = Module as unknown as { _load: (name: string, ...rest: unknown[]) => unknown };
const load = modules._load;
modules._load = (name, ...rest) => {
  if (name === 'lz4-napi') throw new Error('there is no binary for this system');
  return load(name, ...rest);
};
