import { Text } from "@mantine/core";
import { useMemo, type CSSProperties } from "react";

import { LineChart, type Line } from "../../components/LineChart";
import { percent } from "../../state/figures";
import type { CurveName, Run } from "../../state/run";
import styles from "./Encoders.module.css";

interface Kind {
  readonly title: string;
  readonly meaning: string;
  readonly curves: readonly (readonly [CurveName, string])[];
  readonly format: (value: number) => string;
  readonly fromZero?: boolean;
  readonly domain?: readonly [number, number];
}

const hundredths = (value: number) => value.toLocaleString("en", { maximumFractionDigits: 2 });
const twoDigits = (value: number) => value.toLocaleString("en", { maximumSignificantDigits: 2 });
const whole = (value: number) => Math.round(value).toLocaleString("en");

const loss: Kind = {
  title: "Loss",
  meaning: "Falls while it learns; flat means that little more comes.",
  curves: [
    ["total", "total"],
    ["cross_entropy", "cross-entropy"],
  ],
  format: hundredths,
};
const evenness: Kind = {
  title: "Uneven use",
  meaning: "The loss’s other part: near 0 while all prototypes serve alike.",
  curves: [["me_max", "mean-entropy term"]],
  format: twoDigits,
  fromZero: true,
};
const prototypes: Kind = {
  title: "Distinct prototypes",
  meaning: "Kinds of image told apart in a batch. A few alone: it has collapsed.",
  curves: [["distinct_prototypes", "in a batch"]],
  format: whole,
  fromZero: true,
};
const probes: Kind = {
  title: "Accuracy of its features",
  meaning: "Measured now and then on your labels: what counts in the end.",
  curves: [
    ["knn", "neighbours"],
    ["low_shot", "few labels"],
  ],
  format: percent,
  domain: [0, 1],
};
const colours = ["var(--curve-1)", "var(--curve-2)"];
const first = "The first steps are on their way.";

/** The curves of a run: does it learn, does it collapse, and are its features worth having. */
export function RunCurves({ run, labelled }: { run: Run; labelled: boolean }) {
  const waiting = labelled
    ? "The first probe is on its way."
    : "Label two images of each class, and probes show here how good the features are.";
  return (
    <div className={styles.curves}>
      <Curves kind={loss} run={run} empty={first} />
      <Curves kind={evenness} run={run} empty={first} />
      <Curves kind={prototypes} run={run} empty={first} />
      <Curves kind={probes} run={run} empty={waiting} />
    </div>
  );
}

function Curves({ kind, run, empty }: { kind: Kind; run: Run; empty: string }) {
  const { curves } = run;
  const lines = useMemo(
    () =>
      kind.curves.flatMap(([name, label], index): Line[] =>
        curves[name].length === 0 ? [] : [{ name: label, colour: colours[index] ?? "currentColor", points: curves[name] }],
      ),
    [kind, curves],
  );
  const newest = lines.map(({ name, points }) => `${name} ${kind.format(points.at(-1)?.value ?? 0)}`).join(", ");
  return (
    <figure className={styles.chart} aria-label={`${kind.title}: ${newest || empty}`}>
      <figcaption>
        <Text fw={600} size="sm">
          {kind.title}
        </Text>
        <Text size="xs" c="var(--soft-ink)">
          {kind.meaning}
        </Text>
      </figcaption>
      <div className={styles.legend}>
        {lines.map(({ name, colour, points }) => (
          <span key={name} style={{ "--colour": colour } as CSSProperties}>
            {name} <b>{kind.format(points.at(-1)?.value ?? 0)}</b>
          </span>
        ))}
      </div>
      {lines.length === 0 ? (
        <Text className={styles.noCurve} size="sm">
          {empty}
        </Text>
      ) : (
        <LineChart
          lines={lines}
          format={kind.format}
          reached={run.figures.step ?? 0}
          fromZero={kind.fromZero ?? false}
          {...(kind.domain && { domain: kind.domain })}
        />
      )}
    </figure>
  );
}
