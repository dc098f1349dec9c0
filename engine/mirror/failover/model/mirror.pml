/*
 * Two failover members, their agents and an arbiter: active periods, generations, verdicts, grants, trouble and take-over.
 * README.md says which function of the core each transition stands for, and what is left out and why.
 *
 * Every guard can be removed with -DNO_...; with any one of them gone spin must find a counterexample (e2e/failover-model.test.ts).
 * The network has no state of its own: any message may be lost with its connection, each end of a connection notices its loss
 * by itself, at any time, and what was sent before may still arrive until the receiver notices.
 */

/* ------------------------------------------------------------ bounds */

#ifndef WRITES
#define WRITES 2 /* blocks written in all */
#endif
#ifndef EPOCHS
#define EPOCHS 3 /* the first one and two take-overs */
#endif
#ifndef GENS
#define GENS 2 /* generations proposed in all */
#endif
#ifndef BOOTS
#define BOOTS 1 /* times each member is started again */
#endif
#ifndef ARBITER_RESTARTS
#define ARBITER_RESTARTS 1
#endif

/* ------------------------------------------------------------ words */

mtype:role = { Down, Undecided, Backup, Taking, Primary, Yielded }
/* primary's end of the connection; Told: the backup has heard of a period that is not recorded yet (never, with the guard) */
mtype:link = { None, Connected, CaughtUp, Told, Active }
mtype:trouble = { Calm, Timed, Endless }
mtype:phase = { NoGen, Proposed, Bound, Leaving, Held, Formed, Left }
/* the one question a member has under way, or the answer on its way back */
mtype:question = {
  Idle, Dial, Ask,
  IsPrimary, Promise, NotPrimary, /* answers of the other instance */
  GrantReady, GrantFetch, GrantBlind, TookNothing, /* answers of the other's agent */
  Newer /* either knows a higher epoch */
}
mtype:right = { NoRight, MustFetch, Ready }
mtype:news = { NoNews, FromHold, FromContinue, FromTakeOver, FromUnknown }
mtype:verdict = { Open, PrimaryContinues, BackupTakesOver }
mtype = {
  Follow, Block, Ack, ActiveNow, Propose, Hold, FormedNow, Leave, LeaveAnswer, LeftNow, TakeOver, /* between members */
  ToPropose, ToLost, ToGaveUp /* to the arbiter */
}

/* ------------------------------------------------------------ state */

/* durable, per member */
byte epochOf[2]; /* last epoch in the journal */
byte journal[2]; /* set of blocks; block k is bit k-1 */
bit periodOpen[2]; /* the primary's record, as its agent states it */

/* of a process */
mtype:role role[2];
byte boot[2];
byte unsynced[2]; /* blocks that a power cut takes */
byte pending[2]; /* number of the block that waits for being durable; 0: none */
mtype:link link[2];
mtype:trouble trouble[2];
byte gen[2]; /* generation this member is in, as primary or as backup */
mtype:phase phase[2];
bit heldByBackup[2];
bit heldByArbiter[2];
bit isActive[2]; /* backup: heard in this process that it is active, and gave it up to nobody */
bit passedOver[2]; /* backup: possibly passed over */
bit window[2]; /* backup: less than T since it sent the newest message that the primary has echoed */
mtype:question question[2];
mtype:right right[2];

/* between the members: one connection at most; joined: both ends are its two ends */
bit joined;
chan to[2] = [2] of { mtype, byte };

/* generations: who proposed, and the processes it names */
byte genPrimary[GENS + 1];
byte genBoot0[GENS + 1];
byte genBoot1[GENS + 1];
byte gens;

/* arbiter: nothing of it is durable */
byte arbGen;
mtype:verdict verdict;
bit onlyPrimary;
byte arbSees[2]; /* 1 + boot of the connected process; 0: none */
bit arbJoined[2]; /* the arbiter's end and the member's end are the two ends of one connection */
bit seesArb[2];
chan toArb[2] = [1] of { mtype, byte };
mtype:news news[2]; /* on its way to the member, about the generation it is in */
byte giveUp[2]; /* generation that the member is being asked to give up; 0: none */
byte arbRestarts;

