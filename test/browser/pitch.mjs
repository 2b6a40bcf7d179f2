// test/browser/pitch.mjs - an expression for a tab that shows a page of the audio streamer.

// What leaves the page for the sound card, taken from behind the player for about four seconds, and
// its pitch from upward zero crossings, each placed between two samples. The pitch is the middle one
// of those of the single blocks: a busy page may miss some, and where one is missing there is a jump.
export const PITCH = `(async () => {
  const { context, analyser } = audioPage.sound();
  const BLOCK = 4096;
  const pitches = [];
  let peak = 0;
  const tap = context.createScriptProcessor(BLOCK, 1, 1);
  const done = new Promise((resolve) => {
    tap.onaudioprocess = ({ inputBuffer }) => {
      const block = inputBuffer.getChannelData(0);
      const x = [];
      for (let i = 0; i + 1 < BLOCK; i++) {
        if (block[i] < 0 && block[i + 1] >= 0) x.push(i + block[i] / (block[i] - block[i + 1]));
        peak = Math.max(peak, Math.abs(block[i]));
      }
      if (x.length > 1) pitches.push(context.sampleRate * (x.length - 1) / (x.at(-1) - x[0]));
      if (pitches.length * BLOCK > context.sampleRate * 4) resolve();
    };
  });
  analyser.connect(tap);
  tap.connect(context.destination);
  await done;
  tap.disconnect();
  analyser.disconnect(tap);
  pitches.sort((a, b) => a - b);
  return { hz: pitches[pitches.length >> 1], peak };
})()`;
