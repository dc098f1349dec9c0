import { z } from 'zod';

/** Name rules of the reference documents (DECISIONS: "Mirror name, member name"). The console checks with these while typing. */

export const MirrorName = z
  .string()
  .regex(/^[A-Za-z0-9]{1,15}$/, 'A mirror name has 1 to 15 letters and digits.')
  .transform((s) => s.toUpperCase());

export const MemberName = z
  .string()
  .min(1, 'A member name cannot be empty.')
  .max(32, 'A member name has at most 32 characters.')
  .regex(/^[^\s:[\]#;/*=^~,]+$/, 'A member name cannot contain spaces, tabs or any of : [ ] # ; / * = ^ ~ ,')
  .transform((s) => s.toUpperCase());

export const MirrorDatabaseName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_-]*$/, 'A mirror database name starts with a letter or underscore; letters, digits, - and _ may follow.')
  .max(64, 'A mirror database name has at most 64 characters.')
  .transform((s) => s.toUpperCase());

export const InstanceName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,29}$/, 'An instance name starts with a letter and has at most 30 letters, digits, - and _.')
  .transform((s) => s.toUpperCase());

export const DatabaseName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/,
    'A database name starts with a letter or underscore; letters, digits, - and _ may follow, 64 at most.',
  )
  .transform((s) => s.toUpperCase());

/** `HOST:PORT` (an IPv6 host in brackets). */
export const HostPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/, 'Give the address as HOST:PORT.')
  .transform((s) => {
    const at = s.lastIndexOf(':');
    return { host: s.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(s.slice(at + 1)) };
  })
  .refine((a) => a.port > 0 && a.port < 65536, 'A port is a number from 1 to 65535.');
