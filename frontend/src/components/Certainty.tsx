import type { Prediction } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { setWords } from "../state/certainty";
import { sentence } from "../state/evaluation";
import { percent } from "../state/figures";
import styles from "./Certainty.module.css";
import { ClassName } from "./ClassName";

/** More would be no answer: what is left out is counted. */
const most = 8;

/** How sure an answer is: the classes that cannot be ruled out, how strange the image is, and what is too early to say. */
export function Certainty({ prediction, book }: { prediction: Prediction; book: ClassBook }) {
  const { set, unknown_score: unlike, note } = prediction;
  const words = setWords(prediction);
  return (
    <div className={styles.certainty} role="group" aria-label="How sure it is">
      {words && (
        <div className={styles.set}>
          <span className={styles.soft}>{words.lead}</span>
          {set?.slice(0, most).map((id) => <ClassName key={id} id={id} book={book} />)}
          {set && set.length > most && <span className={styles.soft}>and {set.length - most} more</span>}
          <span className={styles.soft}>{words.held}</span>
        </div>
      )}
      {unlike != null && (
        <label className={styles.unlike}>
          <span>unlike all examples</span>
          <meter value={unlike} />
          <span>{percent(unlike)}</span>
        </label>
      )}
      {note && <span className={styles.soft}>{sentence(note)}</span>}
    </div>
  );
}
