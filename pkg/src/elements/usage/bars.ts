// The one place that knows Chart.js; loaded when a chart is first shown.

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartConfiguration,
  LinearScale,
  Tooltip,
} from "chart.js";
import type { Series } from "./series.js";

Chart.register(BarController, BarElement, CategoryScale, LinearScale, Tooltip);

export interface Looks {
  /** A colour for each series, in their order. */
  series: readonly string[];
  ink: string;
  grid: string;
  surface: string;
  font: string;
}

export interface Bars {
  labels: readonly string[];
  series: readonly Series[];
  looks: Looks;
  axis: (value: number) => string;
  amount: (value: number) => string;
  /** No part of one is counted. */
  whole: boolean;
  total: string;
}

/** A chart in a canvas: made once, drawn again when its data or the looks of the page change. */
export class BarChart {
  readonly #chart: Chart<"bar", number[], string>;

  constructor(canvas: HTMLCanvasElement, bars: Bars) {
    this.#chart = new Chart(canvas, configuration(canvas, bars));
  }

  draw(bars: Bars): void {
    const { data, options } = configuration(this.#chart.canvas, bars);
    this.#chart.data = data;
    this.#chart.options = options ?? {};
    this.#chart.update("none");
  }

  destroy(): void {
    this.#chart.destroy();
  }
}

function configuration(
  canvas: HTMLCanvasElement,
  { labels, series, looks, axis, amount, whole, total }: Bars,
): ChartConfiguration<"bar", number[], string> {
  const font = { family: looks.font, size: 12 };
  return {
    type: "bar",
    data: {
      labels: [...labels],
      datasets: series.map(({ name, values }, at) => ({
        label: name,
        data: values,
        backgroundColor: fill(canvas, at, looks),
        // A line between the parts of a bar, so that they are told apart where colours are not.
        borderColor: looks.surface,
        borderWidth: { top: 1 },
        borderSkipped: false,
        maxBarThickness: 36,
        categoryPercentage: 0.85,
        barPercentage: 0.95,
      })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      plugins: {
        tooltip: {
          backgroundColor: looks.surface,
          titleColor: looks.ink,
          bodyColor: looks.ink,
          footerColor: looks.ink,
          borderColor: looks.grid,
          borderWidth: 1,
          padding: 10,
          cornerRadius: 8,
          usePointStyle: true,
          titleFont: font,
          bodyFont: font,
          footerFont: { ...font, weight: "bold" },
          itemSort: (a, b) => b.datasetIndex - a.datasetIndex,
          filter: ({ raw }) => Number(raw) > 0,
          callbacks: {
            label: ({ dataset, raw }) => ` ${dataset.label}  ${amount(Number(raw))}`,
            footer: (items) =>
              items.length > 1
                ? `${total}  ${amount(items.reduce((sum, { raw }) => sum + Number(raw), 0))}`
                : "",
          },
        },
      },
      scales: {
        x: {
          stacked: true,
          grid: { display: false },
          border: { color: looks.grid },
          ticks: { color: looks.ink, font, maxRotation: 0, autoSkipPadding: 16 },
        },
        y: {
          stacked: true,
          beginAtZero: true,
          border: { display: false },
          grid: { color: looks.grid },
          ticks: {
            color: looks.ink,
            font,
            maxTicksLimit: 5,
            ...(whole ? { precision: 0 } : {}),
            callback: (value) => axis(Number(value)),
          },
        },
      },
    },
  };
}

const TILE = 8;

/** Each series has a pattern besides its colour; the legend shows the same. */
function fill(canvas: HTMLCanvasElement, at: number, looks: Looks): string | CanvasPattern {
  const colour = looks.series[at % looks.series.length] ?? looks.ink;
  const paint = PATTERNS[at % PATTERNS.length];
  if (!paint) return colour;
  const tile = canvas.ownerDocument.createElement("canvas");
  tile.width = TILE;
  tile.height = TILE;
  const pen = tile.getContext("2d");
  if (!pen) return colour;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, TILE, TILE);
  pen.strokeStyle = looks.surface;
  pen.fillStyle = looks.surface;
  pen.globalAlpha = 0.75;
  pen.lineWidth = 1.5;
  paint(pen);
  return pen.createPattern(tile, "repeat") ?? colour;
}

function line(pen: CanvasRenderingContext2D, ...points: [number, number][]): void {
  pen.beginPath();
  for (const [at, [x, y]] of points.entries()) at === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y);
  pen.stroke();
}

/** Plain, stripes up, dots, stripes down, bands, lattice. */
const PATTERNS: readonly (((pen: CanvasRenderingContext2D) => void) | undefined)[] = [
  undefined,
  (pen) => {
    for (const by of [-TILE, 0, TILE]) line(pen, [by, TILE], [by + TILE, 0]);
  },
  (pen) => {
    for (const [x, y] of [
      [2, 2],
      [6, 6],
    ] as const) {
      pen.beginPath();
      pen.arc(x, y, 1.2, 0, 7);
      pen.fill();
    }
  },
  (pen) => {
    for (const by of [-TILE, 0, TILE]) line(pen, [by, 0], [by + TILE, TILE]);
  },
  (pen) => line(pen, [0, 4], [TILE, 4]),
  (pen) => {
    line(pen, [0, 4], [TILE, 4]);
    line(pen, [4, 0], [4, TILE]);
  },
];
