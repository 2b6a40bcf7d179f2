// Goal: the Bluetooth page, as the one file that is installed, plays what the streamer's own GATT logic
// sends: the right pitch in every codec, losses marked and shown, orders obeyed, a lost connection
// found again, and its reasons told where it cannot work.
//
// Method: ble_peer runs the C of the firmware over pipes; a stand-in for navigator.bluetooth in a
// headless Chromium passes its notifications on and takes the page's orders.
//
// usage: node test_audio_bluetooth.mjs BLE_PEER PAGE   (exit 77: no Chromium here)

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Chromium, Tab, endProcess, findChromium } from './chromium.mjs';
import { PITCH } from './pitch.mjs';

const TONE_HZ = 1000;
const REPORT = 'audioPage.state.report';

// What Chromium's Web Bluetooth is to the page. The other side of askPeer() is this test.
const STAND_IN = `(() => {
  const parts = new Map();
  let next = 1;
  const answers = new Map();
  const ask = (line) => new Promise((resolve) => {
    answers.set(next, resolve);
    askPeer(JSON.stringify([next++, line]));
  });
  const bytes = (hex) => new DataView(Uint8Array.from(hex.match(/../g) ?? [], (x) => parseInt(x, 16)).buffer);
  const hex = (data) => [...new Uint8Array(data.buffer ?? data)].map((b) => b.toString(16).padStart(2, '0')).join('');
  const partOf = (uuid) => Number(uuid.match(/^e5a0000(\\d)-7a3c-4d5e-9b1f-2c6d8e0f4a10$/)[1]);
  let busy = false;
  async function alone(what) { // as Chromium: one operation of GATT at a time
    if (busy) throw new DOMException('GATT operation already in progress.', 'NetworkError');
    busy = true;
    try { return await what(); } finally { busy = false; }
  }
  const characteristic = (part) => ({
    part, value: null,
    startNotifications: () => alone(() => ask('subscribe ' + part + ' 1')),
    readValue: () => alone(async () => bytes(await ask('read ' + part))),
    writeValueWithResponse: (data) => alone(async () => {
      const status = await ask('control ' + hex(data));
      if (status !== '0') throw new DOMException('GATT Error: ' + status, 'NotSupportedError');
    }),
  });
  const gatt = {
    connected: false,
    async connect() {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (fake.away) throw new DOMException('Connection failed.', 'NetworkError');
      parts.clear();
      await ask('connect ' + fake.mtu);
      gatt.connected = true;
      return { getPrimaryService: async (uuid) => {
        if (partOf(uuid) !== 1) throw new DOMException('none', 'NotFoundError');
        return { getCharacteristic: async (one) => {
          if (!parts.has(partOf(one))) parts.set(partOf(one), characteristic(partOf(one)));
          return parts.get(partOf(one));
        } };
      } };
    },
    disconnect() { fake.drop(); },
  };
  const device = { name: 'ESP32-C3-Audio', gatt };
  const fake = window.fakeBluetooth = { mtu: 517, away: false, asked: null,
    answer: (number, text) => { answers.get(number)(text); answers.delete(number); },
    notify: (list) => { for (const [part, text] of list) {
      const c = parts.get(part);
      if (!c) continue;
      c.value = bytes(text);
      c.oncharacteristicvaluechanged?.({ target: c });
    } },
    drop: () => {
      if (!gatt.connected) return;
      gatt.connected = false;
      ask('gone');
      device.ongattserverdisconnected?.();
    } };
  Object.defineProperty(navigator, 'bluetooth', { configurable: true, value: {
    requestDevice: async (what) => { fake.asked = JSON.stringify(what); return device; } } });
})()`;

