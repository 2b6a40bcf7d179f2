// audio/ui/page.js - the page of the audio streamer: plays, shows, records. Frames come over a
// WebSocket, or by the link that bluetooth.js brings.

const WORDS = {
  en: {
    play: 'Play', stop: 'Stop', record: 'Record', recording: 'Stop recording', codec: 'Codec',
    gain: 'Gain', token: 'Access token', enter: 'Enter', level: 'Level', spectrum: 'Spectrum',
    latency: 'Delay here', lost: 'Lost', gaps: 'Dropouts', drift: 'Clock difference',
    save: 'Save the recording', other: 'For other players', stream: 'without end: VLC, ffmpeg',
    ten: 'the next ten seconds as a file', stats: 'all counters', ms: 'ms', samples: 'samples',
    off: 'Off. The microphone is read only while somebody listens.', connecting: 'Connecting…',
    playing: 'Playing.', again: 'The connection was lost; trying again…',
    needToken: 'This streamer asks for its access token.', badRate: 'No sound: the ADC does not run at its rate. See stats.',
    full: 'All places are taken.', gone: 'The device does not answer.', clipping: 'too loud', silent: 'silence',
  },
  ko: {
    play: '듣기', stop: '멈춤', record: '녹음', recording: '녹음 끝내기', codec: '코덱',
    gain: '증폭', token: '접근 토큰', enter: '확인', level: '음량', spectrum: '스펙트럼',
    latency: '여기서의 지연', lost: '손실', gaps: '끊김', drift: '클록 차이',
    save: '녹음 저장', other: '다른 재생기에서', stream: '끝없이: VLC, ffmpeg',
    ten: '앞으로 10초를 파일로', stats: '모든 계수기', ms: 'ms', samples: '샘플',
    off: '꺼짐. 듣는 사람이 있을 때만 마이크를 읽습니다.', connecting: '연결하는 중…',
    playing: '재생 중입니다.', again: '연결이 끊겼습니다. 다시 시도합니다…',
    needToken: '접근 토큰이 필요합니다.', badRate: '소리가 없습니다. ADC가 제 속도로 돌지 않습니다. stats를 보세요.',
    full: '자리가 모두 찼습니다.', gone: '장치가 응답하지 않습니다.', clipping: '너무 큼', silent: '무음',
  },
};
for (const l in WORDS) Object.assign(WORDS[l], window.moreWords?.[l]);
const BAD_WORDS = ['again', 'gone', 'needToken', 'badRate', 'full', ...(window.badWords ?? [])];
const RETRY_MS = [250, 500, 1000, 2000, 5000];
const RECORD_S_MAX = 3600;
const DRAW_MS = 60;   // the sound has a right to the rest of the time
const DEVICE_MS = 6;  // the ADC delivers by 5 ms, the filter takes 1, the device looks every 5

const $ = (id) => document.getElementById(id);
let language = 'en';
let token = new URLSearchParams(location.hash.slice(1)).get('t') ?? '';
const state = { wanted: false, tries: 0, report: null, hello: null, frames: 0, marks: 0, word: 'off',
  drawn: 0 };

function say(word) {
  state.word = word;
  $('state').textContent = WORDS[language][word];
  $('state').className = BAD_WORDS.includes(word) ? 'bad' : '';
}

function speak(which) {
  language = which;
  document.documentElement.lang = which;
  for (const e of document.querySelectorAll('[data-t]'))
    if (e.id !== 'state') e.textContent = WORDS[which][e.dataset.t];
  $('language').textContent = which === 'ko' ? 'English' : '한국어';
  $('language').lang = which === 'ko' ? 'en' : 'ko';
  say(state.word);
}

function withToken(path) {
  const url = new URL(path, location.href);
  if (token) url.searchParams.set('t', token);
  return url;
}

// ---- from frames to samples (docs/formats.md: EAF1)

const STEPS = [7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55,
  60, 66, 73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408,
  449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
  2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493, 10442,
  11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767];
const MOVES = [-1, -1, -1, -1, 2, 4, 6, 8];

function fromAdpcm(view, at) {
  let value = view.getInt16(at, true);
  let index = view.getUint8(at + 2);
  const out = new Int16Array((view.byteLength - at - 4) * 2);
  for (let i = 0; i < out.length; i++) {
    const byte = view.getUint8(at + 4 + (i >> 1));
    const code = i % 2 === 0 ? byte >> 4 : byte & 15;
    const step = STEPS[index];
    const delta = (step >> 3) + (code & 4 ? step : 0) + (code & 2 ? step >> 1 : 0) +
      (code & 1 ? step >> 2 : 0);
    value = Math.max(-32768, Math.min(32767, code & 8 ? value - delta : value + delta));
    index = Math.max(0, Math.min(88, index + MOVES[code & 7]));
    out[i] = value;
  }
  return out;
}

function fromMulaw(view, at) {
  const out = new Int16Array(view.byteLength - at);
  for (let i = 0; i < out.length; i++) {
    const bits = ~view.getUint8(at + i) & 255;
    const value = (((bits & 15) << 3) + 132) << (bits >> 4 & 7);
    out[i] = bits & 128 ? 132 - value : value - 132;
  }
  return out;
}

