// Goal: the page, as people use it: right numbers, kept current without flicker, uploads that tell
// their end, both languages, every width, no script where none may run.
//
// usage: node test_page.mjs CAMRELAYD          (exit 77: no Chromium here)
// Starts its own relay on a port the kernel picks, and its own browser; ends both by their ids.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chromium, Tab, endProcess, findChromium } from './chromium.mjs';

class Relay {
  static async start(program, folder, port = 0) {
    const self = new Relay();
    self.folder = folder;
    self.process = spawn(program, ['--host', '127.0.0.1', '--port', String(port), '--dir', folder,
      '--sent-file', '', '--remote', 'http://127.0.0.1:9/upload', '--interval', '1'],
    { stdio: ['ignore', 'pipe', 'pipe'] });
    self.port = await new Promise((resolve, reject) => {
      let text = '';
      const look = (piece) => {
        text += piece;
        const found = text.match(/listening.*?port=(\d+)/);
        if (found) resolve(Number(found[1]));
      };
      self.process.stdout.on('data', look);
      self.process.stderr.on('data', look);
      self.process.once('exit', () => reject(new Error(`the relay ended: ${text}`)));
    });
    self.url = `http://127.0.0.1:${self.port}`;
    return self;
  }

  async stop() {
    await endProcess(this.process);
  }

  async upload(jpeg, headers = {}) {
    const form = new FormData();
    form.append('file', new Blob([jpeg], { type: 'image/jpeg' }), 'photo.jpg');
    const answer = await fetch(`${this.url}/upload`, { method: 'POST', body: form, headers });
    return { status: answer.status, ...(await answer.json()) };
  }
}

// The browser draws the photos: no two alike, whole JPEGs.
async function drawPhoto(tab, seed, width = 640, height = 480) {
  const text = await tab.run(`(async () => {
    const canvas = new OffscreenCanvas(${width}, ${height});
    const pen = canvas.getContext('2d');
    for (let i = 0; i < 40; i++) {
      pen.fillStyle = 'hsl(' + (${seed} * 47 + i * 9) % 360 + ' 60% ' + (20 + i) + '%)';
      pen.fillRect(i * ${width} / 40, 0, ${width} / 40 + 1, ${height});
    }
    const blob = await canvas.convertToBlob({ type: 'image/jpeg' });
    return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  })()`);
  return Buffer.from(text, 'base64');
}

const text = (selector) => `document.querySelector(${JSON.stringify(selector)})?.textContent`;
const refreshNow = "document.dispatchEvent(new Event('visibilitychange'))";

const CHOOSE = (bytes, name) => `{
  const box = new DataTransfer();
  box.items.add(new File([${bytes}], ${JSON.stringify(name)}, { type: 'image/jpeg' }));
  document.getElementById('upload-file').files = box.files;
  document.querySelector('#upload-form button').click();
}`;

// Contrast of every visible text against what lies behind it (WCAG 2.1, 1.4.3).
const LOW_CONTRAST = `(() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const low = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.nodeValue.trim() || !e.checkVisibility() || e.closest('.hidden, meter, script, noscript')) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(walk.currentNode.nodeValue.trim());
  }
  return low;
})()`;

