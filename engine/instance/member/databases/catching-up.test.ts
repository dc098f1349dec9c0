import { expect, it } from 'vitest';
import { mayBeOpenFrom } from './catching-up.ts';

const at = (offset: number) => ({ file: 1, offset });

it.each([
  ['no other database says anything', [], null],
  ['none was open, and they have got there', [{ position: at(9), openStart: null }], null],
  ['one was open there', [{ position: at(9), openStart: at(5) }], at(5)],
  ['one may have begun since one of them stands', [{ position: at(7), openStart: null }], at(7)],
  [
    'the closest of those that know it',
    [
      { position: at(4), openStart: at(2) },
      { position: at(9), openStart: at(5) },
    ],
    at(5),
  ],
  [
    'one that has nothing yet says nothing',
    [
      { position: null, openStart: null },
      { position: at(8), openStart: null },
    ],
    at(8),
  ],
])('a transaction that is open where a copy is marked as caught up: %s', (_, fed, found) => {
  expect(mayBeOpenFrom(fed, at(9))).toEqual(found);
});
