// Keeps the page current and shows how an upload goes. Without it everything still works.

const EVERY_MS = 10000;
const WAIT_MS = 8000;

const words = {};
for (const word of document.getElementById('words').content.children)
  words[word.dataset.key] = word.textContent;

// The relay renders the page anew, and what differs is patched in: the same nodes stay, so nothing
// flickers and scroll position, focus, opened details and a chosen file are kept.

function patchAttributes(now, next) {
  for (const { name, value } of next.attributes)
    if (now.getAttribute(name) !== value) now.setAttribute(name, value);
  for (const { name } of [...now.attributes])
    if (!next.hasAttribute(name)) now.removeAttribute(name);
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.dataset.key : undefined;
}

function sameKind(a, b) {
  return a && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function patchChildren(now, next) {
  const keyed = new Map();
  for (const child of now.children)
    if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  let at = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    const key = keyOf(wanted);
    const old = key === undefined ? at : keyed.get(key);
    if (!sameKind(old, wanted)) {
      now.insertBefore(document.importNode(wanted, true), at);
      continue;
    }
    if (old !== at) now.insertBefore(old, at);
    else at = at.nextSibling;
    patch(old, wanted);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function patch(now, next) {
  if (now.nodeType !== Node.ELEMENT_NODE) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  patchAttributes(now, next);
  patchChildren(now, next);
}

// When the relay does not answer.

let offlineSince = null;

function showOffline() {
  offlineSince ??= new Date();
  const line = document.getElementById('offline');
  const text = `${words.js_offline} ${offlineSince.toLocaleTimeString(document.documentElement.lang)}`;
  if (line.textContent !== text) line.textContent = text;
  line.hidden = false;
}

function showOnline() {
  offlineSince = null;
  document.getElementById('offline').hidden = true;
}

async function refresh() {
  try {
    const answer = await fetch(location.href, {
      cache: 'no-store', signal: AbortSignal.timeout(WAIT_MS), headers: { Accept: 'text/html' },
    });
    if (!answer.ok && answer.status !== 503) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const live of page.querySelectorAll('[data-live]')) {
      const now = document.getElementById(live.id);
      if (now) patch(now, live);
    }
    document.title = page.title;
    showOnline();
  } catch {
    showOffline();
  }
}

let timer;

async function loop() {
  clearTimeout(timer);
  if (!document.hidden) await refresh();
  clearTimeout(timer);
  timer = setTimeout(loop, EVERY_MS);
}

timer = setTimeout(loop, EVERY_MS);
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) loop();
});

// Uploading with progress; a key makes a repeated attempt harmless.

const form = document.getElementById('upload-form');
const file = document.getElementById('upload-file');
const bar = document.getElementById('upload-progress');
const result = document.getElementById('upload-result');
const button = form.querySelector('button');

function say(kind, text) {
  result.className = kind;
  result.textContent = text;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return 'page-' + Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

let keyFor = { file: null, key: '' };

function keyOfFile(chosen) {
  if (keyFor.file !== chosen) keyFor = { file: chosen, key: newKey() };
  return keyFor.key;
}

function finished(request) {
  let answer = {};
  try {
    answer = JSON.parse(request.responseText);
  } catch {
    // Not from the relay; the status says enough.
  }
  if (request.status === 200 && answer.success) {
    say('good', `${answer.duplicate ? words.js_duplicate : words.js_kept} ${answer.filename}`);
    form.reset();
    keyFor = { file: null, key: '' };
    loop();
  } else {
    say('bad', `${words.js_refused} ${answer.error ?? request.status}`);
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const chosen = file.files[0];
  if (!chosen) {
    say('bad', words.js_choose_first);
    return;
  }
  const request = new XMLHttpRequest();
  request.open('POST', form.action);
  request.setRequestHeader('Idempotency-Key', keyOfFile(chosen));
  request.upload.addEventListener('progress', (e) => {
    if (e.lengthComputable) bar.value = (100 * e.loaded) / e.total;
  });
  request.addEventListener('load', () => finished(request));
  request.addEventListener('error', () => say('bad', words.js_lost));
  request.addEventListener('loadend', () => {
    button.disabled = false;
    bar.hidden = true;
  });
  button.disabled = true;
  bar.value = 0;
  bar.hidden = false;
  say('', `${words.js_sending} ${chosen.name}`);
  request.send(new FormData(form));
});