/* what only the checks look at */
byte writes;
byte acked; /* set of blocks acknowledged as durable */
byte current; /* member that became primary last, and its epoch */
byte currentEpoch;
byte owner[EPOCHS + 1];

/* the message being read; 0 between the steps */
byte kind;
byte x;

#define other (1 - me)
/* ends a step: what no later step can depend on is put to one value */
#define done tidy()
#define bitOf(k) (1 << ((k) - 1))
#define bootIn(g, m) ((m) == 0 -> genBoot0[g] : genBoot1[g])

/* ------------------------------------------------------------ pieces */

inline flush(c) {
  do
  :: c ? _, _
  :: empty(c) -> break
  od
}

inline send(m, arg) {
  if
  :: joined -> to[other] ! m, arg
  :: else
  fi
}

/* This end of the connection is closed. What the other end has not read yet it may still read. */
inline hangUp() {
  joined = 0;
  flush(to[me]);
  if
  :: question[other] == IsPrimary -> question[other] = Idle
  :: else
  fi
}

inline forgetGen() {
  gen[me] = 0;
  phase[me] = NoGen;
  heldByBackup[me] = 0;
  heldByArbiter[me] = 0;
  news[me] = NoNews
}

inline forgetActivity() {
  isActive[me] = 0;
  passedOver[me] = 0;
  window[me] = 0
}

inline acknowledge() {
  /* Invariant 1: after a newer primary nothing becomes durable that is not in its lineage. */
  assert(current == me && currentEpoch == epochOf[me] || (journal[current] & bitOf(pending[me])) != 0);
  acked = acked | bitOf(pending[me]);
  unsynced[me] = unsynced[me] & ~bitOf(pending[me]);
  pending[me] = 0
}

inline backupLost() {
  if
  :: trouble[me] == Calm && link[me] == Active ->
     if
     :: phase[me] == Bound || phase[me] == Leaving -> trouble[me] = Endless
     :: else -> trouble[me] = Timed; forgetGen()
     fi
  :: else
  fi;
  link[me] = None;
  hangUp()
}

/* It is certain that the backup of this period does not take over. */
inline resume() {
#ifndef NO_END_RECORD
  periodOpen[me] = 0;
#endif
  trouble[me] = Calm;
  question[me] = Idle;
  forgetGen()
}

/* From its own end the primary is gone. Only a formed generation lets the arbiter be asked. */
inline primaryLost() {
  role[me] = Undecided;
  hangUp();
  if
#ifdef NO_LEFT
  :: (phase[me] == Formed || phase[me] == Left) && seesArb[me]
#else
  :: phase[me] == Formed && seesArb[me]
#endif
  :: else -> forgetGen()
  fi
}

inline take(r) {
  role[me] = Taking;
  right[me] = r;
  question[me] = Idle;
  forgetGen();
  forgetActivity()
}

inline endProcess() {
  role[me] = Down;
  link[me] = None;
  trouble[me] = Calm;
  right[me] = NoRight;
  pending[me] = 0;
  unsynced[me] = 0;
  question[me] = Idle;
  forgetGen();
  forgetActivity();
  hangUp();
  seesArb[me] = 0;
  arbJoined[me] = 0;
  giveUp[me] = 0
}

/* The journal of `from` goes over this member's own, which keeps nothing that is not in it. */
inline adopt(from) {
  journal[me] = journal[from];
  epochOf[me] = epochOf[from];
  unsynced[me] = 0
}

/* no generation is left for it to judge */
#define arbiterIsDone (gens == GENS && gen[0] == 0 && gen[1] == 0 && len(to[0]) == 0 && len(to[1]) == 0)

