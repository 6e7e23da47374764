import { api, client } from '../lib/client';

/** Highest absolute sample of each stretch, 0 to 1, of all channels together. */
export interface Peaks {
  perSecond: number;
  values: Float32Array;
}

const MOST_NUMBERS = 190_000;
/** Recordings up to this many seconds have fine peaks. */
const FINE = 900;

/** Read the peaks of a recording, part by part where it is long. */
export async function readPeaks(id: number, duration: number): Promise<Peaks> {
  const zoom = duration <= FINE ? '20' : '2';
  const perSecond = Number(zoom);
  const values = new Float32Array(Math.ceil(duration * perSecond) + 1);
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
  return { perSecond, values };
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

/** Return the highest peak of each of `columns` equal stretches of a recording. */
export function columnsOf(peaks: Peaks, columns: number, duration: number): Float32Array {
  const result = new Float32Array(columns);
  const width = (duration * peaks.perSecond) / columns;
  for (let column = 0; column < columns; column++) {
    const from = Math.floor(column * width);
    const to = Math.max(from + 1, Math.floor((column + 1) * width));
    for (let i = from; i < to && i < peaks.values.length; i++) {
      result[column] = Math.max(result[column]!, peaks.values[i]!);
    }
  }
  return result;
}
