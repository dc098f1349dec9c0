import ini from 'ini';
import { z } from 'zod';
import { GemelError } from '../api/errors.ts';
import { realFiles } from '../io/index.ts';

const AgentSettingsShape = z.looseObject({
  /** Port others reach this host's agent at; 0: any free one, remembered from then on. */
  'application_server.port': z.coerce.number('Give a number.').int('Give a whole number.').min(0).max(65535).default(2188),
  /** Address to listen on. Loopback until told otherwise: agents do not ask each other for a password yet. */
  'application_server.interface_address': z.string().min(1).default('127.0.0.1'),
  'logging.minimum_severity': z.coerce.number('Give 0 to 3.').int('Give 0 to 3.').min(0).max(3).default(0),
});

/** iscagent.conf as values; keys this version does not know are kept. */
export type AgentSettings = z.output<typeof AgentSettingsShape>;

/** Defaults for what the file does not say, or when there is none. Throws DAMAGED naming the key. */
export function readAgentSettings(file: string): AgentSettings {
  const parsed = AgentSettingsShape.safeParse(realFiles.exists(file) ? ini.parse(realFiles.read(file).toString('utf8')) : {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GemelError(
    'DAMAGED',
    `${file} cannot be used. ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    'The agent was not started.',
    'Correct the file with an editor.',
  );
}

export function writeAgentSettings(file: string, settings: AgentSettings): void {
  realFiles.atomicWrite(
    file,
    Buffer.from(`; Settings of the Gemel agent of this host. Comments are not kept.\n${ini.stringify(settings)}`),
  );
}
