import { Button, Text } from "@mantine/core";
import type { ReactNode } from "react";

import type { Estimate, Evaluation, Project } from "../../api/types";
import { IntervalBar } from "../../components/IntervalBar";
import { sentence } from "../../state/evaluation";
import { accuracies, interval, percent, plural } from "../../state/figures";
import styles from "./Evaluation.module.css";
import { LearningCurve } from "./LearningCurve";

interface Props {
  project: Project;
  evaluation: Evaluation;
  onLabel: () => void;
}

/** How good it is, whether that is enough yet, and how it came there. */
export function Accuracy({ project, evaluation, onLabel }: Props) {
  const { estimate, verdict, note, calibration_error: calibrationError } = evaluation;
  const [reference] = accuracies({ ...project, estimate: null });
  const labels = evaluation.classes.reduce((sum, one) => sum + one.examples, 0);
  return (
    <section className={styles.card} aria-label="Accuracy">
      <div className={styles.halves}>
        <div className={styles.verdict}>
          {estimate ? <Measured estimate={estimate} /> : <span className={styles.number}>Not measured yet</span>}
          {estimate && project.estimate && percent(project.estimate.accuracy) !== percent(estimate.accuracy) && (
            <Aside>
              {percent(project.estimate.accuracy)} of the held-out answers were right, from classifiers with fewer labels: the figure
              above is read off the learning curve, at all {labels.toLocaleString("en")}
            </Aside>
          )}
          {reference && (
            <Aside>
              {percent(reference.estimate.accuracy)} ({interval(reference.estimate)}) measured on {reference.measuredOn}, whose true classes came
              with them
            </Aside>
          )}
          {calibrationError !== null && (
            <Aside>Its probabilities differ from what comes true by {plural(Math.round(100 * calibrationError), "point")} on average</Aside>
          )}
          <Text fw={600}>{sentence(verdict)}</Text>
          {note && <Aside>{sentence(note)}</Aside>}
          <Button size="sm" variant="light" onClick={onLabel}>
            Label more
          </Button>
        </div>
        <LearningCurve curve={evaluation.curve} forecast={evaluation.forecast} labels={labels} />
      </div>
    </section>
  );
}

function Measured({ estimate }: { estimate: Estimate }) {
  return (
    <>
      <div className={styles.figure}>
        <span className={styles.number}>{percent(estimate.accuracy)}</span>
        <Aside>
          of answers right, between {interval(estimate)} % with 95 % confidence, on {plural(estimate.count, "label")} that it had not seen
        </Aside>
      </div>
      <IntervalBar estimate={estimate} strong />
    </>
  );
}

function Aside({ children }: { children: ReactNode }) {
  return (
    <Text size="sm" c="var(--soft-ink)">
      {children}
    </Text>
  );
}
