import type { Estimate } from "../api/types";
import { interval, percent } from "../state/figures";
import styles from "./IntervalBar.module.css";

/** An accuracy on a scale from none to all, with what chance leaves open. */
export function IntervalBar({ estimate, strong }: { estimate: Estimate; strong: boolean }) {
  const { accuracy, low, high } = estimate;
  return (
    <div
      className={styles.scale}
      data-strong={strong || undefined}
      role="img"
      aria-label={`${percent(accuracy)}, between ${interval(estimate)} % with 95 % confidence`}
    >
      <span className={styles.interval} style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }} />
      <span className={styles.mark} style={{ left: `${accuracy * 100}%` }} />
    </div>
  );
}
