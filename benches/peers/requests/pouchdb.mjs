// The protocol of CouchDB. Pages are from the feed of changes, as a device that replicates reads them.
export const headers = {};

const database = (place) => `/${place}`;

export const open = (place) => [{ method: 'PUT', path: database(place) }];

export const push = (place, { path, text }) => ({
  method: 'PUT',
  path: `${database(place)}/${encodeURIComponent(path)}`,
  body: { text },
});
export const pushMany = (place, notes) => ({
  method: 'POST',
  path: `${database(place)}/_bulk_docs`,
  body: { docs: notes.map(({ path, text }) => ({ _id: path, text })) },
});
export const stored = ({ body }) => [body].flat().filter(({ ok }) => ok).length;

export const page = (place) => ({ path: `${database(place)}/_changes?limit=100&include_docs=true` });
export const texts = ({ body }) => body.results.filter(({ doc }) => doc).map(({ doc }) => doc.text);

export const end = (place) => ({ path: database(place) });
export const cursor = ({ body }) => body.update_seq;
export const since = (place, cursor) => ({ path: `${database(place)}/_changes?since=${cursor}&include_docs=true` });
