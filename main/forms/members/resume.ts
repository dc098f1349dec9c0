import { resumeQuestion, type ActionContext } from '../../actions/index.ts';
import type { About, Form, FormValues } from '../../contract/index.ts';
import { FormBuilder } from '../builder.ts';
import { chooseMember } from './choose.ts';

export async function resumePrimary(about: About, values: FormValues, context: ActionContext): Promise<Form> {
  const form = new FormBuilder('resumePrimary', values);
  form.group('Primary in trouble');
  const at = chooseMember(form, about, context, {
    label: 'Member',
    among: ({ type }) => type === 'Failover',
    refused: ({ status }) => (status === 'In Trouble' ? null : `It is ${status}.`),
    none: 'No member that answers is a primary in trouble.',
  });
  const asked = at === null ? null : await resumeQuestion(at);
  if (asked !== null && 'refused' in asked) form.note('bad', `${asked.refused.reason} ${asked.refused.todo}`.trim());
  const newest = asked !== null && 'file' in asked && asked.file !== '' ? `number ${asked.file}` : 'the newest one here';
  form.group('What you are certain of', {
    hint: 'Look at the other member’s host. If one of these is not so, stop this member and force the other.',
  });
  const sure = (name: string, label: string): boolean =>
    form.flag(name, { label, wrong: (given) => (given ? null : 'Make sure of it first.') });
  const otherIsDown = sure('otherIsDown', 'The other failover member is down');
  const otherNeverBecamePrimary = sure('otherNeverBecamePrimary', 'It never became primary since this one lost it');
  const otherHasNoNewerJournalFile = sure('otherHasNoNewerJournalFile', `It has no mirror journal file later than ${newest}`);
  return form.end(
    {
      title: 'Resume a primary in trouble',
      intro: 'A primary that lost both its backup and the arbiter waits, because the backup may have taken over. You say that it has not.',
    },
    () => ({
      action: 'resumePrimary',
      mirror: at?.mirror.name ?? '',
      instance: at?.facts.id ?? '',
      otherIsDown,
      otherNeverBecamePrimary,
      otherHasNoNewerJournalFile,
    }),
  );
}
