// Notes of 5 KB, all different, of words that hardly repeat: some servers compress what they store.
const SIZE = 5 * 1024;
const WORDS = `archive backend budget cache client cursor decision deploy design device draft endpoint error feature
history idea index journal latency limit manifest milestone module note option plan project query queue record release
report result retry review schema server session story summary sync task test token version worker`.split(/\s+/);

let seed = 1;
function random(below) {
  seed = (seed * 1103515245 + 12345) % 2 ** 31;
  return Math.floor((seed / 2 ** 31) * below);
}

function words(size) {
  let text = '';
  while (text.length < size) text += `${WORDS[random(WORDS.length)]}${random(1000)}${random(9) ? ' ' : '\n\n'}`;
  return text;
}

const TEXTS = Array.from({ length: 200 }, () => words(SIZE));

let last = 0;
export function note() {
  const number = ++last;
  const text = `# Note ${number}\n\n${TEXTS[number % TEXTS.length]}`.slice(0, SIZE);
  return { number, path: `ideas/${number % 100}/${number}.md`, text };
}

export const notes = (count) => Array.from({ length: count }, note);
