// The protocol of the KamiFlow CLI, which this server and the original speak.
import { createHash } from 'node:crypto';

export const headers = { authorization: `Bearer ${process.env.API_KEY}` };

const project = (place) => `/v1/projects/${place}`;

function entry({ path, text }) {
  const bytes = Buffer.from(text);
  const checksum = createHash('sha256').update(bytes).digest('hex');
  return { path, content: bytes.toString('base64'), checksum, modified: 1760000000000, size: bytes.length };
}

// A project begins with its first push.
export const open = () => [];

export const pushMany = (place, notes) => ({
  method: 'POST',
  path: `${project(place)}/sync`,
  body: { files: notes.map(entry), deletions: [], metadata: { name: place, gitRepo: '' } },
});
export const push = (place, note) => pushMany(place, [note]);
export const stored = ({ body }) => body.synced;

export const page = (place) => ({ path: `${project(place)}/files?since=0&limit=100` });
export const texts = ({ body }) => body.files.map(({ content }) => Buffer.from(content, 'base64').toString());

export const end = (place) => ({ path: `${project(place)}/status` });
export const cursor = ({ body }) => body.lastSync;
export const since = (place, cursor) => ({ path: `${project(place)}/files?since=${cursor}&limit=100` });
