import type { Executor, Session, Work } from '../session.ts';

/** Runs something during which updates of mirrored databases are allowed though users may make none. */
export type Lifted = <T>(act: () => T) => T;

/**
 * The executor as the hook CheckBecomePrimaryOK sees it: users are kept out of the mirrored databases, but every call of
 * a session opened here runs with that lifted. Each call is over within its turn, so nobody else gets in.
 */
export function hookExecutor(executor: Executor, lifted: Lifted): Executor {
  return {
    open: (namespace) => liftedSession(executor.open(namespace), lifted),
    get durableTicket() {
      return executor.durableTicket;
    },
    get newestTicket() {
      return executor.newestTicket;
    },
    get saturated() {
      return executor.saturated;
    },
    onDurable: (listener) => executor.onDurable(listener),
    mayRead: () => executor.mayRead(),
    onDrain: (listener) => executor.onDrain(listener),
    role: () => executor.role(),
  };
}

function liftedSession(session: Session, lifted: Lifted): Session {
  return new Proxy(session, {
    get(target, name) {
      // The session's private fields belong to it, not to this proxy.
      const found: unknown = Reflect.get(target, name, target);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]): unknown => {
        const result: unknown = lifted((): unknown => Reflect.apply(found, target, args));
        return isWork(result) ? { step: () => lifted(() => result.step()) } : result;
      };
    },
  });
}

function isWork(value: unknown): value is Work {
  return typeof value === 'object' && value !== null && 'step' in value;
}