inline tidy() {
  kind = 0;
  if
  :: arbiterIsDone ->
     arbGen = 0;
     verdict = Open;
     onlyPrimary = 0;
     arbRestarts = ARBITER_RESTARTS;
     for (x : 0 .. 1) {
       arbSees[x] = 0;
       arbJoined[x] = 0;
       seesArb[x] = 0;
       news[x] = NoNews;
       giveUp[x] = 0;
       flush(toArb[x])
     }
  :: !arbiterIsDone
  fi;
  for (x : 0 .. 1) {
    if
    :: !isActive[x] ->
       passedOver[x] = 0;
#ifndef NO_ACTIVE_ONLY
       if
       :: !joined -> window[x] = 0
       :: else
       fi
#endif
    :: else
    fi
  }
  x = 0
}

#define subset(a, b) (((a) & ~(b)) == 0)
/* of one epoch, one journal is a prefix of the other */
#define otherLacksMine (epochOf[me] > epochOf[other] || epochOf[me] == epochOf[other] && !subset(journal[me], journal[other]))
#define count(s) (((s) & 1) + (((s) >> 1) & 1) + (((s) >> 2) & 1))
#ifdef NO_EPOCH_FIRST
#define newer(a, b) (count(journal[a]) > count(journal[b]))
#define asNew(a, b) (count(journal[a]) == count(journal[b]))
#else
#define newer(a, b) (epochOf[a] > epochOf[b] || epochOf[a] == epochOf[b] && count(journal[a]) > count(journal[b]))
#define asNew(a, b) (epochOf[a] == epochOf[b] && count(journal[a]) == count(journal[b]))
#endif
#define wroteLast(a) (owner[epochOf[a]] == (a))
/* whether b lets a go on: the newer journal, the last primary; or b may not, and a wrote the last epoch of both */
#ifdef NO_NEWER_FIRST
#define mayPromise(a, b) 1
#else
#define mayPromise(a, b) (newer(a, b) || asNew(a, b) && wroteLast(a) || epochOf[a] == epochOf[b] && wroteLast(a))
#endif

/* The agent states that the period has not ended, but cannot read the journal: when the backup may take over without it. */
#ifdef NO_ACTIVE_ONLY
#define wasActive 1
#else
#define wasActive isActive[me]
#endif
#ifdef NO_PASSED_OVER
#define notPassedOver 1
#else
#define notPassedOver !passedOver[me]
#endif
#ifdef NO_WINDOW
#define withinT 1
#else
#define withinT window[me]
#endif
#define blindMay (wasActive && notPassedOver && withinT)
#ifdef NO_PERIOD_STATEMENT
#define statesOpen(m) 1
#else
#define statesOpen(m) periodOpen[m]
#endif

/* REACH=n: a counterexample is a way to n. TELL: the search itself says what it has come by, each once. */
#ifdef REACH
#define reached(what) assert(REACH != what)
#elif defined(TELL)
c_decl {
  static char told[32];
};
#define reached(what) c_code { if (!told[what]) { told[what] = 1; printf("reached %d\n", what); } }
#else
#define reached(what) skip
#endif
#define VERDICT 1
#define BLIND 2
#define FETCH 3
#define PROMISE 4
#define REQUEST 5
#define CONTINUES 6
#define TIMEOUT 7
#define SAID_NOT 8
#define RECONNECTED 9
#define AGENT_SAID 10
#define STEPPED_DOWN 11
#define LEFT 12
#define BACK_AS_PRIMARY 13
#define GIVE_UP_LEFT 14

/* ------------------------------------------------------------ what the other's questions meet at this member and its agent */

inline sayNotPrimary(answer) {
  if
  :: role[me] == Backup -> primaryLost()
  :: else
  fi;
#ifndef NO_LEAVING_BY_ANSWER
  forgetGen();
#endif
  forgetActivity();
  question[other] = answer
}

