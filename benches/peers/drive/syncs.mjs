// How often a server waits for the disk, as strace sees it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { note } from './notes.mjs';

const PUSHES = 100;

const untraced = (thread) => /^TracerPid:\s+0$/m.test(readFileSync(`${thread}/status`, 'utf8'));
const threads = ({ pid }) => readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);

// Whether strace has all threads of these processes; not when the system does not allow it.
async function attached(strace, tree) {
  while (strace.exitCode === null) {
    if (!tree.flatMap(threads).some(untraced)) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return false;
}

export async function syncs(server, requests) {
  if (spawnSync('strace', ['-V']).error) return 'waits for the disk were not counted without strace';
  for (const request of requests.open('syncs')) await server.ask(request);
  const tree = server.tree();
  const pids = tree.flatMap(({ pid }) => ['-p', pid]);
  const strace = spawn('strace', ['-f', '-e', 'trace=fsync,fdatasync', ...pids]);
  let said = '';
  strace.stderr.on('data', (text) => (said += text));
  if (!(await attached(strace, tree))) return 'strace is not allowed to count waits for the disk';
  for (let count = 0; count < PUSHES; count++) await server.ask(requests.push('syncs', note()));
  strace.kill('SIGINT');
  await once(strace, 'close');
  const calls = said.match(/\b(fsync|fdatasync)\(/g) ?? [];
  return `${calls.length} fsync and fdatasync for ${PUSHES} pushes, one after the other`;
}
