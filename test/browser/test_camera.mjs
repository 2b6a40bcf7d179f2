// Goal: the camera's own page works in a real browser: the live picture on its own port is opened by
// a ticket and asks for no second password, settings go out as changed, what a camera is called is
// never taken as HTML, both languages, nothing from elsewhere. Method: a server of this test answers
// as camera/main/pages.c does, with a picture that vcam drew with the firmware's own logic.
//
// usage: node test_camera.mjs VCAM PAGE            (exit 77: no Chromium here)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Chromium, Tab, endProcess, findChromium } from './chromium.mjs';

const PASSWORD = 'hush-hush';
const TICKET = '0123456789abcdef0123456789abcdef';
const NAME = '<b id=evil>door</b>';
const SETTINGS = [
  { name: 'ssid', kind: 'text', value: 'home', least: 0, most: 32, meaning: 'first Wi-Fi network' },
  { name: 'password', kind: 'secret', set: true, least: 0, most: 63, meaning: 'its password' },
  { name: 'quality', kind: 'number', value: '12', least: 4, most: 63, meaning: 'JPEG quality' },
  { name: 'size', kind: 'choice', value: 'svga', least: 0, most: 2, words: 'vga|svga|uxga', meaning: 'size' },
];
const [vcam, page] = process.argv.slice(2);

async function listen(handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

function bodyOf(request) {
  return new Promise((resolve) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => resolve(Buffer.concat(pieces)));
  });
}

