import { Button, Text } from "@mantine/core";

import type { Evaluation, Project } from "../../api/types";
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
  const [reference] = accuracies({ reference: project.reference, estimate: null });
  const { estimate, verdict, note, calibration_error: calibrationError } = evaluation;
  const labels = evaluation.classes.reduce((sum, one) => sum + one.examples, 0);
  return (
    <section className={styles.card} aria-label="Accuracy">
      <div className={styles.halves}>
        <div className={styles.verdict}>
          {estimate ? (
            <>
              <div className={styles.figure}>
                <span className={styles.number}>{percent(estimate.accuracy)}</span>
                <Text size="sm" c="var(--soft-ink)">
                  of answers right, between {interval(estimate)} % with 95 % confidence, on {plural(estimate.count, "label")} that it had
                  not seen
                </Text>
              </div>
              <IntervalBar estimate={estimate} strong />
            </>
          ) : (
            <span className={styles.number}>Not measured yet</span>
          )}
          {reference && (
            <Text size="sm" c="var(--soft-ink)">
              {percent(reference.estimate.accuracy)} ({interval(reference.estimate)}) measured on {reference.measuredOn}, whose true classes came
              with them
            </Text>
          )}
          {calibrationError !== null && (
            <Text size="sm" c="var(--soft-ink)">
              Its probabilities differ from what comes true by {plural(Math.round(100 * calibrationError), "point")} on average
            </Text>
          )}
          <Text fw={600}>{sentence(verdict)}</Text>
          {note && (
            <Text size="sm" c="var(--soft-ink)">
              {sentence(note)}
            </Text>
          )}
          <Button size="sm" variant="light" onClick={onLabel}>
            Label more
          </Button>
        </div>
        <LearningCurve curve={evaluation.curve} forecast={evaluation.forecast} labels={labels} />
      </div>
    </section>
  );
}
