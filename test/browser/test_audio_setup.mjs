// Goal: the streamer's set-up page works in a real browser: settings go out as changed, a Wi-Fi is
// tried before it is kept, an image is sent whole, what strangers named is never taken as HTML, both
// languages, nothing from elsewhere. Method: a server of this test answers as idf/desk_esp.c does.
//
// usage: node test_audio_setup.mjs PAGE            (exit 77: no Chromium here)

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Chromium, Tab, findChromium } from './chromium.mjs';

const NAME = '<b id=evil>hall</b>';
const SETTINGS = [
  { name: 'name', kind: 'text', value: 'ESP32-C3-Audio', least: 0, most: 29, meaning: 'of this streamer' },
  { name: 'ssid', kind: 'text', value: 'home', least: 0, most: 32, meaning: 'first Wi-Fi network' },
  { name: 'token', kind: 'secret', set: true, least: 0, most: 64, meaning: 'listeners must know it' },
  { name: 'gpio', kind: 'number', value: '2', least: 0, most: 48, meaning: 'pin' },
  { name: 'bluetooth', kind: 'choice', value: 'ble', least: 0, most: 0, words: 'off|ble|speaker', meaning: 'which' },
];
const html = await readFile(process.argv[2]);
const asked = [];
const trials = ['trying', 'joined'];

function answer(path, method) {
  if (path === '/') return [html, 'text/html'];
  if (path === '/api/status') return [JSON.stringify({ name: NAME, ssid: '<i>x</i>' }), 'application/json'];
  if (path === '/api/settings' && method === 'GET') return [JSON.stringify(SETTINGS), 'application/json'];
  if (path === '/api/try-wifi' && method === 'GET') return [trials.length > 1 ? trials.shift() : trials[0], 'text/plain'];
  if (path === '/api/scan') return [JSON.stringify([{ ssid: '<img src=x onerror=alert(1)>', rssi: -50 }]), 'application/json'];
  return ['ok', 'text/plain'];
}

async function serve(request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (request.method === 'POST') asked.push([request.url, body.length > 100 ? body.length : String(body)]);
  if (String(body) === 'gpio=99') {
    response.writeHead(400);
    response.end('gpio');
    return;
  }
  const [content, type] = answer(request.url.split('?')[0], request.method);
  response.writeHead(200, { 'Content-Type': type, 'Content-Security-Policy': "default-src 'self' 'unsafe-inline'" });
  response.end(content);
}

const by = (id) => `document.getElementById('${id}')`;

async function shows(tab) {
  await tab.until(`${by('name')}.textContent === ${JSON.stringify(NAME)}`);
  assert.equal(await tab.run(by('evil')), null);
  assert.equal(await tab.run(`${by('listen')}.href`), 'http://127.0.0.1/');
  await tab.run(`${by('scan')}.click()`);
  await tab.until(`${by('nets')}.textContent.includes('onerror')`);
  assert.equal(await tab.run("document.querySelectorAll('#nets img, #status i').length"), 0);
}

async function change(tab, name, value) {
  await tab.until(`document.querySelector('[name=${name}]')`);
  await tab.run(`document.querySelector('[name=${name}]').value = ${JSON.stringify(value)}`);
}

async function sendsWhatChanged(tab) {
  await change(tab, 'bluetooth', 'off');
  await tab.run(`${by('form')}.requestSubmit()`);
  await tab.until(`${by('say')}.textContent.startsWith('Saved.')`);
  assert.deepEqual(asked.splice(0), [['/api/settings', 'bluetooth=off']]);
  await tab.until("document.querySelector('[name=bluetooth]').value === 'ble'"); // asked for anew
  await tab.run(`${by('form')}.noValidate = true`);
  await change(tab, 'gpio', '99');
  await tab.run(`${by('form')}.requestSubmit()`);
  await tab.until(`${by('say')}.textContent === 'Not allowed: gpio' && ${by('say')}.className === 'bad'`);
  asked.length = 0;
  await change(tab, 'gpio', '2');
}

async function triesAWifi(tab) {
  await change(tab, 'ssid', 'work & more');
  await tab.run(`${by('form')}.requestSubmit()`);
  await tab.until(`${by('say')}.textContent === 'Connected and saved.'`);
  assert.deepEqual(asked.splice(0), [['/api/try-wifi', 'ssid=work+%26+more']]);
}

async function sendsAnImage(tab) {
  await tab.run(`(() => { const d = new DataTransfer();
    d.items.add(new File([new Uint8Array(70000)], 'audio.bin')); ${by('image')}.files = d.files; })()`);
  await tab.run(`${by('send')}.click()`);
  await tab.until(`${by('say')}.textContent === 'Installed. The streamer restarts.'`);
  await tab.run(`${by('reboot')}.click()`);
  await tab.until('true');
  for (let left = 100; asked.length < 2 && left > 0; left--)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(asked.splice(0), [['/update', 70000], ['/api/reboot', '']]);
}

async function speaksKorean(tab) {
  await tab.run(`${by('lang')}.click()`);
  assert.equal(await tab.run('document.documentElement.lang'), 'ko');
  assert.equal(await tab.run(`${by('listen')}.textContent`), '듣기');
  await tab.size(360, 740); // on a phone nothing runs out of the page
  assert.equal(await tab.run('document.documentElement.scrollWidth <= innerWidth'), true);
}

async function main() {
  const program = findChromium();
  if (!program) {
    console.log('SKIPPED: no Chromium');
    return 77;
  }
  const server = createServer(serve);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const browser = await Chromium.start(program, 'en');
  try {
    const tab = await Tab.open(browser);
    await tab.go(`http://127.0.0.1:${server.address().port}/`);
    await shows(tab);
    await sendsWhatChanged(tab);
    await triesAWifi(tab);
    await sendsAnImage(tab);
    await speaksKorean(tab);
    assert.ok(tab.requests.every((url) => url.startsWith('http://127.0.0.1:')), String(tab.requests));
    console.log(`${tab.requests.length} requests, none elsewhere`);
  } finally {
    await browser.stop();
    server.closeAllConnections();
    server.close();
  }
  return 0;
}

process.exit(await main());
