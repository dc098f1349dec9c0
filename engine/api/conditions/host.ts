import { table } from './condition.ts';

/** What the agent of a host does to its instances, how an instance is watched, and what an administrator's hooks do. */
export const hostConditions = table({
  FORCING_DOWN: {
    severity: 2,
    title: 'An instance is forced down',
    means:
      'It hangs, or has given up being primary, and the other failover member asks to take over. Only the process that holds its lock is ended.',
    facts: ['instance'],
    todo: 'Find out what held it up before you start it again.',
  },
  FORCED_DOWN: {
    severity: 2,
    title: 'An instance has been forced down',
    means:
      'It could not go on (it hung, was replaced, or its journal failed) and its process is gone. Nothing that was acknowledged is lost: the other failover member has it, or fetches it from here.',
    facts: ['instance', 'epoch'],
    todo: 'Remove what made it end (messages.log), then start it: gemel instance start. Nothing else starts it.',
  },
  GRANT_GIVEN: {
    severity: 2,
    title: 'An instance that is down leaves being primary to another member',
    means: 'The promise is on disk: this instance will not be primary before the other one has been, or has given the promise back.',
    facts: ['member', 'asker'],
    todo: 'Find out why this instance went down, then start it; it joins as backup.',
  },
  NOT_FORCED_DOWN: {
    severity: 'refusal',
    title: 'An instance that hangs could not be forced down',
    means: 'Without proof that its process is gone nobody may take over from it.',
    facts: [],
    todo: 'Look at the process on that host and end it there; the backup asks again by itself.',
  },
  RUNNING: {
    severity: 'refusal',
    title: 'The instance is running',
    means: 'An agent lets nobody take over from an instance that runs.',
    facts: [],
    todo: 'Nothing: the backup asks again as long as it has no primary.',
  },
  UNKNOWN: {
    severity: 'refusal',
    title: 'The agent does not know the member',
    means: 'No instance of that host is this member of the mirror.',
    facts: [],
    todo: 'Check the agent address of the member: gemel mirror status.',
  },
  WATCHDOG_ENDED: {
    severity: 2,
    title: 'Nobody watches whether the instance hangs',
    means: 'The instance works on. If it hangs, its agent only finds that it does not answer.',
    facts: [],
    todo: 'Restart the instance when it suits.',
  },
  HOOK: {
    severity: 0,
    title: 'A line of an administrator’s hook',
    means: 'Written by a function of ZMIRROR.mjs.',
    facts: [],
    todo: '',
  },
  HOOK_FAILED: {
    severity: 2,
    title: 'A notification of an administrator failed',
    means: 'A function of ZMIRROR.mjs that is told of a change threw an error or took too long. The member goes on.',
    facts: [],
    todo: 'Correct ZMIRROR.mjs; the next call loads it anew.',
  },
});
