import type { CSSProperties } from "react";

import type { ClassBook } from "../hooks/useClasses";
import { percent } from "../state/figures";
import styles from "./ScoreBars.module.css";

interface Props {
  scores: Readonly<Record<string, number>>;
  book: ClassBook;
  most?: number;
}

/** The probability of each class, the likeliest first. */
export function ScoreBars({ scores, book, most = 6 }: Props) {
  const sorted = Object.entries(scores).sort(([, a], [, b]) => b - a);
  // A last single class takes no more room than the words "1 other".
  const shown = sorted.length === most + 1 ? sorted.length : most;
  const rest = sorted.slice(shown).reduce((sum, [, score]) => sum + score, 0);
  return (
    <div className={styles.scores} role="list" aria-label="Probability of each class">
      {sorted.slice(0, shown).map(([id, score]) => (
        <Row key={id} name={book.name(id)} colour={book.colour(id)} score={score} />
      ))}
      {sorted.length > shown && <Row name={`${sorted.length - shown} others`} colour="var(--soft-ink)" score={rest} />}
    </div>
  );
}

function Row({ name, colour, score }: { name: string; colour: string; score: number }) {
  return (
    <div className={styles.row} role="listitem" style={{ "--colour": colour } as CSSProperties}>
      <span className={styles.name}>{name}</span>
      <span className={styles.bar}>
        <span style={{ width: `${score * 100}%` }} />
      </span>
      <span className={styles.share}>{percent(score)}</span>
    </div>
  );
}
