import { Text } from "@mantine/core";
import { areaY, axisX, axisY, dot, gridY, lineY, plot, pointerX, ruleX, tip } from "@observablehq/plot";
import { useCallback } from "react";

import { Drawing } from "../../components/Drawing";
import { forecastInWords, type CurvePoint } from "../../state/evaluation";
import { interval, percent } from "../../state/figures";
import styles from "./Evaluation.module.css";

interface Props {
  curve: readonly CurvePoint[];
  forecast: CurvePoint | null;
  /** Labels that there are now. */
  labels: number;
}

const height = 210;
const at = { x: "labels", y: "accuracy" } as const;
const between = { x: "labels", y1: "low", y2: "high" } as const;
const said = (point: CurvePoint) => `${percent(point.accuracy)} (${interval(point)})\n${point.labels} labels`;

function draw({ curve, forecast, labels }: Props, width: number) {
  const last = curve.at(-1);
  const coming = forecast ? [forecast] : [];
  const onward = last && forecast ? [last, forecast] : [];
  const all = [...curve, ...coming];
  const accent = "var(--accent)";
  return plot({
    width,
    height,
    marginLeft: 48,
    marginRight: 24,
    marginTop: 18,
    marginBottom: 40,
    x: { domain: [0, Math.max(labels, ...all.map((point) => point.labels))] },
    y: { nice: true, domain: [Math.min(...all.map((point) => point.low)), Math.max(...all.map((point) => point.high))] },
    marks: [
      gridY({ stroke: "var(--line)", strokeOpacity: 1, ticks: 5 }),
      axisX({ label: "labels", ticks: Math.max(2, Math.floor(width / 80)), tickFormat: (count: number) => count.toLocaleString("en"), labelArrow: "none" }),
      axisY({ label: null, ticks: 5, tickFormat: percent }),
      ruleX([labels], { stroke: "var(--soft-ink)", strokeDasharray: "2 3", strokeOpacity: 0.7 }),
      areaY(curve, { ...between, fill: accent, fillOpacity: 0.16 }),
      areaY(onward, { ...between, fill: accent, fillOpacity: 0.08 }),
      lineY(curve, { ...at, stroke: accent, strokeWidth: 2 }),
      lineY(onward, { ...at, stroke: accent, strokeWidth: 2, strokeDasharray: "5 4" }),
      dot(curve, { ...at, r: 3.5, fill: accent }),
      ruleX(coming, { ...between, stroke: accent, strokeWidth: 2 }),
      dot(coming, { ...at, r: 4.5, fill: "var(--panel)", stroke: accent, strokeWidth: 2 }),
      tip(all, pointerX({ ...at, fill: "var(--panel)", stroke: "var(--line)", title: said })),
    ],
  });
}

/** Accuracy against labels, as measured with a part of them, and on to what some more would bring. */
export function LearningCurve({ curve, forecast, labels }: Props) {
  const drawn = useCallback((width: number) => draw({ curve, forecast, labels }, width), [curve, forecast, labels]);
  const words = forecast ? forecastInWords(forecast, labels) : null;
  if (curve.length === 0)
    return <Text className={styles.noCurve}>Label some more images of each class, and a curve shows here what each further label brings.</Text>;
  return (
    <figure className={styles.chart} aria-label={`Learning curve: ${curve.map(said).join("; ")}${words ? `; ${words}` : ""}`}>
      <figcaption>
        <Text fw={600} size="sm">
          Learning curve
        </Text>
        <Text size="xs" c="var(--soft-ink)">
          Measured with a part of the labels; the dotted line is where you are{words && <>, the ring what to expect: {words}</>}.
        </Text>
      </figcaption>
      <Drawing height={height} draw={drawn} />
    </figure>
  );
}
