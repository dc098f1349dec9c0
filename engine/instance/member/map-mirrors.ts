import type { InstancePaths } from '../directory.ts';
import type { OpenDatabase } from '../executor/index.ts';
import { mirroredHere, updateSettings, type Settings } from '../settings.ts';

/** Names of the databases here that belong to the mirror. */
export function mapped(settings: Settings, mirror: string): string[] {
  return Object.values(mirroredHere(settings, mirror));
}

/** It is not required any more: its copy here leaves the mirror. */
export function forgetMirrored({ name, mirror }: OpenDatabase, at: { readonly settings: Settings; readonly paths: InstancePaths }): void {
  if (mirror === null) return;
  const change = (s: Settings): Settings => {
    const { [mirror.name]: _mapped, ...others } = s.MapMirrors;
    const left = Object.fromEntries(Object.entries(mirroredHere(s, mirror.name)).filter(([, each]) => each !== name));
    return { ...s, MapMirrors: Object.keys(left).length === 0 ? others : { ...others, [mirror.name]: left } };
  };
  Object.assign(at.settings, change(updateSettings(at.paths.settings, change)));
}

/** Mirrored databases found here are required from now on: one that can no longer be mounted must not go unnoticed. */
export function rememberMirrored(
  mirror: string,
  databases: readonly OpenDatabase[],
  at: { readonly settings: Settings; readonly paths: InstancePaths },
): void {
  const { settings, paths } = at;
  const known = new Set(mapped(settings, mirror));
  const found = databases.filter((d) => !known.has(d.name));
  if (found.length === 0) return;
  const entries = Object.fromEntries(found.map((d) => [d.mirror?.database ?? d.name, d.name]));
  const change = (s: Settings): Settings => ({
    ...s,
    MapMirrors: { ...s.MapMirrors, [mirror]: { ...mirroredHere(s, mirror), ...entries } },
  });
  Object.assign(settings, change(updateSettings(paths.settings, change)));
}