// A photo as vcam posts it.
async function drawPicture() {
  let picture = null;
  const state = await mkdtemp(join(tmpdir(), 'camrelay-camera-'));
  const relay = await listen(async (request, response) => {
    const body = await bodyOf(request);
    const begin = body.indexOf('\r\n\r\n') + 4;
    picture = body.subarray(begin, body.lastIndexOf('\r\n--'));
    response.end('{"success": true}');
  });
  const child = spawn(vcam, ['--to', `http://127.0.0.1:${relay.address().port}`, '--photos', '1',
    '--state', state, '--deadline', '20', '--quiet'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  await endProcess(child);
  relay.close();
  await rm(state, { recursive: true });
  assert.ok(picture?.length > 1000, 'vcam sent a picture');
  return picture;
}

class Camera {
  static async start(picture) {
    const self = new Camera();
    Object.assign(self, { picture, frames: 0, watching: 0, asked: [], refused: 0 });
    self.stream = await listen((request, response) => self.answerStream(request, response));
    self.server = await listen((request, response) => self.answer(request, response));
    self.port = self.server.address().port;
    self.html = await readFile(page);
    return self;
  }

  may(request) {
    const basic = Buffer.from(`admin:${PASSWORD}`).toString('base64');
    return request.headers.authorization === `Basic ${basic}`;
  }

  challenge(response) {
    this.refused++;
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera", charset="UTF-8"' });
    response.end('no');
  }

  answerStream(request, response) {
    if (!request.url.includes(`ticket=${TICKET}`) && !this.may(request))
      return this.challenge(response);
    this.watching++;
    response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace;boundary=camrelay-frame' });
    const timer = setInterval(() => {
      this.frames++;
      response.write(`\r\n--camrelay-frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${this.picture.length}\r\n\r\n`);
      response.write(this.picture);
    }, 50);
    request.once('close', () => { clearInterval(timer); this.watching--; });
    return undefined;
  }

  async answer(request, response) {
    const path = request.url.split('?')[0];
    if (!this.may(request)) return this.challenge(response);
    const body = String(await bodyOf(request));
    if (request.method === 'POST') this.asked.push([path, body]);
    if (path === '/stream') {
      const host = request.headers.host.split(':')[0];
      response.writeHead(302, {
        Location: `http://${host}:${this.stream.address().port}/stream?ticket=${TICKET}`, 'Cache-Control': 'no-store',
      });
      return response.end();
    }
    const answers = {
      '/': [this.html, 'text/html'],
      '/status': [JSON.stringify({ device: NAME, waiting: 2, problem: '<i>none</i>' }), 'application/json'],
      '/api/settings': [request.method === 'POST' ? 'ok' : JSON.stringify(SETTINGS), 'application/json'],
      '/api/scan': [JSON.stringify([{ ssid: '<img src=x onerror=alert(1)>', rssi: -50 }]), 'application/json'],
      '/capture': [this.picture, 'image/jpeg'],
    };
    const [content, type] = answers[path] ?? ['ok', 'text/plain'];
    response.writeHead(200, {
      'Content-Type': type, 'Content-Security-Policy': "default-src 'self' 'unsafe-inline'; img-src *",
    });
    return response.end(content);
  }

  stop() {
    for (const server of [this.server, this.stream]) {
      server.closeAllConnections();
      server.close();
    }
  }
}

// A person types the password once, into the page's own address, and nowhere else.
async function typePassword(browser, tab, camera) {
  browser.listeners.push(({ method, params, sessionId }) => {
    if (sessionId !== tab.sessionId) return;
    if (method === 'Fetch.requestPaused') tab.send('Fetch.continueRequest', { requestId: params.requestId });
    if (method !== 'Fetch.authRequired') return;
    const own = params.authChallenge.origin === `http://127.0.0.1:${camera.port}`;
    tab.send('Fetch.continueWithAuth', {
      requestId: params.requestId,
      authChallengeResponse: own ? { response: 'ProvideCredentials', username: 'admin', password: PASSWORD }
        : { response: 'CancelAuth' },
    });
  });
  await tab.send('Fetch.enable', { handleAuthRequests: true });
}

const by = (id) => `document.getElementById('${id}')`;

async function showsItsState(tab) {
  await tab.until(`${by('name')}.textContent === ${JSON.stringify(NAME)}`);
  assert.equal(await tab.run(`${by('evil')}`), null);
  await tab.run(`${by('scan')}.click()`);
  await tab.until(`${by('nets')}.textContent.includes('onerror')`);
  assert.equal(await tab.run("document.querySelectorAll('#nets img').length"), 0);
}

async function showsTheLivePicture(tab, camera) {
  const refused = camera.refused;
  await tab.run(`${by('live')}.click()`);
  await tab.until(`${by('picture')}.naturalWidth === 640`);
  assert.equal(camera.watching, 1);
  assert.equal(camera.refused, refused, 'no second password');
  await tab.run(`${by('live')}.click()`); // stop: the browser hangs up
  for (let left = 200; camera.watching > 0 && left > 0; left--)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(camera.watching, 0);
  await tab.run(`${by('snap')}.click()`);
  await tab.until(`${by('picture')}.src.includes('/capture') && ${by('picture')}.naturalWidth === 640`);
}

async function sendsWhatChanged(tab, camera) {
  await tab.until("document.querySelector('[name=quality]')");
  camera.asked.length = 0;
  await tab.run("document.querySelector('[name=quality]').value = '20'");
  await tab.run("document.querySelector('[name=size]').value = 'uxga'");
  await tab.run(`${by('form')}.requestSubmit()`);
  await tab.until(`${by('say')}.textContent === 'Saved.'`);
  assert.deepEqual(camera.asked, [['/api/settings', 'quality=20&size=uxga']]);
  camera.asked.length = 0;
  await tab.run(`${by('pem')}.value = '-----BEGIN CERTIFICATE-----'`);
  await tab.run(`${by('pin')}.click()`);
  await tab.run(`${by('shoot')}.click()`);
  await tab.until(`${by('say')}.textContent === 'The photo is on its way.'`);
  assert.deepEqual(camera.asked.map(([path]) => path).sort(), ['/api/ca', '/api/shoot']);
}

async function speaksKorean(tab) {
  await tab.run(`${by('lang')}.click()`);
  assert.equal(await tab.run('document.documentElement.lang'), 'ko');
  assert.equal(await tab.run(`${by('shoot')}.textContent`), '사진 찍어 보내기');
  await tab.size(360, 740); // on a phone nothing runs out of the page
  assert.equal(await tab.run('document.documentElement.scrollWidth <= innerWidth'), true);
}

async function main() {
  const program = findChromium();
  if (!program) {
    console.log('SKIPPED: no Chromium');
    return 77;
  }
  const camera = await Camera.start(await drawPicture());
  const browser = await Chromium.start(program, 'en');
  try {
    const tab = await Tab.open(browser);
    await typePassword(browser, tab, camera);
    await tab.go(`http://127.0.0.1:${camera.port}/`);
    await showsItsState(tab);
    await showsTheLivePicture(tab, camera);
    await sendsWhatChanged(tab, camera);
    await speaksKorean(tab);
    assert.ok(tab.requests.every((url) => url.startsWith('http://127.0.0.1:')), String(tab.requests));
    assert.deepEqual(tab.complaints, []);
    assert.equal(camera.asked.length > 0 && camera.frames > 0, true);
    console.log(`live picture: ${camera.frames} frames; ${tab.requests.length} requests, none elsewhere`);
  } finally {
    await browser.stop();
    camera.stop();
  }
  return 0;
}

process.exit(await main());
