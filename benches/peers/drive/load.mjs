// Sends requests again and again and measures how long they take.
import http from 'node:http';

const now = () => performance.now();

// One round of a row: answers a second, latencies in ms, CPU ms of the server a request, and percent of a core that
// this process took: near 100, the server could do more. The time in which a request is written does not count.
export async function round(server, connections, time, make) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const [latencies, begin, cpu, own] = [[], now(), server.cpu(), process.cpuUsage()];
  async function ask() {
    while (now() - begin < time) {
      const request = server.written(make());
      const sent = now();
      await server.send(request, agent);
      latencies.push(now() - sent);
    }
  }
  await Promise.all(Array.from({ length: connections }, ask));
  agent.destroy();
  const { user, system } = process.cpuUsage(own);
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.floor((latencies.length - 1) * share)];
  return {
    rate: (1000 * connections * latencies.length) / latencies.reduce((a, b) => a + b),
    p50: at(0.5),
    p99: at(0.99),
    cpu: (server.cpu() - cpu) / latencies.length,
    driver: (user + system) / 10 / (now() - begin),
  };
}
