/*
 * Sample dejournal filter of a reporting async member: which updates of the mirror's journal its read-write databases take. Copy it
 * anywhere on the member's host, change it, and set it: gemel mirror filter set INSTANCE FILE
 *
 * It is asked about every update, one after the other, in the order of the journal, so it slows dejournaling: `gemel mirror filter
 * status` shows by how much. To keep whole globals out of a mirror, mapping them to a database that is not mirrored costs nothing.
 *
 * The class is made once, in a thread of its own: when the filter is set, when the instance starts, and at `gemel mirror dejournal
 * start`, after which a changed file counts. What it keeps in memory is gone with the thread.
 */
export class DejournalFilter {
  /**
   * mirror, member, instance   names, as `gemel mirror status` shows them
   * log(text)                  writes a line to messages.log
   */
  constructor({ mirror, member, instance, log }) {
    log(`What ${member} (${instance}) dejournals of the mirror ${mirror} is filtered.`);
  }

  /**
   * Is this update to be applied? Return true or false, and nothing else: no promise either. An error, another answer, or more than
   * 10 seconds for some hundred updates stop dejournaling of the mirror here until the filter is set again or cleared, or until
   * `gemel mirror dejournal start`. Nothing is lost by that: it goes on with the update that was not answered for.
   *
   * The update:
   *   database            name in the mirror
   *   readWrite           whether the answer counts: a database whose FailoverDB flag is set here takes every update
   *   kind                'set', or 'kill' of this one node (a subtree comes as one kill for each of its nodes)
   *   global, subscripts  of ^acct(1,"bal"): 'acct' and ['1', 'bal']
   *   value               of a set; strings are bytes, one character (0 to 255) each
   *   transaction         its number on the primary; 0: outside a transaction
   *   compensation        a rollback on the primary undoes an earlier update of the same node: let through what undoes what was let through
   *   file, offset        where its block begins in the mirror's journal
   *   time                when that was written, ms since 1970
   *
   * An update that was asked about may be asked about again after the instance has ended by force.
   */
  applies({ readWrite, global }) {
    return !readWrite || !global.startsWith('tmp');
  }
}
