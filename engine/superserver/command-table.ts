import type { Bytes } from '../globals/index.ts';
import type { Command } from './command.ts';
import { connectionCommands } from './commands/connection.ts';
import { globalCommands } from './commands/globals.ts';
import { lockCommands } from './commands/locks.ts';
import { serverCommands } from './commands/server.ts';
import { stringCommands } from './commands/strings.ts';
import { transactionCommands } from './commands/transactions.ts';

const NAME_MAX = 32;

const own = [...globalCommands, ...lockCommands, ...transactionCommands, ...stringCommands, ...connectionCommands];

/** By name in upper and in lower case, the two that clients send. */
const table = new Map<string, Command>();
for (const command of [...own, ...serverCommands(own)]) {
  table.set(command.name, command);
  table.set(command.name.toLowerCase(), command);
}

export function findCommand(name: Bytes): Command | undefined {
  return table.get(name) ?? (name.length <= NAME_MAX ? table.get(name.toUpperCase()) : undefined);
}

/** Whether so many arguments, the name among them, fit the command. */
export function fitsArity(command: Command, count: number): boolean {
  return command.arity >= 0 ? count === command.arity : count >= -command.arity;
}
