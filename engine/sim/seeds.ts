/** Seeds that once failed, or that show something worth keeping; they run with every test. */
export const keptSeeds: readonly { readonly seed: number; readonly why: string }[] = [
  {
    seed: 25,
    why: 'A link that had been silent for long when it was made was lost before anybody had it (a slow disk while journals were aligned).',
  },
  {
    seed: 8,
    why: 'A restarted member, killed and paused primaries, a sync that failed: three changes of the primary with clients following.',
  },
  { seed: 9, why: "A full disk under the mirror's durable record ends the instance; the other member takes over." },
  { seed: 24, why: 'A backup whose disk had failed once refused everything until it was restarted.' },
  { seed: 2251, why: 'After a failed sync the next one succeeded, and a power cut left a hole in the journal.' },
  { seed: 2346, why: 'The same on both members at once.' },
  { seed: 3068, why: 'The same with a restart in between.' },
  { seed: 4295, why: 'A primary that was followed by another answered a read while its last record could not be written.' },
  { seed: 12, why: 'A disk that takes seconds, twice an arbiter that is gone.' },
  { seed: 1509, why: 'A backup that came back with everything, to a primary that wrote nothing more, did not dejournal it.' },
];