inline helloOfUndecided() {
  if
  :: role[me] == Primary && epochOf[other] > epochOf[me] -> question[other] = Idle; endProcess(); reached(STEPPED_DOWN)
  :: role[me] == Primary && epochOf[other] <= epochOf[me] ->
#ifdef NO_BOOT_ID
     if
     :: trouble[me] == Calm && link[me] == Active -> hangUp()
     :: else -> backupLost(); link[me] = Connected
     fi;
#else
     backupLost();
     link[me] = Connected;
#endif
     question[other] = IsPrimary
  :: (role[me] == Undecided || role[me] == Backup) && mayPromise(other, me) ->
     sayNotPrimary(Promise);
#ifndef NO_GRANT
     /* The promise binds: what this member asked before does not count any more. */
     question[me] = Idle
#endif
  :: (role[me] == Undecided || role[me] == Backup) && !mayPromise(other, me) -> sayNotPrimary(Idle)
  :: else -> question[other] = Idle
  fi
}

inline helloOfPrimary() {
  if
  :: role[me] != Down && epochOf[me] > epochOf[other] -> question[other] = Newer
  :: role[me] == Primary && epochOf[me] < epochOf[other] -> question[other] = Idle; endProcess()
  :: (role[me] == Undecided || role[me] == Backup) && epochOf[me] <= epochOf[other] -> sayNotPrimary(NotPrimary)
#ifdef NO_ACCEPT_COUNTS
  :: role[me] == Taking && epochOf[me] <= epochOf[other] -> question[other] = NotPrimary
#endif
  :: else -> question[other] = Idle
  fi
}

#ifdef WITHOUT_GIVE_UP_LEFT
#define giveUpLeft 0
#else
#define giveUpLeft (role[me] == Primary && trouble[me] != Calm && gen[other] == 0 && epochOf[me] >= epochOf[other])
#endif

inline agentOnGrant() {
  if
  :: giveUpLeft ->
     /* The backup asks after it gave up, and leaves that word with this member's agent. */
     question[other] = Idle;
     reached(GIVE_UP_LEFT);
     resume()
  :: role[me] != Down && !giveUpLeft -> question[other] = Idle
#ifndef NO_FETCH
  :: role[me] == Down && otherLacksMine -> question[other] = GrantFetch
  :: role[me] == Down && !otherLacksMine -> question[other] = GrantReady
#else
  :: role[me] == Down -> question[other] = GrantReady
#endif
  fi
}

inline agentOnState() {
  if
#ifdef NO_EPOCH_VETO
  :: role[me] == Down -> question[other] = TookNothing
#else
  :: epochOf[me] > epochOf[other] -> question[other] = Newer
  :: role[me] == Down && epochOf[me] <= epochOf[other] -> question[other] = TookNothing
#endif
  :: else -> question[other] = Idle
  fi
}

/* ------------------------------------------------------------ a failover member, with the agent of its host */

