// The protocol of Kinto: a collection of records. Its ids have no slashes, so the path is in the record.
export const headers = { authorization: `Basic ${btoa(`peers:${process.env.API_KEY}`)}` };

// Two pushes into a collection at the same moment: "Integrity constraint violated, please retry."
export const again = 409;

const bucket = '/buckets/peers';
const records = (place) => `${bucket}/collections/${place}/records`;

function record(place, { number, path, text }) {
  return { path: `${records(place)}/note-${number}`, body: { data: { path, text } } };
}

export const open = (place) => [
  { method: 'PUT', path: `/v1${bucket}`, body: {} },
  { method: 'PUT', path: `/v1${bucket}/collections/${place}`, body: {} },
];

export function push(place, note) {
  const { path, body } = record(place, note);
  return { method: 'PUT', path: `/v1${path}`, body };
}
export const pushMany = (place, notes) => ({
  method: 'POST',
  path: '/v1/batch',
  body: { defaults: { method: 'PUT' }, requests: notes.map((note) => record(place, note)) },
});
export const stored = ({ status, body }) =>
  (body.responses ?? [{ status }]).filter(({ status }) => status === 201).length;

export const page = (place) => ({ path: `/v1${records(place)}?_limit=100` });
export const texts = ({ body }) => body.data.map(({ text }) => text);

export const end = (place) => ({ path: `/v1${records(place)}?_limit=1` });
export const cursor = ({ headers }) => encodeURIComponent(headers.etag);
export const since = (place, cursor) => ({ path: `/v1${records(place)}?_since=${cursor}&_limit=100` });
