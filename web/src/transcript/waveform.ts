import WaveSurfer from 'wavesurfer.js';

import { highestOf, looksOf } from './columns';
import type { Segment } from './types';
import styles from './waveform.css?inline';

/** Height in pixels. */
export const HEIGHT = 56;
/** Height of the stripe with the patterns of the speakers. */
const LANE = 8;
/** Width of a column in pixels. */
const COLUMN = 2;
/** Width to which a peak can be stretched, in pixels. */
const WIDEST_PEAK = 10;
/** Below this, a recording is drawn quieter than it could be. */
const QUIET = 0.05;

/** What the waveform shows. */
export interface Shown {
  segments: readonly Segment[];
  /** Color of each look. */
  palette: readonly string[];
}

/** A recording as wavesurfer.js draws it from the server's peaks. It plays nothing itself. */
export class Waveform {
  readonly #surfer: WaveSurfer;
  readonly #head = document.createElement('span');
  readonly #loudest: number;
  readonly #peaks: number;
  #zoom = 1;

  constructor(
    container: HTMLElement,
    peaks: Float32Array,
    private readonly duration: number,
    private readonly shown: () => Shown,
    seek: (time: number) => void,
  ) {
    this.#peaks = peaks.length;
    this.#loudest = peaks.reduce((most, value) => Math.max(most, value), QUIET);
    this.#surfer = WaveSurfer.create({
      container,
      height: HEIGHT,
      peaks: [peaks],
      duration,
      cursorWidth: 0,
      progressColor: 'transparent',
      hideScrollbar: true,
      autoScroll: false,
      dragToSeek: { debounceTime: 0 },
      renderFunction: ([values], context) => this.#paint(values!, context),
    });
    const root = this.#surfer.getWrapper().getRootNode() as ShadowRoot;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    root.adoptedStyleSheets = [sheet];
    // Otherwise a scrolled area is a stop of the Tab key, and the slider is enough.
    root.querySelector<HTMLElement>('.scroll')!.tabIndex = -1;
    this.#head.className = 'head';
    this.#surfer.getWrapper().append(this.#head);
    this.#surfer.on('interaction', seek);
  }

  /** Draw the changed waveform again. */
  draw(): void {
    this.#surfer.setOptions({});
  }

  /** Show a time. With `follow`, scroll to it if it is out of view. */
  show(time: number, follow: boolean): void {
    const share = this.duration ? Math.min(1, time / this.duration) : 0;
    this.#head.style.left = `${share * 100}%`;
    if (!follow || this.#zoom === 1) return;
    const width = this.#surfer.getWidth();
    const x = share * width * this.#zoom;
    const left = this.#surfer.getScroll();
    if (x < left || x > left + width) this.#surfer.setScroll(x - 0.1 * width);
  }

  /** Stretch the whole recording to so many times the width of the page. */
  stretch(zoom: number, time: number): void {
    this.#zoom = zoom;
    const minPxPerSec = zoom === 1 ? 0 : (zoom * this.#surfer.getWidth()) / this.duration;
    // A swipe scrolls a stretched recording, and goes to a time in a whole one.
    this.#surfer.setOptions({ minPxPerSec, dragToSeek: zoom === 1 ? { debounceTime: 0 } : false });
    const width = this.#surfer.getWidth();
    this.#surfer.setScroll((time / this.duration) * width * zoom - width / 2);
    this.show(time, false);
  }

  /** Return whether the recording can be stretched to twice this. */
  canStretch(zoom: number): boolean {
    return 2 * zoom * this.#surfer.getWidth() <= WIDEST_PEAK * this.#peaks;
  }

  close(): void {
    this.#surfer.destroy();
  }

  /** Draw the part of the recording that a canvas of wavesurfer.js shows. */
  #paint(values: ArrayLike<number>, context: CanvasRenderingContext2D): void {
    const { style, width } = context.canvas;
    const [left, shownWidth] = [parseFloat(style.left), parseFloat(style.width)];
    context.scale(width / shownWidth, width / shownWidth);
    const columns = Math.max(1, Math.ceil(shownWidth / COLUMN));
    const perPixel = this.duration / this.#surfer.getWrapper().clientWidth;
    const { segments, palette } = this.shown();
    const start = left * perPixel;
    const looks = looksOf(segments, columns, start, start + columns * COLUMN * perPixel);
    const heights = highestOf(values, columns);
    const middle = (HEIGHT - LANE) / 2;
    for (let column = 0; column < columns; column++) {
      const look = looks[column]!;
      context.fillStyle = look < 0 ? 'gray' : palette[look]!;
      const half = Math.max(0.5, (heights[column]! / this.#loudest) * (middle - 2));
      context.fillRect(column * COLUMN, middle - half, 0.75 * COLUMN, 2 * half);
      if (look >= 0) stripe(context, Math.round(left / COLUMN) + column, column * COLUMN, look);
    }
  }
}

/** Draw a column of the stripe: each speaker has a rhythm of its own. */
function stripe(context: CanvasRenderingContext2D, column: number, x: number, look: number): void {
  const top = HEIGHT - LANE;
  const full = look === 0 || column % (look + 1) !== 0;
  const raised = look % 2 === 1;
  if (full) context.fillRect(x, top + (raised ? 3 : 0), COLUMN, raised ? LANE - 3 : LANE);
}
