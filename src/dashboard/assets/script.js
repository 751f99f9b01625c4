// Times in the reader's zone, search as one types, changes as they happen, and what copies a line. Every page works without it.
'use strict';

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

// Minutes and hours of the last day and the next; the date of everything else.
function told(time) {
  const seconds = (time - Date.now()) / 1000;
  const minutes = Math.trunc(seconds / 60);
  if (Math.abs(seconds) < 60) return relative.format(0, 'second');
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
  if (Math.abs(minutes) < 24 * 60) return relative.format(Math.trunc(minutes / 60), 'hour');
  return day.format(time);
}

function tellTimes(root) {
  for (const element of root.querySelectorAll('time[datetime]')) {
    const time = new Date(element.dateTime);
    if (Number.isNaN(time.getTime())) continue;
    element.textContent = element.classList.contains('exact') ? exact.format(time) : told(time);
    element.title = full.format(time);
  }
}

// Behind a proxy that is not trusted, only the browser knows how this server is reached.
for (const part of document.querySelectorAll('[data-origin]')) part.textContent = location.origin;

// A block that is copied often has a button; without a clipboard it has none.
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const block of root.querySelectorAll('pre')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet copy';
    const text = () => block.textContent.trim();
    const what = document.createElement('span');
    what.className = 'visually-hidden';
    what.textContent = ` ${text().slice(0, 60)}`;
    const say = (word) => button.replaceChildren(word, what);
    say('Copy');
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(text());
      say('Copied');
      setTimeout(say, 2000, 'Copy');
    });
    const frame = document.createElement('div');
    frame.className = 'copied';
    block.replaceWith(frame);
    frame.append(block, button);
  }
}

// Whether there is another page in its place: the session is over, or the project is gone. An old list must not look like
// what is there now.
function isOver(answer) {
  return answer.redirected || [401, 403, 404, 410].includes(answer.status);
}

// What is said of a list to those who do not see that it has changed.
function summary(list) {
  const rows = list.querySelectorAll('tbody tr').length;
  const more = list.querySelector('.pages') ? ', and there may be more' : '';
  return rows > 0 ? `${rows} found${more}` : list.textContent.trim();
}

// What stands above a list is of the same moment.
function takeFacts(page) {
  const [old, fresh] = [document, page].map((part) => part.getElementById('facts'));
  if (!old || !fresh) return;
  old.replaceWith(fresh);
  tellTimes(fresh);
}

// Why a list is not the one that was asked for.
function trouble(status) {
  if (status === 429) return 'Too many requests: this list is not the one of your search. Wait a minute and press Find.';
  return 'The server did not answer: this list is not the one of your search. Press Find to try again.';
}

// A search begins while one types: the list of the answer takes the place of the list.
function searchAsTyped(form) {
  const field = form.querySelector('input[type="search"]');
  const status = document.createElement('p');
  status.className = 'visually-hidden';
  status.setAttribute('role', 'status');
  form.append(status);
  const problem = document.createElement('p');
  problem.className = 'problem';
  problem.setAttribute('role', 'alert');
  problem.hidden = true;
  form.after(problem);
  const fail = (code) => {
    problem.textContent = trouble(code);
    problem.hidden = false;
  };
  let asked = 0;
  let timer;
  async function search() {
    const mine = ++asked;
    const list = document.getElementById(form.dataset.live);
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
    list.setAttribute('aria-busy', 'true');
    try {
      const answer = await fetch(address, { credentials: 'same-origin' });
      if (mine !== asked) return;
      if (isOver(answer)) return location.assign(address);
      if (!answer.ok) return fail(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const found = page.getElementById(form.dataset.live);
      if (!found || mine !== asked) return;
      problem.hidden = true;
      list.replaceWith(found);
      tellTimes(found);
      takeFacts(page);
      status.textContent = summary(found);
      history.replaceState(null, '', address);
    } catch {
      if (mine === asked) fail();
    } finally {
      list.removeAttribute('aria-busy');
    }
  }
  field.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(search, 200);
  });
}

// A moment is chosen in the reader's zone, and sent in UTC.
function chooseInZone(form) {
  const field = form.querySelector('input[type="datetime-local"]');
  const utc = new Date(`${field.value}Z`);
  if (Number.isNaN(utc.getTime())) return;
  const local = new Date(utc.getTime() - utc.getTimezoneOffset() * 60000);
  field.value = local.toISOString().slice(0, 19);
  form.querySelector('[data-zone]').textContent = '';
  form.addEventListener('formdata', (event) => {
    const chosen = new Date(field.value);
    if (!Number.isNaN(chosen.getTime())) event.formData.set(field.name, chosen.toISOString());
  });
}

// A link in a list: its row, by the first link of that, and the link itself, since many rows may have one to the same page.
function placeOf(link) {
  const first = (link.closest('tr') ?? link).querySelector('a') ?? link;
  return [first, link].map((part) => part.getAttribute('href'));
}

function linkAt(list, [row, address]) {
  const links = (part) => [...part.querySelectorAll('a')];
  const has = (part) => links(part)[0]?.getAttribute('href') === row;
  const found = [...list.querySelectorAll('tr')].find(has) ?? list;
  return links(found).find((link) => link.getAttribute('href') === address);
}

function isSelected(part) {
  const selection = getSelection();
  return Boolean(part) && !selection.isCollapsed && selection.containsNode(part, true);
}

// What is on the page changes with the projects, as long as somebody looks at it: soon after a change, and then every
// five seconds at most. Where the server has no streams, nothing asks for it.
function follow() {
  const part = () => document.querySelector('[data-events]');
  let events, timer, retry, refreshed = 0;
  const refresh = async () => {
    timer = undefined;
    refreshed = Date.now();
    const address = location.href;
    const answer = await fetch(address);
    if (isOver(answer)) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('[data-events]');
    if (!fresh || address !== location.href) return;
    show(fresh);
    takeFacts(page);
  };
  const show = (fresh) => {
    const old = part();
    const focused = old.contains(document.activeElement) && placeOf(document.activeElement);
    old.replaceWith(fresh);
    tellTimes(fresh);
    if (focused) linkAt(fresh, focused)?.focus({ preventScroll: true });
  };
  const soon = () => {
    const wait = Math.max(200, refreshed + 5000 - Date.now());
    timer ??= setTimeout(() => (isSelected(part()) ? later() : refresh().catch(() => {})), wait);
  };
  // What somebody has selected stays until it is not selected any more.
  const later = () => {
    timer = undefined;
    document.addEventListener('selectionchange', soon, { once: true });
  };
  const stop = () => {
    clearTimeout(retry);
    events?.close();
  };
  const listen = () => {
    stop();
    if (document.hidden || !part()) return;
    const { events: address, since } = part().dataset;
    events = new EventSource(`${address}?since=${since}`);
    events.addEventListener('change', (event) => {
      const only = part()?.dataset.project;
      if (!only || JSON.parse(event.data).project === only) soon();
    });
    // The browser comes back by itself after a lost connection, but not after the error of a proxy whose server
    // is being restarted.
    events.addEventListener('error', () => {
      if (events.readyState === EventSource.CLOSED) retry = setTimeout(again, 10000);
    });
  };
  const again = () => {
    listen();
    if (!document.hidden) soon();
  };
  document.addEventListener('visibilitychange', again);
  listen();
}

tellTimes(document);
offerCopies(document);
if (document.querySelector('[data-events]')) follow();
for (const form of document.querySelectorAll('form[data-live]')) searchAsTyped(form);
for (const form of document.querySelectorAll('form[data-moment]')) chooseInZone(form);
setInterval(() => tellTimes(document), 30000);