const tests = {
  async 'an empty relay says so'({ tab, relay }) {
    await tab.go(relay.url);
    assert.equal(await tab.run(text('#received')), '0');
    assert.match(await tab.run(text('#photos .empty')), /No photo yet/);
    assert.equal(await tab.run(`getComputedStyle(document.getElementById('offline')).display`), 'none');
  },

  async 'the numbers are those of /health'({ tab, relay }) {
    for (let i = 0; i < 5; i++) {
      const answer = await relay.upload(await drawPhoto(tab, i), { 'X-Camera-Id': `cam${i % 2}` });
      assert.equal(answer.status, 200);
    }
    await tab.go(relay.url);
    const health = await (await fetch(`${relay.url}/health`)).json();
    assert.equal(health.received_session, 5);
    assert.equal(await tab.run(text('#received')), String(health.received_session));
    assert.equal(await tab.run(text('#stored')), String(health.stored_total));
    assert.equal(await tab.run(text('#pending')), String(health.destinations[0].pending));
    assert.equal(await tab.run(`document.querySelectorAll('#photos img').length`), 5);
    assert.match(await tab.run(text('#destination-list')), /127\.0\.0\.1:9\/upload/);
    assert.equal(await tab.run(text('#storage code')), relay.folder);
    assert.match(await tab.run(text('#cameras')), /cam0/);
  },

  async 'the pictures are there, described, and open the photo'({ tab }) {
    await tab.until(`[...document.querySelectorAll('#photos img')].every((i) => i.complete)`);
    assert.ok(await tab.run(`[...document.querySelectorAll('#photos img')]
      .every((i) => i.naturalWidth >= 320 && i.alt.includes('cam') && i.loading === 'lazy')`));
    const href = await tab.run(`document.querySelector('#photos a').href`);
    const photo = await fetch(href);
    assert.equal(photo.headers.get('content-type'), 'image/jpeg');
    assert.equal(photo.status, 200);
  },

  async 'it refreshes by itself, keeping nodes, scroll, focus and opened details'({ tab, relay }) {
    await tab.size(900, 500);
    await tab.go(relay.url);
    await tab.run(`{
      window.marks = [...document.querySelectorAll('#received, #photos li, #photos img, #storage dd, tr, section')];
      window.removed = 0;
      new MutationObserver((list) => {
        for (const change of list) for (const node of change.removedNodes)
          if (node.nodeType === 1) window.removed++;
      }).observe(document.body, { childList: true, subtree: true });
      document.querySelector('details').open = true;
      document.getElementById('upload-file').focus();
      scrollTo(0, 700);
      window.before = scrollY;
    }`);
    const added = await relay.upload(await drawPhoto(tab, 77));
    await tab.until(`document.getElementById('received').textContent === '6'`); // within 10 s
    assert.equal(await tab.run(`document.querySelector('#photos li').dataset.key`), added.filename);
    assert.equal(await tab.run(`document.querySelectorAll('#photos li').length`), 6);
    assert.ok(await tab.run('window.marks.every((node) => node.isConnected)'));
    assert.equal(await tab.run('window.removed'), 0);
    assert.equal(await tab.run('document.activeElement.id'), 'upload-file');
    assert.ok(await tab.run(`document.querySelector('details').open`));
    // The content above may have grown by a row of pictures; the browser keeps what is in view.
    assert.ok(await tab.run('scrollY >= window.before'));
  },

  async 'the form uploads, shows the end, and the photo appears'({ tab, relay }) {
    await tab.go(relay.url);
    const jpeg = await drawPhoto(tab, 123);
    await tab.run(CHOOSE(`new Uint8Array([${[...jpeg].join()}])`, '현관 문.jpg'));
    await tab.until(`document.getElementById('upload-result').className === 'good'`);
    assert.match(await tab.run(text('#upload-result')), /Stored safely as .*_\d{8}_\d{6}/);
    await tab.until(`document.getElementById('received').textContent === '7'`);
    assert.equal(await tab.run(`document.querySelector('#upload-form button').disabled`), false);
    assert.equal(await tab.run(`document.getElementById('upload-file').files.length`), 0);
    assert.equal(await tab.run(`document.getElementById('upload-progress').hidden`), true);
  },

  async 'what is no photo is refused with a reason'({ tab, relay }) {
    await tab.go(relay.url);
    await tab.run(CHOOSE(`'just text'`, 'a.jpg'));
    await tab.until(`document.getElementById('upload-result').className === 'bad'`);
    assert.match(await tab.run(text('#upload-result')), /Not stored: .*JPEG/);
    assert.equal(await tab.run(`document.querySelector('#upload-form button').disabled`), false);
    tab.complaints = tab.complaints.filter((c) => !/415/.test(c)); // the browser logs the status
  },

  async 'a hostile camera name stays text'({ tab, relay }) {
    await relay.upload(await drawPhoto(tab, 5), { 'X-Camera-Id': '<img/src=x/onerror=alert(1)>' });
    await tab.go(relay.url);
    assert.match(await tab.run(text('#photos')), /<img\/src=x\/onerror=alert\(1\)>/);
    await tab.run(refreshNow);
    assert.equal(await tab.run(`document.querySelectorAll('img[onerror], img[src="x"]').length`), 0);
  },

  async 'no width makes it scroll sideways'({ tab, relay }) {
    for (const width of [320, 390, 768, 1280]) {
      await tab.size(width, 800);
      await tab.go(relay.url);
      await tab.run(`document.querySelector('details').open = true`);
      const wide = await tab.run('document.documentElement.scrollWidth');
      assert.ok(wide <= width, `${wide} px at ${width}`);
    }
    await tab.size(1280, 900);
  },

  async 'it can be read: landmarks, names, contrast in light and dark'({ tab, relay }) {
    for (const scheme of ['light', 'dark']) {
      await tab.prefer({ 'prefers-color-scheme': scheme });
      await tab.go(relay.url);
      await tab.run(`document.querySelector('details').open = true`);
      assert.deepEqual(await tab.run(LOW_CONTRAST), []);
    }
    assert.deepEqual(await tab.run(`['header', 'main', 'footer', 'h1']
      .map((n) => document.querySelectorAll(n).length)`), [1, 1, 1, 1]);
    assert.equal(await tab.run(`document.querySelectorAll('img:not([alt])').length`), 0);
    assert.equal(await tab.run(`document.querySelectorAll('section:not([aria-labelledby])').length`), 0);
    assert.equal(await tab.run(`document.getElementById('upload-file').labels.length`), 1);
    const ids = await tab.run(`[...document.querySelectorAll('[id]')].map((e) => e.id)`);
    assert.equal(new Set(ids).size, ids.length);
  },

  async 'nothing foreign runs or is asked for'({ tab, relay }) {
    tab.requests = [];
    await tab.go(relay.url);
    assert.ok(tab.requests.length > 5);
    assert.deepEqual(tab.requests.filter((url) => !url.startsWith(relay.url)), []);
    assert.deepEqual(tab.complaints, []);
    await tab.run(`{
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<p id=x style="color:red" onclick="window.ran = true">');
      document.getElementById('x').click();
    }`);
    assert.equal(await tab.run('window.ran'), undefined);
    assert.ok(tab.complaints.length >= 2 && tab.complaints.every((c) => /Content Security Policy/.test(c)));
    tab.complaints = [];
  },

  async 'it says when the relay is away, and when it is back'(world) {
    const { tab } = world;
    await tab.go(world.relay.url);
    await world.relay.stop();
    await tab.run(refreshNow);
    await tab.until(`!document.getElementById('offline').hidden`);
    assert.match(await tab.run(text('#offline')), /does not answer since \d/);
    assert.equal(await tab.run(text('#stored')), '8'); // what was known stays
    world.relay = await Relay.start(world.program, world.relay.folder, world.relay.port);
    await tab.run(refreshNow);
    await tab.until(`document.getElementById('offline').hidden`);
    assert.equal(await tab.run(text('#received')), '0'); // a new session
    assert.equal(await tab.run(text('#stored')), '8');
    tab.complaints = tab.complaints.filter((c) => !/ERR_CONNECTION/.test(c));
  },

  async 'it works without a script'({ tab, relay }) {
    await tab.send('Emulation.setScriptExecutionDisabled', { value: true });
    await tab.go(relay.url);
    assert.equal(await tab.run(text('#stored')), '8');
    assert.equal(await tab.run(`document.querySelector('noscript meta')?.content`), '10');
    const jpeg = await drawPhoto(tab, 321);
    const loaded = new Promise((resolve) => { tab.loaded = resolve; });
    await tab.run(CHOOSE(`new Uint8Array([${[...jpeg].join()}])`, 'plain.jpg'));
    await loaded;
    assert.equal(await tab.run('location.pathname'), '/upload');
    assert.match(await tab.run('document.body.textContent'), /"success":true/);
    await tab.send('Emulation.setScriptExecutionDisabled', { value: false });
  },

  async 'it speaks Korean to a Korean browser, and the other language is one click away'({ tab, relay }) {
    const browser = await Chromium.start(findChromium(), 'ko');
    try {
      const korean = await Tab.open(browser);
      await korean.size(390, 800);
      await korean.go(relay.url);
      assert.equal(await korean.run('document.documentElement.lang'), 'ko');
      assert.match(await korean.run(text('#numbers')), /이번 세션 수신/);
      assert.match(await korean.run(text('#status')), /응답하지 않아|정상/);
      assert.ok(await korean.run('document.documentElement.scrollWidth') <= 390);
      await korean.run(CHOOSE(`'just text'`, 'a.jpg'));
      await korean.until(`document.getElementById('upload-result').className === 'bad'`);
      assert.match(await korean.run(text('#upload-result')), /저장되지 않았습니다/);
      const loaded = new Promise((resolve) => { korean.loaded = resolve; });
      await korean.run(`document.querySelector('.language').click()`);
      await loaded;
      assert.equal(await korean.run('document.documentElement.lang'), 'en');
      await korean.run(refreshNow);
      assert.equal(await korean.run('document.documentElement.lang'), 'en'); // and stays
    } finally {
      await browser.stop();
    }
    assert.deepEqual(tab.complaints, []);
  },
};

async function main() {
  const program = process.argv[2];
  const chromium = findChromium();
  if (!chromium) {
    console.log('skipped: no Chromium; install it or name it in CAMRELAY_CHROMIUM');
    return 77;
  }
  const folder = await mkdtemp(join(tmpdir(), 'camrelay-page-'));
  const world = { program };
  let failed = 0;
  try {
    world.relay = await Relay.start(program, folder);
    world.browser = await Chromium.start(chromium, 'en');
    world.tab = await Tab.open(world.browser);
    for (const [name, test] of Object.entries(tests)) {
      try {
        await test(world);
        console.log(`ok      ${name}`);
      } catch (error) {
        failed++;
        console.log(`FAILED  ${name}\n${error.stack}`);
      }
    }
    if (world.tab.complaints.length > 0) {
      failed++;
      console.log('FAILED  the browser complained:', world.tab.complaints);
    }
  } finally {
    await world.browser?.stop();
    await world.relay?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return failed > 0 ? 1 : 0;
}

process.exit(await main());
