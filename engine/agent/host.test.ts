import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InstanceStatus } from '../api/status.ts';
import { createInstance, homePaths, probeLock, provenHolder } from '../instance/host.ts';
import { readAgentSettings, writeAgentSettings } from './settings.ts';
import { connectAgent, startAgent, type AgentClient } from './start.ts';

const entry = fileURLToPath(new URL('./testing/agent-process.ts', import.meta.url));
const instanceEntry = fileURLToPath(new URL('../instance/testing/instance-process.ts', import.meta.url));
let home: string;
let clients: AgentClient[];

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'gemel-agent-'));
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.close();
  const holder = provenHolder(homePaths(home).run);
  if (holder !== undefined) process.kill(holder.pid, 'SIGKILL');
  await expect.poll(() => probeLock(homePaths(home).run).held).toBe(false);
  fs.rmSync(home, { recursive: true, force: true });
});

async function connect(): Promise<AgentClient> {
  const client = await connectAgent(home);
  clients.push(client);
  return client;
}

describe('the agent', () => {
  it('starts on a free port, keeps it, answers and stops', async () => {
    await expect(connectAgent(home)).rejects.toMatchObject({ code: 'NOT_RUNNING' });
    await startAgent(home, { port: 0, entry });
    const status = await (await connect()).call('agent.status', {});
    expect(status).toMatchObject({ state: 'running', home, arbiterFor: ['DEMO'], address: `127.0.0.1:${status.port}` });
    expect(readAgentSettings(homePaths(home).agentSettings)['application_server.port']).toBe(status.port);
    await expect(startAgent(home, { entry })).rejects.toMatchObject({ code: 'RUNNING' });

    const client = await connect();
    const gone = new Promise<void>((resolve) => client.onClose(resolve));
    await client.call('agent.stop', {});
    await gone;
    await expect.poll(() => probeLock(homePaths(home).run).held).toBe(false);
    expect(fs.readFileSync(homePaths(home).agentLog, 'utf8')).toMatch(/ 0 The agent is stopped\.\n$/);
  });

  it('says why it cannot start', async () => {
    const taken = net.createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as net.AddressInfo;
    await expect(startAgent(home, { port, entry })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    taken.close();
    fs.writeFileSync(homePaths(home).agentSettings, 'application_server.port=many\n');
    await expect(startAgent(home, { entry })).rejects.toMatchObject({
      code: 'DAMAGED',
      what: expect.stringContaining('application_server.port'),
    });
  });

  it('keeps settings it does not know', () => {
    const file = homePaths(home).agentSettings;
    fs.writeFileSync(file, '; mine\nother.key=7\napplication_server.port=99\n');
    const settings = readAgentSettings(file);
    writeAgentSettings(file, { ...settings, 'application_server.port': 100 });
    expect(readAgentSettings(file)).toMatchObject({ 'other.key': '7', 'application_server.port': 100 });
  });

  it('shows instances as they come, start, die and go', async () => {
    await startAgent(home, { port: 0, entry });
    const client = await connect();
    let newest: InstanceStatus[] | undefined;
    client.subscribe('inventory', (value) => (newest = value));
    const shown = () => newest?.map((each) => `${each.name} ${each.state}`);
    await expect.poll(shown).toEqual([]);
    await client.call('instance.create', { name: 'a', superserverPort: 0, webPort: 0 });
    await expect.poll(shown).toEqual(['A stopped']);
    await createInstance(home, { name: 'b', superserverPort: 0, webPort: 0 });
    await expect.poll(shown, { timeout: 5000 }).toEqual(['A stopped', 'B stopped']);

    const [a] = await client.call('host.inventory', {});
    const child = spawn(process.execPath, [instanceEntry, '--directory', a?.directory ?? ''], { stdio: 'ignore' });
    await expect.poll(shown, { timeout: 5000 }).toEqual(['A running', 'B stopped']);
    await expect(client.call('instance.delete', { name: 'a' })).rejects.toMatchObject({ code: 'RUNNING' });
    child.kill('SIGKILL');
    await expect.poll(shown, { timeout: 5000 }).toEqual(['A stopped', 'B stopped']);
    await client.call('instance.delete', { name: 'a' });
    await expect.poll(shown, { timeout: 5000 }).toEqual(['B stopped']);
    await expect(client.call('instance.start', { name: 'a' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
