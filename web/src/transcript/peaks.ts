import { api, client } from '../lib/client';

const MOST_NUMBERS = 190_000;
/** Recordings up to this many seconds have fine peaks. */
const FINE = 900;

/**
 * Read the peaks of a recording, part by part where it is long. Return the highest absolute sample
 * of each equal stretch, 0 to 1, of all channels together.
 */
export async function readPeaks(id: number, duration: number): Promise<Float32Array> {
  const zoom = duration <= FINE ? '20' : '2';
  const perSecond = Number(zoom);
  const values = new Float32Array(Math.max(2, Math.round(duration * perSecond)));
  let seconds = MOST_NUMBERS / (16 * perSecond);
  for (let from = 0; from < duration;) {
    const params = {
      path: { transcription_id: id },
      query: { zoom, from, to: Math.min(duration, from + seconds) } as const,
    };
    const url = '/api/transcription/{transcription_id}/peaks';
    const { data: part } = (await client.call(api.GET(url, { params }))) as { data: Answer };
    put(values, part, Math.round(part.start_time * perSecond));
    from += seconds;
    seconds = MOST_NUMBERS / (2 * part.channels * perSecond);
  }
  return values;
}

interface Answer {
  channels: number;
  length: number;
  start_time: number;
  data: number[];
}

function put(values: Float32Array, part: Answer, shift: number): void {
  const width = 2 * part.channels;
  for (let i = 0; i < part.length && shift + i < values.length; i++) {
    let highest = 0;
    for (let j = 0; j < width; j++) {
      highest = Math.max(highest, Math.abs(part.data[i * width + j]!));
    }
    values[shift + i] = highest / 128;
  }
}
