// What is asked. `prepare` makes what a row needs and returns the function that makes its next request.
import { note, notes } from './notes.mjs';

const SEEDED = 'notes';

async function opened(server, requests, place) {
  for (const request of requests.open(place)) await server.ask(request);
}

async function pushOne(server, requests, place) {
  await opened(server, requests, place);
  return () => requests.push(place, note());
}

async function pushMany(server, requests, place) {
  await opened(server, requests, place);
  return () => requests.pushMany(place, notes(100));
}

function must(holds, what) {
  if (!holds) throw new Error(what);
}

async function page(server, requests) {
  const request = requests.page(SEEDED);
  const texts = requests.texts(await server.ask(request));
  must(texts.length === 100 && texts.every((text) => text.startsWith('# Note ')), 'the page has not 100 notes');
  return () => request;
}

async function nothingNew(server, requests, place, cursor) {
  const request = requests.since(SEEDED, cursor);
  must(requests.texts(await server.ask(request)).length === 0, 'there is something new');
  return () => request;
}

export const rows = [
  { name: 'push 1 file of 5 KB, 1 connection', place: 'one', connections: 1, prepare: pushOne },
  { name: 'the same, 16 connections', place: 'several', connections: 16, prepare: pushOne },
  { name: 'push 100 × 5 KB in one request', place: 'many', connections: 1, prepare: pushMany },
  { name: 'page of 100 with content', connections: 1, prepare: page },
  { name: 'nothing new, 16 connections', connections: 16, prepare: nothingNew },
];

// Stores what the pages are from, and returns the cursor of its end.
export async function seed(server, requests, files) {
  await opened(server, requests, SEEDED);
  const push = requests.push(SEEDED, note());
  must(requests.stored(await server.ask(push)) === 1, 'the first note is not stored');
  for (let count = 1; count < files; count += 100) {
    const push = requests.pushMany(SEEDED, notes(100));
    must(requests.stored(await server.ask(push)) === 100, 'not all of 100 notes are stored');
  }
  return requests.cursor(await server.ask(requests.end(SEEDED)));
}
