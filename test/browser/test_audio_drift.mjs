// Goal: the player of the audio page (audio/ui/player.js) holds its 50 ms for a day although the
// clocks differ, and loses and adds nothing it should not. In virtual time, no browser.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import vm from 'node:vm';

const SOURCE = new URL('../../audio/ui/player.js', import.meta.url);
const Jitter = vm.runInNewContext(`${readFileSync(SOURCE, 'utf8')}\nJitter`,
  { Math, Float32Array });

const OUT_HZ = 48000;
const BLOCK = 512;
const TARGET = 800;

// A device whose clock is off, a network with some jitter, a sound card that takes 20 ms at a time.
// The samples themselves do not matter for the fill, so sampling is left out: a day is 4 billion.
function day(ppm, hours) {
  const jitter = new Jitter(OUT_HZ);
  jitter.sampleAt = () => 0;
  const samples = { length: BLOCK, * [Symbol.iterator]() { /* nothing to copy */ } };
  let sent = 0;
  let dice = 7;
  let worst = 0;
  const out = { length: 960, fill() {} };
  const end = hours * 3600;
  jitter.started = true;
  for (let now = 0; now < end; now += 0.02) {
    dice = (dice * 1103515245 + 12345) % 2147483648;
    const late = dice / 2147483648 * 0.008;
    const due = Math.floor((now - late) * 16000 * (1 + ppm / 1e6) / BLOCK) * BLOCK;
    while (sent < due) {
      jitter.push(sent % 4294967296, samples);
      jitter.end += BLOCK;
      sent += BLOCK;
    }
    pullFast(jitter, out.length);
    if (now > 600) worst = Math.max(worst, Math.abs(jitter.mean - TARGET) / 16);
  }
  return { ...jitter.report(), worst };
}

// pull() without the samples: the same decisions, the same steps.
function pullFast(jitter, count) {
  if (!jitter.flowing) {
    jitter.pull({ length: 0, fill() {} });
    if (!jitter.flowing) return;
  }
  jitter.steer(count / OUT_HZ);
  jitter.at += count * 16000 / OUT_HZ * jitter.ratio;
  if (jitter.end - jitter.at < 9) jitter.dropOut();
}

for (const ppm of [200, -200, 0]) {
  const r = day(ppm, 24);
  console.log(`${ppm} ppm, 24 h: at most ${r.worst.toFixed(1)} ms off, found ${r.ppm.toFixed(1)} ppm`);
  assert.ok(r.worst <= 20, `${r.worst} ms`);
  assert.equal(r.underruns, 0);
  assert.equal(r.lost, 0);
  assert.ok(Math.abs(r.ppm - ppm) < 100, `${r.ppm} ppm`);
}

// A tone through the real thing: right pitch, clean, and lost frames shift nothing in time.
{
  const jitter = new Jitter(OUT_HZ);
  const out = new Float32Array(128);
  const heard = [];
  let sent = 0;
  for (let n = 0; n < OUT_HZ * 4; n += 128) {
    while (sent + BLOCK <= n / 3) {
      const block = Float32Array.from({ length: BLOCK },
        (_, i) => 0.5 * Math.sin(2 * Math.PI * 1000 * (sent + i) / 16000));
      if (sent !== 100 * BLOCK) jitter.push((4294967296 - 20000 + sent) % 4294967296, block);
      sent += BLOCK;
    }
    jitter.pull(out);
    heard.push(...out);
  }
  const report = jitter.report();
  assert.equal(report.underruns, 0);
  assert.equal(report.resets, 0);
  assert.equal(report.lost, BLOCK); // the frame that never came, over the wrap of the index
  const crossings = [];
  for (let i = OUT_HZ; i + 1 < OUT_HZ * 3; i++)
    if (heard[i] < 0 && heard[i + 1] >= 0) crossings.push(i + heard[i] / (heard[i] - heard[i + 1]));
  const hz = OUT_HZ * (crossings.length - 1) / (crossings.at(-1) - crossings[0]);
  console.log(`a tone of 1000 Hz: ${hz.toFixed(2)} Hz`);
  assert.ok(Math.abs(hz - 1000) < 1, `${hz} Hz`);
}

// A heap that arrives at once is not played for ever; a device that began anew is followed.
{
  const jitter = new Jitter(OUT_HZ);
  const out = new Float32Array(480);
  const block = new Float32Array(BLOCK);
  let index = 0;
  for (let i = 0; i < 4; i++, index += BLOCK) jitter.push(index, block);
  jitter.pull(out);
  for (let i = 0; i < 16; i++, index += BLOCK) jitter.push(index, block);
  assert.ok(jitter.fill / 16000 < 0.27, `${jitter.fill}`);
  assert.ok(jitter.lost > 0);
  jitter.push(5, block);
  assert.equal(jitter.resets, 1);
  assert.equal(jitter.fill, BLOCK);
}

// Nothing comes: silence after a fade, and one dropout.
{
  const jitter = new Jitter(OUT_HZ);
  const out = new Float32Array(480);
  const one = new Float32Array(BLOCK).fill(0.5);
  for (let i = 0; i < 4; i++) jitter.push(i * BLOCK, one);
  const heard = [];
  for (let i = 0; i < 30; i++) {
    jitter.pull(out);
    heard.push(...out);
  }
  assert.equal(jitter.underruns, 1);
  const steps = heard.slice(1).map((v, i) => Math.abs(v - heard[i]));
  assert.ok(Math.max(...steps) < 0.02, 'a click');
  assert.equal(heard.at(-1), 0);
  assert.equal(jitter.target, TARGET); // so soon after the start that says nothing
}

// A moment's trouble with many dropouts makes the target grow once; trouble that stays, again and
// again, but never beyond its limit; and when it is over the delay comes back to what it was.
{
  const jitter = new Jitter(OUT_HZ);
  const out = new Float32Array(480);
  const block = new Float32Array(BLOCK).fill(0.1);
  let index = 0;
  const pass = (seconds, comes) => { // a hundred pulls a second; what comes decides the number of blocks
    for (let i = 0; i < seconds * 100; i++) {
      for (let n = comes(i); n > 0; n--, index += BLOCK) jitter.push(index, block);
      jitter.pull(out);
    }
  };
  let owed = 0;
  const steadily = () => {
    owed += 160 / BLOCK;
    const n = Math.floor(owed);
    owed -= n;
    return n;
  };
  pass(5, steadily);
  assert.equal(jitter.target, TARGET);
  pass(1, (i) => (i % 50 === 49 ? 4 : 0)); // two heaps with holes
  assert.ok(jitter.underruns >= 2, `${jitter.underruns}`);
  assert.equal(jitter.target, TARGET * 1.5);
  pass(30, (i) => (i % 60 === 59 ? 10 : 0));
  assert.equal(jitter.target, 4000);
  pass(100, steadily);
  assert.equal(jitter.target, TARGET);
  assert.ok(Math.abs(jitter.mean - TARGET) < 320, `${jitter.mean}`); // 20 ms
}
console.log('player: all well');
