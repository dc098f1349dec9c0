import type { Command } from 'commander';
import { GemelError } from '../../api/errors.ts';
import type { MirrorStatus } from '../../api/status.ts';
import { command, showDone, withInstance, type Context, type InstanceClient, type JsonOption } from '../context.ts';

interface RebuildFlags extends JsonOption {
  readonly mirror?: string;
  readonly from?: string;
}

/** How long nothing may happen before it is said that it does not go on. */
const SILENT_MS = 60_000;

export function addRebuildCommand(mirror: Command, context: Context): void {
  command(mirror, 'rebuild <instance>', 'build this member anew from the primary; what it has is set aside, never deleted')
    .option('--from <member>', 'member it is rebuilt from: the one that is primary')
    .option('--mirror <mirror>', 'the mirror, when the instance is in several')
    .action(async (instance: string, { json, ...params }: RebuildFlags) => {
      const say = (text: string): void => {
        if (json !== true) context.terminal.out(`${text}\n`);
      };
      say('1 The primary is asked for what this member needs.');
      const done = await withInstance(context, instance, async (client) => {
        const rebuilt = await client.call('mirror.rebuild', params);
        say(`2 Databases and journal are set aside: ${rebuilt.aside.join(', ')}`);
        say('3 Empty databases of the same identity are made.');
        say('4 The member joins the mirror anew.');
        await caughtUp(client, params.mirror, say);
        return { ...rebuilt, message: 'This member is rebuilt and has everything that the primary has.' };
      });
      showDone(context, { json: json === true }, done);
    });
}

/** Resolves when the member has all journal in its databases. Throws TIMEOUT when it does not go on. */
function caughtUp(client: InstanceClient, mirror: string | undefined, say: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let last = '';
    const late = (): NodeJS.Timeout =>
      setTimeout(
        () =>
          reject(
            new GemelError(
              'TIMEOUT',
              'The member has joined anew and does not go on.',
              'Nothing was deleted; it goes on by itself when it can.',
              'See gemel mirror status and messages.log.',
            ),
          ),
        SILENT_MS,
      );
    let timer = late();
    client.onClose(() => reject(new GemelError('NOT_RUNNING', 'The instance ended.', 'The rebuilding goes on when it is started.')));
    client.subscribe('monitor', (snapshot) => {
      const status = snapshot.mirror;
      if (status === null || (mirror !== undefined && status.mirror !== mirror.toUpperCase())) return;
      const now = progressText(status);
      if (now === last) return;
      last = now;
      clearTimeout(timer);
      timer = late();
      say(`5 ${now}`);
      if (!isDone(status)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}

function own({ members, thisMember }: MirrorStatus): MirrorStatus['members'][number] | undefined {
  return members.find(({ name }) => name === thisMember);
}

function progressText(status: MirrorStatus): string {
  const member = own(status);
  if (member === undefined) return 'The member waits.';
  const { position } = member;
  const at = position === null || position === undefined ? '' : `, journal up to ${position.file}:${position.offset}`;
  return `The member is ${member.status}${at}; journal: ${member.journalTransfer}; databases: ${member.dejournaling}.`;
}

function isDone(status: MirrorStatus): boolean {
  const member = own(status);
  const isThere = member?.journalTransfer === 'Active' || member?.journalTransfer === 'Caught up';
  return member !== undefined && isThere && ['Backup', 'Connected'].includes(member.status) && member.dejournaling === 'Caught up';
}