proctype member(byte me) {
  do
  /* ---------------- primary: commit rule */
  :: d_step {
       role[me] == Primary && trouble[me] == Calm && pending[me] == 0 && writes < WRITES && nfull(to[other]) ->
       writes++;
       pending[me] = writes;
       journal[me] = journal[me] | bitOf(writes);
       unsynced[me] = unsynced[me] | bitOf(writes);
       if
       :: link[me] != None && link[me] != Connected -> send(Block, writes)
       :: else
       fi;
       done
     }
  :: d_step { role[me] == Primary && trouble[me] == Calm && link[me] != Active && pending[me] != 0 -> acknowledge(); done }

  /* ---------------- primary: the active period */
  :: d_step {
       role[me] == Primary && link[me] == Connected && trouble[me] == Calm && joined ->
       /* The backup drops what is not in the primary's journal and has all of it. */
       journal[other] = journal[me];
       epochOf[other] = epochOf[me];
       unsynced[other] = 0;
       link[me] = CaughtUp
     }
#ifdef NO_PERIOD_ORDER
  :: d_step {
       role[me] == Primary && link[me] == CaughtUp && trouble[me] == Calm && nfull(to[other]) ->
       link[me] = Told;
       send(ActiveNow, 0);
       done
     }
  :: d_step { role[me] == Primary && link[me] == Told -> periodOpen[me] = 1; link[me] = Active }
#else
  :: d_step {
       role[me] == Primary && link[me] == CaughtUp && trouble[me] == Calm && nfull(to[other]) ->
       periodOpen[me] = 1;
       link[me] = Active;
       send(ActiveNow, 0);
       done
     }
#endif
  :: d_step { role[me] == Primary && link[me] != None -> backupLost(); done }

  /* ---------------- primary: generations */
  :: d_step {
       role[me] == Primary && link[me] == Active && trouble[me] == Calm && gen[me] == 0 && gens < GENS && joined &&
       arbJoined[me] && nfull(to[other]) && nfull(toArb[me]) ->
       gens++;
       gen[me] = gens;
       phase[me] = Proposed;
       genPrimary[gens] = me;
       genBoot0[gens] = boot[0];
       genBoot1[gens] = boot[1];
       send(Propose, gens);
       toArb[me] ! ToPropose, gens
     }
  :: d_step {
       role[me] == Primary && phase[me] == Proposed && trouble[me] == Calm && nfull(to[other]) ->
       send(LeftNow, gen[me]);
       forgetGen();
       done
     }
  :: d_step {
       role[me] == Primary && phase[me] == Bound && trouble[me] == Calm && nfull(to[other]) ->
#ifdef NO_LEAVING
       send(LeftNow, gen[me]);
       forgetGen()
#else
       send(Leave, gen[me]);
       phase[me] = Leaving
#endif
     }

  /* ---------------- primary: what the backup says */
  :: d_step {
       role[me] == Primary && link[me] != None && nempty(to[me]) && nfull(to[other]) ->
       if
       :: trouble[me] != Calm -> reached(RECONNECTED); resume()
       :: else
       fi;
       to[me] ? kind, x;
       if
       :: kind == Ack ->
          if
          :: pending[me] == x && x != 0 && link[me] == Active -> acknowledge()
          :: else
          fi
       :: kind == Hold ->
          if
          :: gen[me] == x && phase[me] == Proposed ->
             heldByBackup[me] = 1;
             if
             :: heldByArbiter[me] -> phase[me] = Bound; send(FormedNow, x)
             :: else
             fi
          :: else
          fi
       :: kind == LeaveAnswer ->
          if
          :: gen[me] == x && phase[me] == Leaving -> send(LeftNow, x); forgetGen(); reached(LEFT)
          :: else
          fi
       :: else
       fi;
       done
     }

  /* ---------------- primary: the arbiter's word */
  :: d_step {
       role[me] == Primary && news[me] != NoNews && nfull(to[other]) ->
       if
       :: news[me] == FromHold && phase[me] == Proposed ->
          heldByArbiter[me] = 1;
          if
          :: heldByBackup[me] -> phase[me] = Bound; send(FormedNow, gen[me])
          :: else
          fi
       :: news[me] == FromContinue && trouble[me] != Calm -> reached(CONTINUES); resume()
       :: news[me] == FromUnknown && phase[me] == Proposed -> forgetGen()
       :: else
       fi;
       news[me] = NoNews;
       done
     }

  /* ---------------- primary in trouble */
#ifdef NO_T
  :: d_step { role[me] == Primary && trouble[me] == Timed -> resume(); done }
#else
  /* T has passed since the backup was lost, so more than T since the backup sent what this primary echoed last. */
  :: d_step { role[me] == Primary && trouble[me] == Timed && !window[other] -> reached(TIMEOUT); resume(); done }
#endif
  :: d_step { role[me] == Primary && trouble[me] == Endless && arbJoined[me] && empty(toArb[me]) -> toArb[me] ! ToLost, gen[me] }
  :: d_step { role[me] == Primary && trouble[me] != Calm && question[me] == Idle && link[me] == None -> question[me] = Dial }
  :: d_step { role[me] == Primary && trouble[me] != Calm && question[me] == Idle -> question[me] = Ask }
  :: d_step { role[me] == Primary && question[me] == NotPrimary -> reached(SAID_NOT); resume(); done }
  :: d_step { role[me] == Primary && question[me] == TookNothing -> reached(AGENT_SAID); resume(); done }
  :: d_step { role[me] == Primary && question[me] == Newer -> reached(STEPPED_DOWN); endProcess(); done }

  /* ---------------- primary: hand-over */
  :: d_step {
       role[me] == Primary && link[me] == Active && trouble[me] == Calm && pending[me] == 0 && joined && nfull(to[other]) ->
       send(TakeOver, 0);
#ifndef NO_YIELD
       role[me] = Yielded;
       forgetGen();
       done
#endif
     }
  :: d_step { role[me] == Yielded -> endProcess(); done }

  /* ---------------- backup: what the primary says */
  :: d_step {
       role[me] == Backup && nempty(to[me]) && nfull(to[other]) ->
       to[me] ? kind, x;
       if
       :: kind == ActiveNow -> isActive[me] = 1
       :: kind == Block ->
          journal[me] = journal[me] | bitOf(x);
          unsynced[me] = unsynced[me] | bitOf(x);
          send(Ack, x)
       :: kind == Propose ->
          if
          :: isActive[me] && seesArb[me] ->
             gen[me] = x;
#ifdef NO_FORMING
             phase[me] = Formed;
#else
             phase[me] = Held;
#endif
             passedOver[me] = 1;
             send(Hold, x)
          :: else
          fi
       :: kind == FormedNow ->
          if
          :: gen[me] == x && phase[me] == Held -> phase[me] = Formed
          :: else
          fi
       :: kind == Leave ->
          if
          :: gen[me] == x -> phase[me] = Left
          :: else
          fi;
          send(LeaveAnswer, x)
       :: kind == LeftNow ->
          if
          :: gen[me] == x -> forgetGen(); passedOver[me] = 0
          :: else
          fi
       :: kind == TakeOver -> reached(REQUEST); hangUp(); take(Ready)
       :: else
       fi;
       done
     }
  :: d_step { role[me] == Backup -> primaryLost(); done }

  /* ---------------- backup that lost its primary: the arbiter's word */
  :: d_step { role[me] == Undecided && gen[me] != 0 && arbJoined[me] && empty(toArb[me]) -> toArb[me] ! ToLost, gen[me] }
  :: d_step {
       role[me] == Undecided && news[me] != NoNews ->
       if
       :: news[me] == FromTakeOver -> reached(VERDICT); take(Ready)
       :: else -> forgetGen()
       fi;
       done
     }
  :: d_step {
       giveUp[me] != 0 && empty(toArb[me]) ->
       x = giveUp[me];
       giveUp[me] = 0;
       if
       :: role[me] == Undecided || role[me] == Backup ->
          if
          :: gen[me] == x && role[me] == Backup -> primaryLost(); forgetGen()
          :: gen[me] == x && role[me] == Undecided -> forgetGen()
          :: else
          fi;
          if
          :: arbJoined[me] -> toArb[me] ! ToGaveUp, x
          :: else
          fi
       :: else
       fi;
       done
     }
  /* Time passes; over a living connection echoes keep coming. */
  :: d_step { window[me] && !joined -> window[me] = 0; done }

  /* ---------------- without a primary: questions, one at a time */
  :: d_step { role[me] == Undecided && question[me] == Idle -> forgetGen(); forgetActivity(); question[me] = Dial }
  :: d_step { role[me] == Undecided && question[me] == Idle -> question[me] = Ask }
  :: d_step { question[me] != Idle && question[me] != Dial && question[me] != Ask -> question[me] = Idle; done }
  :: d_step {
       role[me] == Undecided && question[me] == IsPrimary ->
       role[me] = Backup;
       question[me] = Idle;
       forgetGen();
       forgetActivity();
       flush(to[me]);
       joined = 1;
       window[me] = 1;
#ifdef NO_BOOT_ID
       if
       :: link[other] == Active -> to[me] ! ActiveNow, 0
       :: else
       fi;
#endif
       if
       :: trouble[other] != Calm -> send(Follow, 0)
       :: else
       fi;
       done
     }
  :: d_step { role[me] == Undecided && question[me] == Promise -> reached(PROMISE); take(Ready); done }
  :: d_step { role[me] == Undecided && question[me] == GrantReady -> take(Ready); done }
  :: d_step { role[me] == Undecided && question[me] == GrantFetch -> take(MustFetch); done }
  :: d_step {
       role[me] == Undecided && question[me] == GrantBlind ->
       question[me] = Idle;
       if
       :: blindMay -> reached(BLIND); take(Ready)
       :: else
       fi;
       done
     }

  /* ---------------- becoming primary */
  :: d_step { role[me] == Taking && right[me] == MustFetch && role[other] != Primary -> reached(FETCH); adopt(other); right[me] = Ready }
  :: d_step {
       role[me] == Taking && right[me] == Ready && epochOf[me] < EPOCHS ->
       epochOf[me] = epochOf[me] + 1;
       /* An epoch is used once, and every one is above those before. */
       assert(epochOf[me] > currentEpoch);
       /* Invariant 2: nothing acknowledged is missing at a later primary. */
       assert(subset(acked, journal[me]));
       current = me;
       currentEpoch = epochOf[me];
       owner[currentEpoch] = me;
#ifndef NO_INHERITED_SYNC
       unsynced[me] = 0;
#endif
       periodOpen[me] = 0;
       role[me] = Primary;
       right[me] = NoRight;
       if
       :: currentEpoch == 3 && me == 0 -> reached(BACK_AS_PRIMARY)
       :: else
       fi;
       done
     }
  :: d_step { role[me] == Taking -> role[me] = Undecided; right[me] = NoRight }

  /* ---------------- what the other's questions meet here */
  :: d_step { question[other] == Dial && role[other] == Undecided -> helloOfUndecided(); done }
  :: d_step { question[other] == Dial && role[other] == Primary -> helloOfPrimary(); done }
  :: d_step { question[other] == Ask && role[other] == Undecided -> agentOnGrant(); done }
  :: d_step {
       question[other] == Ask && role[other] == Undecided && role[me] == Down && statesOpen(me) ->
       /* The agent cannot read the journal. */
       question[other] = GrantBlind
     }
  :: d_step { question[other] == Ask && role[other] == Primary -> agentOnState(); done }

  /* ---------------- the process */
  :: d_step { role[me] != Down -> endProcess(); done }
  :: d_step { role[me] != Down && unsynced[me] != 0 -> journal[me] = journal[me] & ~unsynced[me]; endProcess(); done }
  :: d_step { role[me] == Down && boot[me] < BOOTS -> boot[me]++; role[me] = Undecided }
  :: d_step {
       role[me] != Down && !seesArb[me] && (gens < GENS || gen[0] != 0 || gen[1] != 0) ->
       seesArb[me] = 1;
       arbSees[me] = boot[me] + 1;
       arbJoined[me] = 1;
       flush(toArb[me]);
       news[me] = NoNews;
       giveUp[me] = 0;
       done
     }
  :: d_step {
       seesArb[me] ->
       seesArb[me] = 0;
       arbJoined[me] = 0;
       news[me] = NoNews;
       giveUp[me] = 0;
       if
       :: role[me] == Undecided -> forgetGen()
       :: else
       fi;
       done
     }
  od
}

