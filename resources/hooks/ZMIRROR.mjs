/*
 * Sample hooks of a failover member. Copy this file into the directory of the instance (beside gemel.cpf), on both failover
 * members, and keep the functions you need: what is left out does what Gemel does without it.
 *
 * Each call loads the file anew in a thread of its own, which ends with the answer: a correction counts from the next call on,
 * nothing is kept in memory from one call to the next, and timers, listeners and threads started here end with the call.
 * Start lasting programs as processes of their own (node:child_process, detached).
 *
 * Each function gets one object:
 *   mirror, member, instance   names, as `gemel mirror status` shows them
 *   log(text)                  writes a line to messages.log
 *   client                     CheckBecomePrimaryOK only, see there
 */

/**
 * May this member begin to become primary? Called when the other failover member is not primary and cannot become it without
 * an operator. Use it to keep failover in your own hands; most installations leave it out.
 * Return true (or 1) for yes. Everything else, an error, and more than 20 seconds are a no: it is called again every 30 seconds
 * until it says yes or the other member has become primary.
 */
export async function CanNodeStartToBecomePrimary({ log }) {
  log('Nothing keeps this member from becoming primary.');
  return true;
}

/**
 * Is everything ready for users? Called when all mirrored databases are writable and open transactions of the former primary are
 * rolled back, while no user is let in yet: the place to prepare the application. A no is handled as above; what was written
 * here is lost if the other member becomes primary meanwhile.
 *
 * `await client.command('GSET', '^app("primary")', 'HOST_A')` runs one command as a client of the instance would, and gives its
 * reply; only this hook can write at this moment.
 */
export async function CheckBecomePrimaryOK({ member, client }) {
  await client.command('GSET', '^app("primary")', member);
  return true;
}

/** Users are let in and this member is primary. For news only: the result does not matter, and nothing waits for it (10 minutes at most). */
export async function NotifyBecomePrimary({ mirror, member, log }) {
  log(`${member} is now the primary of ${mirror}.`);
}

/**
 * This member started and became neither primary nor backup, or tried to take over and failed. Called once for each incident:
 * not again before it has become primary or has seen one.
 */
export async function NotifyBecomePrimaryFailed({ mirror, member, log }) {
  log(`${member} could not become primary of ${mirror}; a person should look at messages.log.`);
}
