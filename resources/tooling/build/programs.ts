/** Where the programs lie that the end-to-end tests start, from the root on; `dist` may be built anew while they run. */
export const PROGRAMS = 'node_modules/.cache/programs';
