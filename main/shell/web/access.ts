import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The part of a request that decides whether it may pass. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  /** The `token` of the address, where it has one. */
  readonly token: string | null;
}

export type Verdict =
  | { readonly pass: true; readonly setCookie: string | null }
  | { readonly pass: false; readonly status: 401 | 403; readonly reason: string };

/**
 * Who may use the web shell: a browser on this computer that came once with a token printed by this process and has
 * had the cookie made of it ever since. A token works once; the cookie's name holds the port, since browsers share
 * cookies between the ports of a host.
 */
export class Access {
  readonly #port: number;
  readonly #secret: () => string;
  readonly #tokens = new Set<string>();
  readonly #sessions = new Set<string>();

  /** @param secret gives a new unguessable text at each call */
  constructor(port: number, secret: () => string) {
    this.#port = port;
    this.#secret = secret;
  }

  /** A token that lets one browser in, once. */
  newToken(): string {
    const token = this.#secret();
    this.#tokens.add(token);
    return token;
  }

  /** Judges a request. A token is used up by it. */
  judge(asked: Asked): Verdict {
    const foreign = this.#foreign(asked.headers);
    if (foreign !== undefined) return { pass: false, status: 403, reason: foreign };
    if (asked.token !== null) return this.#redeem(asked.token);
    if (this.#hasSession(asked.headers.cookie ?? '')) return { pass: true, setCookie: null };
    return { pass: false, status: 401, reason: 'Open the address that the console printed when it started.' };
  }

  /** Judges the opening of a WebSocket: browsers always say where such a request comes from, so it must be said. */
  judgeSocket(headers: IncomingHttpHeaders): Verdict {
    if (headers.origin === undefined) return { pass: false, status: 403, reason: 'A connection must say where it comes from.' };
    return this.judge({ headers, token: null });
  }

  #foreign(headers: IncomingHttpHeaders): string | undefined {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (headers.host === undefined || !hosts.includes(headers.host)) return 'This console is only reached as 127.0.0.1.';
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) return 'The request comes from another page.';
    const site = headers['sec-fetch-site'];
    return site === 'cross-site' || site === 'same-site' ? 'The request comes from another page.' : undefined;
  }

  #redeem(token: string): Verdict {
    const known = [...this.#tokens].find((each) => equal(each, token));
    if (known === undefined) return { pass: false, status: 401, reason: 'This address was used before. Ask the console for a new one.' };
    this.#tokens.delete(known);
    const session = this.#secret();
    this.#sessions.add(session);
    return { pass: true, setCookie: `${this.#cookieName()}=${session}; HttpOnly; SameSite=Strict; Path=/` };
  }

  #hasSession(cookies: string): boolean {
    const prefix = `${this.#cookieName()}=`;
    const mine = cookies
      .split(';')
      .map((c) => c.trim())
      .filter((c) => c.startsWith(prefix))
      .map((c) => c.slice(prefix.length));
    return mine.some((value) => [...this.#sessions].some((session) => equal(session, value)));
  }

  #cookieName(): string {
    return `gemel-${this.#port}`;
  }
}

/** Takes the same time wherever two texts differ. */
function equal(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
