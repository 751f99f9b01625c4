// Times in the reader's zone, and what copies a line. Every page works without it.
'use strict';

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

// Minutes and hours of the last day and the next; the date of everything else.
function told(time) {
  const seconds = (time - Date.now()) / 1000;
  const minutes = Math.trunc(seconds / 60);
  if (Math.abs(seconds) < 60) return relative.format(0, 'minute');
  if (Math.abs(minutes) < 60) return relative.format(minutes, 'minute');
  if (Math.abs(minutes) < 24 * 60) return relative.format(Math.trunc(minutes / 60), 'hour');
  return day.format(time);
}

function tellTimes(root) {
  for (const element of root.querySelectorAll('time[datetime]')) {
    const time = new Date(element.dateTime);
    if (Number.isNaN(time.getTime())) continue;
    element.textContent = told(time);
    element.title = full.format(time);
  }
}

// A block that is copied often has a button; without a clipboard it has none.
function offerCopies(root) {
  if (!navigator.clipboard) return;
  for (const block of root.querySelectorAll('pre')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet copy';
    button.textContent = 'Copy';
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(block.textContent.trim());
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
    const frame = document.createElement('div');
    frame.className = 'copied';
    block.replaceWith(frame);
    frame.append(block, button);
  }
}

tellTimes(document);
offerCopies(document);
setInterval(() => tellTimes(document), 30000);