// The streamer behind the stand-in. 20 ms of sound pass every 20 ms of this machine's clock.
class Peer {
  constructor(program, tab) {
    this.process = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.tab = tab;
    this.waiting = [];
    this.notifications = [];
    this.lose = 0; // so many of the next notifications never arrive
    this.sent = [];
    let rest = '';
    this.process.stdout.on('data', (piece) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop();
      for (const line of lines) this.take(line);
    });
    const start = performance.now();
    let steps = 0;
    this.timer = setInterval(() => {
      for (; steps < (performance.now() - start) / 20; steps++) this.write('step');
    }, 5);
    tab.browser.listeners.push(({ method, params }) => {
      if (method !== 'Runtime.bindingCalled' || params.name !== 'askPeer') return;
      const [number, line] = JSON.parse(params.payload);
      this.ask(line).then((text) => tab.run(`fakeBluetooth.answer(${number}, '${text}')`)).catch(() => {});
    });
  }

  write(line) { this.process.stdin.write(`${line}\n`); }

  ask(line) {
    this.write(line);
    if (!/^(read|control|gain)/.test(line)) return Promise.resolve('');
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  take(line) {
    const [kind, first, second] = line.split(' ');
    if (kind !== 'n') return this.waiting.shift()(first);
    if (this.lose > 0 && first === '2') return void this.lose--;
    this.sent.push([Number(first), second]);
    if (this.sent.length === 1) // what comes at once goes on at once
      setImmediate(() => {
        const list = this.sent.splice(0);
        this.tab.run(`fakeBluetooth.notify(${JSON.stringify(list)})`).catch(() => {});
      });
  }

  async stop() {
    clearInterval(this.timer);
    await endProcess(this.process);
  }
}

async function hears(tab, what) {
  const { hz, peak } = await tab.run(PITCH);
  assert.ok(Math.abs(hz / TONE_HZ - 1) < 0.002 && peak > 0.5 && peak < 0.8, `${what}: ${hz} Hz, ${peak}`);
}

// Of the samples as they were decoded, before the sound card's clock has a say: how much of them is
// the tone. A codec read wrongly keeps its pitch, and little else.
async function recordsTheTone(tab, least) {
  await tab.run("document.getElementById('record').click()");
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const samples = await tab.run(`(async () => {
    document.getElementById('record').click();
    const view = new DataView(await audioPage.state.saved.arrayBuffer());
    return Array.from({ length: (view.byteLength - 44) / 2 }, (_, i) => view.getInt16(44 + 2 * i, true));
  })()`);
  const count = samples.length - samples.length % (16000 / TONE_HZ); // whole periods
  let [a, b, power] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    a += samples[i] * Math.cos(2 * Math.PI * TONE_HZ * i / 16000);
    b += samples[i] * Math.sin(2 * Math.PI * TONE_HZ * i / 16000);
    power += samples[i] ** 2;
  }
  const tone = 2 * (a * a + b * b) / count;
  const db = 10 * Math.log10(tone / (power - tone));
  console.log(`recorded: ${count} samples, ${db.toFixed(1)} dB`);
  assert.ok(count > 16000 && db > least, `${db} dB`);
}

async function playsEveryCodec(tab) {
  await tab.run("document.getElementById('play').click()");
  await tab.until(`${REPORT}?.flowing`);
  assert.equal(JSON.parse(await tab.run('fakeBluetooth.asked')).filters[0].services[0],
    'e5a00001-7a3c-4d5e-9b1f-2c6d8e0f4a10');
  assert.equal(await tab.run('audioPage.sound().kind'), 'worklet');
  assert.equal(await tab.run('audioPage.state.hello.codec'), 'adpcm');
  await recordsTheTone(tab, 25);
  await hears(tab, 'adpcm');
  await tab.run(`(() => { const c = document.getElementById('codec'); c.value = 'ulaw';
    c.dispatchEvent(new Event('change')); })()`);
  await tab.until("audioPage.state.hello.codec === 'ulaw'");
  await recordsTheTone(tab, 35);
  await tab.run(`(() => { const c = document.getElementById('codec'); c.value = 'pcm';
    c.dispatchEvent(new Event('change')); })()`);
  await tab.until("audioPage.state.word === 'codecNo'"); // 648 bytes fit into no notification
  assert.equal(await tab.run("document.getElementById('codec').value"), 'ulaw');
}

