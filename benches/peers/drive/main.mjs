// main.mjs PEER LANGUAGE URL PROCESS…: measures a server and prints a line of a table for each row.
import { Server } from './server.mjs';
import { rows, seed } from './rows.mjs';
import { round } from './load.mjs';
import { syncs } from './syncs.mjs';

const [peer, language, url, ...processes] = process.argv.slice(2);
const requests = await import(`../requests/${language}.mjs`);
const server = new Server(url, requests, processes.map(Number));
const count = (name, standard) => Number(process.env[name] || standard);

const middle = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
// Three digits, and all of a larger number before its point.
const figure = (number) =>
  number.toLocaleString('en', { maximumSignificantDigits: Math.max(3, String(Math.trunc(number)).length) });
const line = (...cells) => console.log(`| ${cells.join(' | ')} |`);

line('Row', 'Peer', 'A second', 'p50 ms', 'p99 ms', 'CPU ms a request', 'Driver');
line(...'-------'.split(''));
const cursor = await seed(server, requests, count('FILES', 10000));
const measured = new Map();
for (let number = 0; number < count('ROUNDS', 3); number++) {
  for (const row of rows) {
    const make = await row.prepare(server, requests, `${row.place}-${number}`, cursor);
    const result = await round(server, row.connections, count('TIME', 3) * 1000, make);
    measured.set(row, [...(measured.get(row) ?? []), result]);
  }
}
for (const [row, results] of measured) {
  const median = (name) => figure(middle(results.map((result) => result[name])));
  line(row.name, peer, median('rate'), median('p50'), median('p99'), median('cpu'), `${median('driver')} %`);
}
if (server.repeated) console.log(`${peer}: ${server.repeated} requests were sent again, since the answer asked for it`);
console.log(`${peer}: ${await syncs(server, requests)}`);
