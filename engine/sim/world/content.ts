import { assert } from '../../io/index.ts';
import type { Key } from '../../globals/index.ts';
import type { Content } from '../checkers/replica.ts';
import type { Store } from '../../instance/store/index.ts';
import { databaseName } from './layout.ts';

/** The mirrored database as readers see it. */
export function contentOf({ store }: { readonly store: Store | null }): Content {
  const database = store?.executor.namespaces.find(databaseName);
  assert(database !== undefined, 'the mirrored database is mounted');
  const content = new Map<Key, string>();
  for (let node = database.nodes.next('', '\xff\xff', true); node !== undefined; node = database.nodes.next(node.key, '\xff\xff', false))
    content.set(node.key, node.value);
  return content;
}
