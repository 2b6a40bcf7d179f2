// test/browser/pitch.mjs - an expression for a tab that shows a page of the audio streamer.

// What leaves the page for the sound card, taken from behind the player for about a second, and its
// pitch from upward zero crossings, each placed between two samples.
export const PITCH = `(async () => {
  const { context, analyser } = audioPage.sound();
  const taken = [];
  const tap = context.createScriptProcessor(4096, 1, 1);
  const done = new Promise((resolve) => {
    tap.onaudioprocess = ({ inputBuffer }) => {
      taken.push(...inputBuffer.getChannelData(0));
      if (taken.length > context.sampleRate * 4) resolve();
    };
  });
  analyser.connect(tap);
  tap.connect(context.destination);
  await done;
  tap.disconnect();
  analyser.disconnect(tap);
  const x = [];
  let peak = 0;
  for (let i = 0; i + 1 < taken.length; i++) {
    if (taken[i] < 0 && taken[i + 1] >= 0) x.push(i + taken[i] / (taken[i] - taken[i + 1]));
    peak = Math.max(peak, Math.abs(taken[i]));
  }
  return { hz: context.sampleRate * (x.length - 1) / (x.at(-1) - x[0]), peak };
})()`;