function fromPcm(view, at) {
  const out = new Int16Array((view.byteLength - at) >> 1);
  for (let i = 0; i < out.length; i++) out[i] = view.getInt16(at + 2 * i, true);
  return out;
}

function readFrame(view) {
  if (view.byteLength < 8) return null;
  const kind = view.getUint8(0);
  if (kind & 128 || view.getUint8(1) !== 0) return null; // pieces of a frame: nobody sends them yet
  const decode = [fromPcm, fromMulaw, fromAdpcm][kind & 15];
  if (!decode) return null;
  return { gap: (kind & 16) !== 0, clipped: (kind & 32) !== 0, index: view.getUint32(4, true),
    pcm: decode(view, 8) };
}

// ---- the sound card

let sound = null;

async function openSound() {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const analyser = new AnalyserNode(context, { fftSize: 2048, smoothingTimeConstant: 0.6 });
  analyser.connect(context.destination);
  sound = { context, analyser };
  if (context.audioWorklet) {
    const { src, textContent } = $('player'); // in a page of one file it has no address of its own
    await context.audioWorklet.addModule(src || URL.createObjectURL(
      new Blob([textContent], { type: 'text/javascript' })));
    const node = new AudioWorkletNode(context, 'player', { numberOfInputs: 0 });
    node.port.onmessage = ({ data }) => { state.report = data; };
    node.connect(analyser);
    sound.push = (index, samples) => node.port.postMessage({ index, samples }, [samples.buffer]);
    sound.kind = 'worklet';
  } else { // plain http:// and an address: no worklet there
    const jitter = new Jitter(context.sampleRate);
    const node = context.createScriptProcessor(1024, 0, 1);
    node.onaudioprocess = ({ outputBuffer }) => {
      jitter.pull(outputBuffer.getChannelData(0));
      state.report = jitter.report();
    };
    node.connect(analyser);
    sound.node = node; // it must not be collected
    sound.push = (index, samples) => jitter.push(index, samples);
    sound.kind = 'script';
  }
  await context.resume();
}

// ---- the connection

let recorded = null;
let peak = 0;
let clippedAt = -1e9;

const heard = {
  hello(info) {
    state.hello = info;
    $('name').textContent = document.title = info.name;
    if (info.gain !== undefined) showGain(info.gain);
    state.tries = 0;
    say('playing');
  },
  frame(view) {
    const frame = readFrame(view);
    if (!frame) return;
    state.frames++;
    if (frame.gap) state.marks++;
    if (frame.clipped) clippedAt = performance.now();
    const samples = Float32Array.from(frame.pcm, (s) => s / 32768);
    for (const s of samples) peak = Math.max(peak, Math.abs(s));
    if (recorded) keep(frame.pcm);
    sound.push(frame.index, samples);
  },
  async lost() {
    if (!state.wanted) return;
    const why = await link.mayListen();
    if (!state.wanted) return;
    if (!RETRY_WORDS.includes(why)) return stop(why);
    say(why === 'off' ? 'again' : why);
    setTimeout(() => { if (state.wanted) link.open(heard); },
      RETRY_MS[Math.min(state.tries++, RETRY_MS.length - 1)]);
  },
};

// What may be over by itself; 'off' is: nothing speaks against listening.
const RETRY_WORDS = ['off', 'again', 'full'];

const socketLink = {
  socket: null,

  // The word to say if not 'off'; the browser does not tell a page why a WebSocket was refused.
  async mayListen() {
    const answer = await fetch(withToken('stats')).catch(() => null);
    if (!answer || (!answer.ok && answer.status !== 401)) return 'again';
    $('entry').hidden = answer.status !== 401;
    if (answer.status === 401) return 'needToken';
    const stats = await answer.json();
    $('name').textContent = document.title = stats.name;
    if (stats.adc_rate === 'wrong') return 'badRate';
    return stats.listeners >= stats.listeners_max ? 'full' : 'off';
  },

  open(to) {
    const url = withToken('ws');
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('codec', $('codec').value);
    url.hash = '';
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => (typeof data === 'string' ? to.hello(JSON.parse(data))
      : to.frame(new DataView(data)));
    socket.onclose = () => to.lost();
    this.socket = socket;
  },

  close() {
    if (this.socket) this.socket.onclose = this.socket.onmessage = null;
    this.socket?.close();
    this.socket = null;
  },

  // The codec is part of the address: hang up, and call again.
  setCodec() {
    if (!this.socket) return;
    this.close();
    this.open(heard);
  },

  setGain(db) {
    if (this.socket?.readyState === WebSocket.OPEN)
      this.socket.send(JSON.stringify({ op: 'gain', db }));
  },
};

const link = window.bluetoothLink ?? socketLink;

async function play() {
  state.wanted = true;
  $('play').textContent = WORDS[language].stop;
  $('play').dataset.t = 'stop';
  say('connecting');
  if (!sound) await openSound();
  else await sound.context.resume();
  const why = await link.mayListen(true);
  if (!state.wanted) return;
  if (!RETRY_WORDS.includes(why)) return stop(why);
  link.open(heard);
  $('record').disabled = false;
  if (why === 'full') say(why);
}

