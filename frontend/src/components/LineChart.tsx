import { dot, gridY, lineY, plot, pointerX, ruleX, tip } from "@observablehq/plot";
import { useCallback } from "react";

import { downsample } from "../state/downsample";
import type { Point } from "../state/run";
import { Drawing } from "./Drawing";

export interface Line {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly Point[];
}

interface Props {
  lines: readonly Line[];
  format: (value: number) => string;
  /** The step that the run has reached: charts beside each other share their axis. */
  reached: number;
  fromZero: boolean;
  /** The lowest and the highest value, where they are known beforehand. */
  domain?: readonly [number, number];
}

/** More points than pixels draw no better curve. */
const mostPoints = 400;
const height = 180;

interface Mark extends Point {
  readonly name: string;
  readonly colour: string;
}

function marksOf(lines: readonly Line[]): Mark[][] {
  return lines.map(({ name, colour, points }) => downsample(points, mostPoints).map((point) => ({ ...point, name, colour })));
}

function draw({ lines, format, reached, fromZero, domain }: Props, width: number) {
  const drawn = marksOf(lines);
  const all = drawn.flat();
  const at = { x: "step", y: "value" } as const;
  return plot({
    width,
    height,
    marginLeft: 44,
    marginRight: 24,
    marginTop: 10,
    marginBottom: 26,
    x: { label: null, domain: [0, Math.max(1, reached)], ticks: Math.max(2, Math.floor(width / 80)), tickFormat: (step: number) => step.toLocaleString("en") },
    y: { label: null, ticks: 5, tickFormat: format, nice: true, zero: fromZero, ...(domain && { domain }) },
    marks: [
      gridY({ stroke: "var(--line)", strokeOpacity: 1 }),
      ruleX(all, pointerX({ x: "step", stroke: "var(--soft-ink)", strokeOpacity: 0.5 })),
      ...drawn.map((marks) => lineY(marks, { ...at, stroke: marks[0]?.colour ?? "currentColor", strokeWidth: 2 })),
      // Few points are probes, and a line alone would not show where they were taken.
      ...drawn.filter((marks) => marks.length <= 12).map((marks) => dot(marks, { ...at, r: 3, fill: marks[0]?.colour ?? "currentColor" })),
      tip(all, pointerX({ ...at, fill: "var(--panel)", stroke: "var(--line)", title: (mark: Mark) => `${mark.name} ${format(mark.value)}\nstep ${mark.step.toLocaleString("en")}` })),
    ],
  });
}

/** Curves over training steps, with the values under the pointer. */
export function LineChart({ lines, format, reached, fromZero, domain }: Props) {
  const drawn = useCallback(
    (width: number) => draw({ lines, format, reached, fromZero, ...(domain && { domain }) }, width),
    [lines, format, reached, fromZero, domain],
  );
  return <Drawing height={height} draw={drawn} />;
}
