import type { CSSProperties } from "react";

import type { ClassBook } from "../hooks/useClasses";
import styles from "./ClassName.module.css";

/** A class in running text: its colour and its name. */
export function ClassName({ id, book }: { id: string; book: ClassBook }) {
  return (
    <span className={styles.name} style={{ "--colour": book.colour(id) } as CSSProperties} title={book.name(id)}>
      <span className={styles.dot} />
      <span className={styles.text}>{book.name(id)}</span>
    </span>
  );
}
