// test/browser/chromium.mjs - one headless Chromium with a fresh profile, driven through the
// DevTools protocol over a pipe (--remote-debugging-pipe: JSON texts, each ended by a NUL byte).
// Nothing but node's own modules.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const ANSWER_MS = 30000;

export function findChromium() {
  if (process.env.CAMRELAY_CHROMIUM) return process.env.CAMRELAY_CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(':'))
    for (const name of NAMES)
      if (existsSync(join(folder, name))) return join(folder, name);
  return null;
}

// Ends a process we started; one that has ended already, too.
export async function endProcess(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGCONT');
  child.kill();
  const late = setTimeout(() => child.kill('SIGKILL'), ANSWER_MS);
  await ended;
  clearTimeout(late);
}

export class Chromium {
  // `hosts` maps names to addresses for this browser alone: { 'camera.test': '127.0.0.1' }.
  static async start(program, language, hosts = {}) {
    const self = new Chromium();
    const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`).join(',');
    self.profile = await mkdtemp(join(tmpdir(), 'camrelay-chromium-'));
    self.process = spawn(program, [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--disable-dev-shm-usage', '--hide-scrollbars', '--remote-debugging-pipe',
      `--user-data-dir=${self.profile}`, `--lang=${language}`, `--accept-lang=${language}`,
      `--host-resolver-rules=${rules}`,
      'about:blank',
    ], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
    self.next = 1;
    self.waiting = new Map();
    self.listeners = [];
    let rest = '';
    self.process.stdio[4].setEncoding('utf8');
    self.process.stdio[4].on('data', (piece) => {
      rest += piece;
      const texts = rest.split('\0');
      rest = texts.pop();
      for (const text of texts) self.take(JSON.parse(text));
    });
    return self;
  }

  take(message) {
    if (message.id === undefined) {
      for (const listener of this.listeners) listener(message);
      return;
    }
    const { resolve, reject } = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) reject(new Error(message.error.message));
    else resolve(message.result);
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), ANSWER_MS);
      this.waiting.set(id, {
        resolve: (value) => { clearTimeout(timer); resolve(value); },
        reject: (error) => { clearTimeout(timer); reject(error); },
      });
      this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
    });
  }

  async stop() {
    await endProcess(this.process);
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

// One tab. Everything the browser complains about is gathered in `complaints`.
export class Tab {
  static async open(browser) {
    const self = new Tab();
    self.browser = browser;
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    Object.assign(self, { targetId, sessionId, complaints: [], requests: [] });
    browser.listeners.push((m) => self.note(m));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network'])
      await self.send(`${domain}.enable`);
    return self;
  }

  note({ method, params, sessionId }) {
    if (sessionId !== this.sessionId) return;
    if (method === 'Runtime.exceptionThrown')
      this.complaints.push(params.exceptionDetails.exception?.description ?? 'exception');
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type))
      this.complaints.push(params.args.map((a) => a.value).join(' '));
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level))
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    if (method === 'Network.requestWillBeSent') this.requests.push(params.request.url);
    if (method === 'Page.loadEventFired') this.loaded?.();
  }

  send(method, params = {}) {
    return this.browser.send(method, params, this.sessionId);
  }

  async go(url) {
    let late;
    const loaded = new Promise((resolve, reject) => {
      this.loaded = resolve;
      late = setTimeout(() => reject(new Error(`${url}: never loaded`)), ANSWER_MS);
    });
    await this.send('Page.navigate', { url });
    await loaded;
    clearTimeout(late);
  }

  // Runs an expression in the page; promises are awaited.
  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression, awaitPromise: true, returnByValue: true, userGesture: true,
    });
    if (exceptionDetails)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  // Waits until an expression is true; the page itself tells, on every frame.
  async until(expression) {
    const good = await this.run(`new Promise((resolve) => {
      const end = performance.now() + 15000;
      (function look() {
        if (${expression}) resolve(true);
        else if (performance.now() > end) resolve(false);
        else setTimeout(look, 20);
      })();
    })`);
    if (!good) throw new Error(`never became true: ${expression}`);
  }

  async size(width, height) {
    await this.send('Emulation.setDeviceMetricsOverride',
      { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  }

  async prefer(features) {
    await this.send('Emulation.setEmulatedMedia',
      { features: Object.entries(features).map(([name, value]) => ({ name, value })) });
  }

  async picture() {
    const { cssContentSize: s } = await this.send('Page.getLayoutMetrics');
    const { data } = await this.send('Page.captureScreenshot', {
      format: 'png', captureBeyondViewport: true,
      clip: { x: 0, y: 0, width: s.width, height: s.height, scale: 1 },
    });
    return Buffer.from(data, 'base64');
  }
}
