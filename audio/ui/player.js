// audio/ui/player.js - from pieces of sound that arrive when they like to an even flow at the rate
// of the sound card. Runs in an AudioWorklet, in the page (where a browser allows no worklet: plain
// http:// and an address), and in node for the tests. No globals but these classes.

const SOURCE_HZ = 16000;
const TARGET_S = 0.05;      // sound kept waiting, on average
const TARGET_MAX_S = 0.25;
const EXCESS_S = 0.1;       // so much more than the target is thrown away at once
const FADE_S = 0.005;
const CALM_S = 10;          // without a dropout, before the target shrinks again,
const SHRINK_S = 0.001;     // by so much each second, and
const SHRINK_SHARE = 0.02;  // by that share of what it is too large
const TROUBLE_S = 2;        // dropouts within that time are one trouble: the target grows once
const START_S = 5;          // a page that has just been opened is busy; that says nothing
const CORRECTION_MAX = 0.005;
const KP = 0.05;            // share of an error that is corrected each second
const KI = 0.0001;          // slow: a moment's trouble is no difference of the clocks
const QUIET_S = 0.003;      // the network's jitter is no error: it must not be heard as vibrato
const MEAN_S = 3;
const RING = 32768;         // samples, a power of two
const TAPS = 16;
const PHASES = 256;

// Windowed sinc, one row for each place between two samples; everything above 7.7 kHz goes.
const KERNEL = (() => {
  const rows = new Float32Array((PHASES + 1) * TAPS);
  for (let p = 0; p <= PHASES; p++) {
    let sum = 0;
    for (let k = 0; k < TAPS; k++) {
      const x = k - TAPS / 2 + 1 - p / PHASES;
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * 0.96 * x) / (Math.PI * 0.96 * x);
      const window = Math.cos(Math.PI * x / (TAPS + 1)) ** 2;
      rows[p * TAPS + k] = sinc * window;
      sum += sinc * window;
    }
    for (let k = 0; k < TAPS; k++) rows[p * TAPS + k] /= sum;
  }
  return rows;
})();

class Jitter { // eslint-disable-line no-unused-vars
  constructor(outHz) {
    this.outHz = outHz;
    this.ring = new Float32Array(RING);
    this.target = TARGET_S * SOURCE_HZ;
    this.underruns = 0;
    this.lost = 0;          // samples that never came, or came too late in a heap
    this.resets = 0;
    this.block = 0;         // samples of the last piece
    this.sum = 0;           // of the errors: the clock difference found so far
    this.grown = TROUBLE_S - START_S; // seconds since the target grew
    this.restart(0);
  }

  restart(index) {
    this.end = index;       // of what has arrived, counted as the device counts
    this.at = index;        // of what is played next, with its fraction
    this.flowing = false;
    this.gain = 0;
    this.mean = this.target;
    this.calm = 0;
    this.ring.fill(0);
  }

  // The device counts modulo 2^32; we go on counting.
  unwrap(index) {
    const delta = (index - this.end % 4294967296) | 0;
    return this.end + delta;
  }

  push(index, samples) {
    let start = this.started ? this.unwrap(index) : index;
    if (!this.started || start < this.end || start - this.end > SOURCE_HZ) {
      if (this.started) this.resets++;  // the device began anew, or was away for long
      start = index;
      this.restart(start);
      this.started = true;
    }
    this.block = samples.length;
    this.lost += start - this.end;
    for (; this.end < start; this.end++) this.ring[this.end % RING] = 0;
    for (const s of samples) this.ring[this.end++ % RING] = s;
    const excess = this.end - this.at - this.target - EXCESS_S * SOURCE_HZ;
    if (this.flowing && excess > 0) {
      const to = this.end - this.target;
      this.lost += to - this.at;
      this.at = to;
      this.mean = this.target;
      this.gain = 0;        // fades in from here
    }
  }

  get fill() { return this.end - this.at; }
  get ratio() { return 1 + Math.max(-CORRECTION_MAX, Math.min(CORRECTION_MAX, this.correction)); }
  get correction() { return KP * this.error + this.sum; }
  get error() {
    const e = (this.mean - this.target) / SOURCE_HZ;
    return Math.sign(e) * Math.max(0, Math.abs(e) - QUIET_S);
  }

  steer(seconds) {
    this.mean += (this.fill - this.mean) * Math.min(1, seconds / MEAN_S);
    this.sum += KI * this.error * seconds;
    this.sum = Math.max(-CORRECTION_MAX, Math.min(CORRECTION_MAX, this.sum));
    this.calm += seconds;
    const least = TARGET_S * SOURCE_HZ;
    if (this.calm > CALM_S && this.target > least)
      this.target = Math.max(least, this.target -
        seconds * (SHRINK_S * SOURCE_HZ + SHRINK_SHARE * (this.target - least)));
  }

  sampleAt(at) {
    const whole = Math.floor(at);
    const place = (at - whole) * PHASES;
    const row = Math.floor(place);
    const part = place - row;
    let low = 0;
    let high = 0;
    for (let k = 0; k < TAPS; k++) {
      const s = this.ring[(whole + k - TAPS / 2 + 1 + RING) % RING];
      low += s * KERNEL[row * TAPS + k];
      high += s * KERNEL[(row + 1) * TAPS + k];
    }
    return low + (high - low) * part;
  }

  // Fills `out`. Silence until enough has gathered, and after a dropout.
  pull(out) {
    const seconds = out.length / this.outHz;
    this.grown += seconds;
    // A block has just come when this becomes true: the mean is half a block less.
    const enough = this.target + this.block / 2;
    if (!this.flowing && this.started && this.fill >= enough) {
      this.flowing = true;
      this.at = this.end - enough;
      this.mean = this.target;
    }
    if (!this.flowing) {
      out.fill(0);
      return;
    }
    this.steer(seconds);
    const step = SOURCE_HZ / this.outHz * this.ratio;
    const fade = 1 / (FADE_S * this.outHz);
    const need = TAPS / 2 + 1;
    for (let i = 0; i < out.length; i++) {
      const left = this.end - this.at - need;
      if (left <= 0) {
        this.dropOut();
        out.fill(0, i);
        return;
      }
      // The last 5 ms there are fade out, so that a dropout does not click.
      const ends = left < FADE_S * SOURCE_HZ ? left / (FADE_S * SOURCE_HZ) : 1;
      this.gain = Math.min(1, this.gain + fade);
      out[i] = this.sampleAt(this.at) * Math.min(this.gain, ends);
      this.at += step;
    }
  }

  dropOut() {
    this.underruns++;
    this.flowing = false;
    this.gain = 0;
    this.calm = 0;
    if (this.grown < TROUBLE_S) return;
    this.grown = 0;
    this.target = Math.min(this.target * 1.5, TARGET_MAX_S * SOURCE_HZ);
  }

  report() {
    return { fill: this.fill / SOURCE_HZ, mean: this.mean / SOURCE_HZ, lost: this.lost,
      target: this.target / SOURCE_HZ, underruns: this.underruns, resets: this.resets,
      ppm: this.sum * 1e6, flowing: this.flowing };
  }
}

if (typeof registerProcessor === 'function') {
  registerProcessor('player', class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.jitter = new Jitter(sampleRate);
      this.told = 0;
      this.port.onmessage = ({ data }) => this.jitter.push(data.index, data.samples);
    }

    process(inputs, outputs) {
      const [first, ...others] = outputs[0];
      this.jitter.pull(first);
      for (const other of others) other.set(first);
      if (currentTime - this.told > 0.1) {
        this.told = currentTime;
        this.port.postMessage(this.jitter.report());
      }
      return true;
    }
  });
}
