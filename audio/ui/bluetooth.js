// audio/ui/bluetooth.js - the frames by Web Bluetooth, from the streamer's GATT service
// (docs/formats.md). Loaded before page.js, which plays and shows them.
//
// Browsers allow Web Bluetooth only where a page came by https:// or from this machine.

window.moreWords = {
  en: {
    play: 'Choose and play', off: 'Off. The microphone is read only while somebody listens.',
    notSecure: 'Open this page by https:// or from localhost: browsers allow Bluetooth only there.',
    noBluetooth: 'This browser has no Web Bluetooth. Chrome and Edge have it, on computers and Android.',
    notChosen: 'No device was chosen.', small: 'The connection carries too little (MTU below 175).',
    notPaired: 'The device wants to be paired first.', codecNo: 'This connection does not carry that codec.',
    dropped: 'Not sent', radio: 'Radio', frames: 'frames',
    how: 'For streamers with Bluetooth LE switched on. Wi-Fi is quicker and reaches further.',
  },
  ko: {
    play: '골라서 듣기', off: '꺼짐. 듣는 사람이 있을 때만 마이크를 읽습니다.',
    notSecure: 'https:// 또는 localhost로 여세요. 브라우저는 거기서만 블루투스를 허용합니다.',
    noBluetooth: '이 브라우저에는 Web Bluetooth가 없습니다. 컴퓨터와 안드로이드의 Chrome, Edge에 있습니다.',
    notChosen: '고른 장치가 없습니다.', small: '연결이 너무 좁습니다(MTU 175 미만).',
    notPaired: '먼저 페어링해야 합니다.', codecNo: '이 연결로는 그 코덱을 보낼 수 없습니다.',
    dropped: '못 보냄', radio: '무선', frames: '프레임',
    how: '블루투스 LE를 켠 스트리머용입니다. 와이파이가 더 빠르고 멀리 갑니다.',
  },
};
window.badWords = ['notSecure', 'noBluetooth', 'notChosen', 'small', 'notPaired', 'codecNo'];

window.bluetoothLink = (() => {
  const uuid = (part) => `e5a0000${part}-7a3c-4d5e-9b1f-2c6d8e0f4a10`;
  const [SERVICE, AUDIO, FORMAT, CONTROL, STATS] = [1, 2, 3, 4, 5].map(uuid);
  const CODECS = ['pcm', 'ulaw', 'adpcm'];
  const [SET_CODEC, SET_GAIN] = [3, 4];
  let device = null;
  let control = null; // once everything is set up
  let gainWanted = null;
  let orders = Promise.resolve(); // a GATT connection does one thing at a time

  function order(...bytes) {
    orders = orders.then(() => control?.writeValueWithResponse(Uint8Array.from(bytes)));
    return orders = orders.catch(() => 'refused');
  }

  function tellFormat(view, to) {
    const codec = CODECS[view.getUint8(1)];
    if (!codec) return say('small');
    document.getElementById('codec').value = codec;
    to.hello({ name: device.name, codec, frame: view.getUint16(8, true) });
  }

  function showStats(view) {
    const part = (id, text) => { document.getElementById(id).textContent = text; };
    part('dropped', `${view.getUint32(4, true)} ${WORDS[language].frames}`);
    const rssi = view.getInt8(16);
    const phy = ['', ', 1M', ', 2M', ', coded'][view.getUint8(17)] ?? '';
    part('radio', `${rssi ? `${rssi} dBm` : '-'}${phy}`);
  }

  async function listenTo(service, which, hear) {
    const c = await service.getCharacteristic(which);
    c.oncharacteristicvaluechanged = ({ target }) => hear(target.value);
    await c.startNotifications();
    return c;
  }

  return {
    async mayListen(asked) {
      if (!navigator.bluetooth) return window.isSecureContext ? 'noBluetooth' : 'notSecure';
      if (asked && !device)
        device = await navigator.bluetooth.requestDevice({ filters: [{ services: [SERVICE] }] })
          .catch(() => null);
      return asked && !device ? 'notChosen' : 'off';
    },

    async open(to) {
      const chosen = device;
      device.ongattserverdisconnected = () => { control = null; to.lost(); };
      try {
        const server = await chosen.gatt.connect();
        const service = await server.getPrimaryService(SERVICE);
        const orderly = await service.getCharacteristic(CONTROL);
        await listenTo(service, STATS, showStats);
        const format = await listenTo(service, FORMAT, (view) => tellFormat(view, to));
        await listenTo(service, AUDIO, (view) => to.frame(view));
        tellFormat(await format.readValue(), to);
        control = orderly;
      } catch (error) {
        if (error.name === 'SecurityError' || /auth|encrypt/i.test(error.message)) return stop('notPaired');
        if (!chosen.gatt.connected) to.lost(); // else the disconnection tells
        else chosen.gatt.disconnect();
      }
    },

    close() {
      if (!device) return;
      device.ongattserverdisconnected = null;
      device.gatt.disconnect();
      device = control = null; // the next one may be another
    },

    async setCodec(name) {
      if (await order(SET_CODEC, CODECS.indexOf(name)) !== 'refused') return;
      document.getElementById('codec').value = state.hello.codec;
      say('codecNo');
    },

    // While one order is under way only the last wish counts. In 1/256 dB, little-endian.
    async setGain(db) {
      const waits = gainWanted !== null;
      gainWanted = db;
      if (waits) return;
      await orders;
      const wish = gainWanted;
      gainWanted = null;
      order(SET_GAIN, 0, wish & 255);
    },
  };
})();
