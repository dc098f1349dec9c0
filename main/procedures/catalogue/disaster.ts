import { disasterRecovery, failovers, isDown, type Scene } from '../scene.ts';
import { on, say, told, wizard, type Cast, type Procedure, type Step } from '../procedure.ts';
import { start, untilActive, untilPrimary, work } from './parts.ts';
import { comesBack } from './unplanned.ts';

/** No failover member works; C: a disaster recovery async that is up. */
function lost(scene: Scene): Cast | string {
  if (scene.primary !== null) return `${scene.primary.name} is primary.`;
  const trouble = scene.actors.find(({ status }) => status === 'In Trouble');
  if (trouble !== undefined) return `${trouble.name} is in trouble: nobody can be promoted until that has ended.`;
  const [a, b] = failovers(scene);
  if ([a, b].some((each) => each !== undefined && !isDown(each))) return 'A failover member is up.';
  const c = disasterRecovery(scene).find((each) => !isDown(each));
  return c === undefined ? 'There is no disaster recovery async that is up.' : { a: a?.name, b: b?.name, c: c.name };
}

function becomesPrimary(c: string | undefined, partner: string, risk: string): Step {
  return {
    text: `Promote ${say(c)}`,
    detail: partner,
    done: on(c, ({ type }) => type === 'Failover'),
    waiting: told([c]),
    risk: () => risk,
    offers: (scene) => wizard(scene, c, `Promote ${say(c)}`, 'promote'),
  };
}

function validated(cast: Cast): Step {
  return work(
    `Before ${say(cast.a)} and ${say(cast.b)} are started: set ValidatedMember=0 where the plan said so`,
    'In the section [MirrorMember] of gemel.cpf of each of them. It makes the instance ask for its new role instead of taking up the old one. Gemel sets it by itself wherever an agent answers.',
  );
}

const redirect = 'Redirect clients where the virtual address does not reach the new primary';

/** Section 3.4.3.1. */
export const disaster: readonly Procedure[] = [
  {
    id: 'dr-without-journal',
    section: 'disaster',
    title: 'Failover to a disaster recovery async, without more journal',
    when: 'Both failover hosts are gone, and their journal files cannot be reached.',
    cast: lost,
    steps: (cast) => [
      work(
        'Make sure that both failover members are down and stay down',
        'If one came back as primary, two members would be primary at once.',
      ),
      becomesPrimary(
        cast.c,
        'Choose no partner.',
        `What ${say(cast.c)} has not received is lost. The plan says up to which file and place it has the journal.`,
      ),
      untilPrimary(cast.c),
      work(redirect),
      validated(cast),
      start(cast.a, 'It joins as disaster recovery async, or has to be rebuilt.'),
      start(cast.b, 'It joins as disaster recovery async, or has to be rebuilt.'),
    ],
  },
  {
    id: 'dr-from-agent',
    section: 'disaster',
    title: 'Failover to a disaster recovery async, with journal from an agent',
    when: 'The last primary’s host and its agent are up, and its instance cannot be started. Nothing is lost.',
    cast: lost,
    steps: (cast) => [
      becomesPrimary(
        cast.c,
        `Choose ${say(cast.a)} as partner if it was the last primary: its agent hands over what ${say(cast.c)} lacks.`,
        '',
      ),
      untilPrimary(cast.c),
      work(redirect),
      ...comesBack(cast.a),
      untilActive(cast.a),
    ],
  },
  {
    id: 'dr-from-files',
    section: 'disaster',
    title: 'Failover to a disaster recovery async, with journal files copied by hand',
    when: 'Both failover hosts are down, and you have the mirror journal files of one of them.',
    cast: lost,
    steps: (cast) => [
      work(
        `Copy the mirror journal files to ${say(cast.c)}`,
        `From its own newest file on, from the last primary; from the other only if its log says that it was active when it lost the primary. Lineage and checksums are checked before they are taken.`,
      ),
      becomesPrimary(cast.c, 'Choose no partner.', 'What is neither in its own journal nor in the files you have copied is lost.'),
      untilPrimary(cast.c),
      work(redirect),
      validated(cast),
      start(cast.a, 'Begin with the one that was primary last. It joins, or has to be rebuilt.'),
      start(cast.b, 'It joins, or has to be rebuilt.'),
    ],
  },
];