/* ------------------------------------------------------------ the arbiter: what it does for each of its connections */

/* Of what is said about a generation that the member has left it takes no notice. */
inline tell(m, what) {
  if
  :: arbJoined[m] && gen[m] == x -> news[m] = what
  :: else
  fi
}

inline askToGiveUp(m) {
  if
  :: arbJoined[m] -> giveUp[m] = x
  :: else
  fi
}

inline give(v, what) {
  verdict = v;
  tell(0, what);
  tell(1, what)
}

#ifdef NO_BOOT_ID
#define seesOfGen(g, m) (arbSees[m] != 0)
#else
#define seesOfGen(g, m) (arbSees[m] == bootIn(g, m) + 1)
#endif

/* This member's connection is gone. Asked to give up and lost instead: that answers too. */
inline arbiterLoses() {
  arbSees[me] = 0;
  arbJoined[me] = 0;
  flush(toArb[me]);
  if
  :: arbGen != 0 && onlyPrimary && genPrimary[arbGen] == other && verdict == Open -> x = arbGen; give(PrimaryContinues, FromContinue)
  :: else
  fi
}

inline isProposed() {
  if
  :: genPrimary[x] == me && seesOfGen(x, 0) && seesOfGen(x, 1) ->
     arbGen = x;
     verdict = Open;
     onlyPrimary = 0;
     tell(me, FromHold)
  :: else -> tell(me, FromUnknown)
  fi
}

