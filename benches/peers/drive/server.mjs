// A server, and what it consists of.
import http from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';

// Milliseconds of a clock tick in /proc/PID/stat.
const TICK = 10;

export class Server {
  // What was sent again, since the answer was to do so.
  repeated = 0;

  constructor(url, requests, processes) {
    Object.assign(this, { url, requests, processes });
  }

  // A request whose body is ready to be sent.
  written({ method = 'GET', path, body }) {
    const text = body && JSON.stringify(body);
    const content = text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    return { method, path, text, headers: { ...this.requests.headers, ...content } };
  }

  // Sends it until it is done; any other failure ends the measurement.
  async send(request, agent) {
    for (;;) {
      const answer = await this.sendOnce(request, agent);
      if (answer.status >= 200 && answer.status < 300) return answer;
      if (answer.status !== this.requests.again)
        throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.bytes}`);
      this.repeated++;
    }
  }

  sendOnce({ method, path, text, headers }, agent) {
    return new Promise((resolve, reject) => {
      const request = http.request(new URL(path, this.url), { method, headers, agent }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status, headers } = response;
          resolve({ status, headers, bytes: Buffer.concat(parts) });
        });
      });
      request.on('error', reject);
      request.end(text);
    });
  }

  // Asks outside of a measurement, and reads the answer.
  async ask(request) {
    const { status, headers, bytes } = await this.send(this.written(request));
    return { status, headers, body: JSON.parse(bytes) };
  }

  // Its processes with all their children.
  tree() {
    const found = new Set(this.processes);
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(stat).filter(Boolean);
    for (let before = 0; before < found.size; ) {
      before = found.size;
      all.filter(({ parent }) => found.has(parent)).forEach(({ pid }) => found.add(pid));
    }
    return all.filter(({ pid }) => found.has(pid));
  }

  // Milliseconds of CPU that they have used, with children that have ended.
  cpu() {
    return this.tree().reduce((sum, { ticks }) => sum + ticks * TICK, 0);
  }
}

function stat(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ').map(Number);
    return { pid: Number(pid), parent: fields[1], ticks: fields.slice(11, 15).reduce((a, b) => a + b) };
  } catch {
    // It has ended since it was listed.
    return undefined;
  }
}