async function ordersReachTheDevice(tab, peer) {
  for (const db of [6, -20, 40, 0]) {
    await tab.run(`(() => { const g = document.getElementById('gain'); g.value = ${db};
      g.dispatchEvent(new Event('input')); })()`);
    assert.equal(await tab.run("document.getElementById('gain-shown').textContent"), `${db} dB`);
  }
  await tab.run(`(() => { const g = document.getElementById('gain'); g.value = -7;
    g.dispatchEvent(new Event('input')); })()`);
  for (const end = performance.now() + 10000; await peer.ask('gain') !== '-7';)
    assert.ok(performance.now() < end, 'the gain never arrived');
  assert.equal(await peer.ask('control 0300'), '129'); // 648 bytes: the device itself says no
  await tab.until("document.getElementById('radio').textContent === '-60 dBm, 2M'");
}

async function lossesAreShownAndCostOnlyThemselves(tab, peer) {
  const before = await tab.run(`({ lost: ${REPORT}.lost, marks: audioPage.state.marks })`);
  peer.lose = 2; // on the air: nobody marks it, the index tells
  await tab.until(`${REPORT}.lost >= ${before.lost + 640}`);
  peer.write('full 1'); // in the device: marked, and counted there
  await new Promise((resolve) => setTimeout(resolve, 100));
  peer.write('full 0');
  await tab.until(`audioPage.state.marks > ${before.marks}`);
  await tab.until("parseInt(document.getElementById('dropped').textContent) > 0");
  await hears(tab, 'after losses');
}

async function aLostConnectionIsFoundAgain(tab) {
  await tab.run('fakeBluetooth.away = true; fakeBluetooth.drop()');
  await tab.until("audioPage.state.word === 'again'");
  await new Promise((resolve) => setTimeout(resolve, 700));
  await tab.run('fakeBluetooth.away = false');
  await tab.until("audioPage.state.word === 'playing'");
  await tab.until(`${REPORT}.flowing`);
  await hears(tab, 'again');
  await tab.run("document.getElementById('play').click()");
  assert.equal(await tab.run('audioPage.state.word'), 'off');
}

async function whatCannotWorkIsSaid(tab, url) {
  await tab.run('fakeBluetooth.mtu = 100');
  await tab.run("document.getElementById('play').click()");
  await tab.until("audioPage.state.word === 'small'");
  await tab.run('navigator.bluetooth.requestDevice = () => Promise.reject(new DOMException("no", "NotFoundError"))');
  await tab.run("document.getElementById('play').click()");
  await tab.run("document.getElementById('play').click()");
  await tab.until("audioPage.state.word === 'notChosen'");
  const plain = await Tab.open(tab.browser);
  await plain.go(url.replace('localhost', OTHER_NAME));
  await plain.until("audioPage.state.word === 'notSecure'");
  const missing = await plain.run(`[...document.querySelectorAll('[data-t]')]
    .filter((e) => !e.textContent.trim()).map((e) => e.dataset.t)`);
  assert.deepEqual(missing, []);
}

const OTHER_NAME = 'streamer.test';
const browserProgram = findChromium();
if (!browserProgram) {
  console.log('no Chromium here: skipped');
  process.exit(77);
}
const page = readFileSync(process.argv[3]);
const server = createServer((request, response) => {
  response.writeHead(request.url === '/' ? 200 : 404, { 'Content-Type': 'text/html' });
  response.end(request.url === '/' ? page : '');
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://localhost:${server.address().port}/`;
const browser = await Chromium.start(browserProgram, 'ko',
  { [OTHER_NAME]: '127.0.0.1', localhost: '127.0.0.1' });
let peer = null;
try {
  const tab = await Tab.open(browser);
  peer = new Peer(process.argv[2], tab);
  await tab.send('Runtime.addBinding', { name: 'askPeer' });
  await tab.send('Page.addScriptToEvaluateOnNewDocument', { source: STAND_IN });
  await tab.go(url);
  assert.deepEqual(tab.requests.filter((r) => !r.startsWith('data:')), [url]); // one file, nothing else
  await playsEveryCodec(tab);
  await ordersReachTheDevice(tab, peer);
  await lossesAreShownAndCostOnlyThemselves(tab, peer);
  await aLostConnectionIsFoundAgain(tab);
  await whatCannotWorkIsSaid(tab, url);
  assert.deepEqual(tab.complaints.filter((c) => !c.includes('ScriptProcessorNode')), []); // that is ours
  console.log('bluetooth page: all well');
} finally {
  if (peer) await peer.stop(); // first: it speaks to the browser
  await browser.stop();
  server.close();
}
