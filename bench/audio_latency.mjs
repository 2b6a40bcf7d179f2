// From the microphone to the sound card, through the page: vaudio lets its modelled ADC hear a pip at
// known times of this machine's clock, a headless Chromium plays the page over a WebSocket on the
// loopback, and an AudioWorklet behind the player notes when each pip leaves for the sound card, by
// the browser's own account of its output (getOutputTimestamp).
//
// usage: node audio_latency.mjs VAUDIO SECONDS   (prints JSON; exit 77: no Chromium here)

import { spawn } from 'node:child_process';
import { Chromium, Tab, endProcess, findChromium } from '../test/browser/chromium.mjs';

const EVERY_MS = 500; // a delay beyond that would be mistaken
const SETTLE_S = 15;

const TAP = `registerProcessor('tap', class extends AudioWorkletProcessor {
  constructor() { super(); this.quiet = 0; }
  process([[x]]) {
    for (let i = 0; x && i < x.length; i++) {
      const loud = Math.abs(x[i]) > 0.1;
      if (loud && this.quiet > sampleRate / 10) this.port.postMessage(currentTime + i / sampleRate);
      this.quiet = loud ? 0 : this.quiet + 1;
    }
    return true;
  }
});`;

const LISTEN = `(async () => {
  const { context, analyser } = audioPage.sound();
  await context.audioWorklet.addModule(URL.createObjectURL(
    new Blob([${JSON.stringify(TAP)}], { type: 'text/javascript' })));
  const tap = new AudioWorkletNode(context, 'tap', { numberOfOutputs: 0 });
  window.delays = [];
  tap.port.onmessage = ({ data }) => {
    const out = context.getOutputTimestamp();
    const heard = performance.timeOrigin + out.performanceTime + (data - out.contextTime) * 1000;
    window.delays.push(heard % ${EVERY_MS});
  };
  analyser.connect(tap);
})()`;

const browserProgram = findChromium();
if (!browserProgram) process.exit(77);
const device = spawn(process.argv[2], ['--port', '0', '--tone', '1000', '--pips', String(EVERY_MS)],
  { stdio: ['ignore', 'pipe', 'inherit'] });
const browser = await Chromium.start(browserProgram, 'en');
try {
  const url = await new Promise((resolve) => device.stdout.once('data',
    (text) => resolve(String(text).match(/http:\S+/)[0])));
  const tab = await Tab.open(browser);
  await tab.send('Page.setBypassCSP', { enabled: true });
  await tab.go(url);
  await tab.run("document.getElementById('play').click()");
  await tab.until('audioPage.state.report?.flowing');
  await new Promise((resolve) => setTimeout(resolve, SETTLE_S * 1000));
  const before = await tab.run('audioPage.state.report');
  await tab.run(LISTEN);
  await new Promise((resolve) => setTimeout(resolve, Number(process.argv[3]) * 1000));
  const after = await tab.run('audioPage.state.report');
  console.log(JSON.stringify({ delays: await tab.run('window.delays'),
    shown: await tab.run('audioPage.latencyMs()'),
    output: await tab.run('(audioPage.sound().context.outputLatency) * 1000'),
    underruns: after.underruns - before.underruns, lost: after.lost - before.lost }));
} finally {
  await browser.stop();
  await endProcess(device);
}