function stop(word = 'off') {
  state.wanted = false;
  state.tries = 0;
  link.close();
  if (sound) sound.context.suspend();
  if (recorded) endRecording();
  $('record').disabled = true;
  $('play').textContent = WORDS[language].play;
  $('play').dataset.t = 'play';
  say(word);
  if (word === 'needToken') $('token').focus();
}

// ---- recording: the samples as they came, not what the sound card made of them

function keep(pcm) {
  recorded.push(pcm.slice());
  recorded.count += pcm.length;
  if (recorded.count >= RECORD_S_MAX * 16000) endRecording();
}

function endRecording() {
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, s) => [...s].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  const bytes = recorded.count * 2;
  text(0, 'RIFF');
  head.setUint32(4, bytes + 36, true);
  text(8, 'WAVEfmt ');
  [[16, 16], [24, 16000], [28, 32000], [40, bytes]].forEach(([at, v]) => head.setUint32(at, v, true));
  [[20, 1], [22, 1], [32, 2], [34, 16]].forEach(([at, v]) => head.setUint16(at, v, true));
  text(36, 'data');
  const blob = new Blob([head.buffer, ...recorded], { type: 'audio/wav' });
  recorded = null;
  state.saved = blob;
  URL.revokeObjectURL($('saved').href);
  $('saved').href = URL.createObjectURL(blob);
  $('saved-line').hidden = false;
  showRecording('record');
}

function toggleRecording() {
  if (recorded) return endRecording();
  recorded = [];
  recorded.count = 0;
  showRecording('recording');
}

function showRecording(word) {
  $('record').textContent = WORDS[language][word];
  $('record').dataset.t = word;
  $('record').className = word === 'recording' ? 'on' : '';
}

// ---- what is shown

function showGain(db) {
  $('gain').value = db;
  $('gain-shown').textContent = `${db} dB`;
}

function drawSpectrum() {
  const canvas = $('spectrum');
  const pen = canvas.getContext('2d');
  const { analyser, context } = sound;
  const bins = new Uint8Array(analyser.frequencyBinCount);
  analyser.getByteFrequencyData(bins);
  const shown = Math.floor(8000 / (context.sampleRate / 2) * bins.length);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--main');
  for (let x = 0; x < canvas.width; x += 4) {
    const h = bins[Math.floor(x / canvas.width * shown)] / 255 * canvas.height;
    pen.fillRect(x, canvas.height - h, 3, h);
  }
}

function show() {
  const words = WORDS[language];
  const db = Math.max(-60, 20 * Math.log10(peak || 1e-9));
  const clipped = performance.now() - clippedAt < 1000;
  $('bar').style.width = `${(db + 60) / 60 * 100}%`;
  $('bar').className = clipped ? 'clipped' : '';
  $('level').setAttribute('aria-valuenow', db.toFixed(0));
  peak *= 0.85;
  const r = state.report;
  if (state.wanted && sound && r && performance.now() - state.drawn > DRAW_MS) {
    state.drawn = performance.now();
    drawSpectrum();
    $('level-shown').textContent = clipped ? words.clipping
      : db <= -60 ? words.silent : `${db.toFixed(0)} dB`;
    $('latency').textContent = `${latencyMs().toFixed(0)} ${words.ms}`;
    $('lost').textContent = `${Math.round(r.lost)} ${words.samples}`;
    $('gaps').textContent = r.underruns;
    $('drift').textContent = `${r.ppm.toFixed(0)} ppm`;
    if (recorded) $('record').textContent = `${words.recording} ${recordedTime()}`;
  }
  requestAnimationFrame(show);
}

function recordedTime() {
  const s = Math.floor(recorded.count / 16000);
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

// Waiting here, in the sound card, in the block the device gathers before it sends, and in its ADC.
function latencyMs() {
  const block = state.hello ? state.hello.frame / 16 : 0;
  const { baseLatency, outputLatency } = sound.context;
  return state.report.mean * 1000 + block / 2 + DEVICE_MS + (outputLatency || baseLatency || 0) * 1000;
}

$('play').onclick = () => (state.wanted ? stop() : play());
$('record').onclick = toggleRecording;
$('language').onclick = () => speak(language === 'ko' ? 'en' : 'ko');
$('codec').onchange = () => { if (state.wanted) link.setCodec($('codec').value); };
$('gain').oninput = () => {
  showGain($('gain').value);
  link.setGain(Number($('gain').value));
};
if ($('entry'))
  $('entry').onsubmit = (event) => {
    event.preventDefault();
    token = $('token').value;
    play();
  };
for (const a of document.querySelectorAll('a[data-needs-token]'))
  a.addEventListener('click', () => { a.href = withToken(a.getAttribute('href')); });

// For tests and the curious: audioPage.state, audioPage.sound().
window.audioPage = { state, sound: () => sound, latencyMs };
speak(navigator.language.startsWith('ko') ? 'ko' : 'en');
requestAnimationFrame(show);
link.mayListen().then((why) => { if (!state.wanted) say(why === 'again' ? 'gone' : why); });