inline isAskedAboutLoss() {
#ifdef NO_ARBITER_FORGETS
  if
  :: arbGen == 0 -> arbGen = x
  :: else
  fi;
#endif
  if
  :: arbGen != x || !seesOfGen(x, me) -> tell(me, FromUnknown)
  :: else ->
     if
#ifndef NO_ONE_VERDICT
     :: verdict == PrimaryContinues -> tell(me, FromContinue)
     :: verdict == BackupTakesOver -> tell(me, FromTakeOver)
#endif
     :: else ->
        if
        :: seesOfGen(x, other) ->
           /* It has answered: the backup is the one to give up. */
           onlyPrimary = 1;
           if
           :: genPrimary[x] == me -> askToGiveUp(other)
           :: else -> askToGiveUp(me)
           fi
        :: !seesOfGen(x, other) && genPrimary[x] == me -> give(PrimaryContinues, FromContinue)
        :: !seesOfGen(x, other) && genPrimary[x] != me ->
           if
           :: !onlyPrimary -> give(BackupTakesOver, FromTakeOver)
           :: else
           fi
        fi
     fi
  fi
}

proctype arbiterEnd(byte me) {
  do
  :: d_step {
       arbSees[me] != 0 && nempty(toArb[me]) && news[0] == NoNews && news[1] == NoNews ->
       toArb[me] ? kind, x;
       if
       :: kind == ToPropose -> isProposed()
       :: kind == ToLost -> isAskedAboutLoss()
       :: kind == ToGaveUp ->
          if
          :: arbGen == x && genPrimary[x] == other && verdict == Open -> give(PrimaryContinues, FromContinue)
          :: else
          fi
       :: else
       fi;
       done
     }
  :: d_step { arbSees[me] != 0 && news[0] == NoNews && news[1] == NoNews -> arbiterLoses(); done }
  :: d_step {
       me == 0 && arbRestarts < ARBITER_RESTARTS ->
       arbRestarts++;
       arbGen = 0;
       verdict = Open;
       onlyPrimary = 0;
       arbSees[0] = 0;
       arbSees[1] = 0;
       arbJoined[0] = 0;
       arbJoined[1] = 0;
       flush(toArb[0]);
       flush(toArb[1]);
       done
     }
  od
}

init {
  d_step {
    role[0] = Primary;
    role[1] = Backup;
    epochOf[0] = 1;
    epochOf[1] = 1;
    currentEpoch = 1;
    link[0] = Connected;
    link[1] = None;
    joined = 1;
    window[1] = 1;
    byte m;
    for (m : 0 .. 1) {
      trouble[m] = Calm;
      phase[m] = NoGen;
      question[m] = Idle;
      right[m] = NoRight;
      seesArb[m] = 1;
      arbSees[m] = 1;
      arbJoined[m] = 1;
      news[m] = NoNews
    }
    m = 0;
    verdict = Open
  }
  atomic {
    run member(0);
    run member(1);
    run arbiterEnd(0);
    run arbiterEnd(1)
  }
}
