import { z } from 'zod';
import { GemelError } from '../../engine/api/errors.ts';
import type { Problem } from '../contract/index.ts';

/** Any error as the page sees it. What is not ours to word is an internal error with its own message. */
export function toProblem(error: unknown): Problem {
  if (error instanceof GemelError) return { code: error.code, what: error.what, safe: error.safe, todo: error.todo };
  if (error instanceof z.ZodError) {
    return {
      code: 'USAGE',
      what: `Something unexpected was asked or answered: ${z.prettifyError(error)}`,
      safe: 'Nothing was changed.',
      todo: 'Start the console again; its parts may be of different versions.',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'INTERNAL',
    what: `Something went wrong inside the console: ${message}`,
    safe: 'Instances and mirrors run on without the console.',
    todo: 'Try again; if it happens again, report it with the text above.',
  };
}
