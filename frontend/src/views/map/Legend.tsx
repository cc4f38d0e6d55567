import type { CSSProperties } from "react";

import type { Colouring, Shading } from "../../state/mapColours";
import styles from "./Map.module.css";

/** What the colours mean and how many images have each, the most common first. */
export function Legend({ shading, colouring }: { shading: Shading; colouring: Colouring }) {
  const there = shading.shades.filter(({ count }) => count > 0);
  const shown = colouring === "confidence" ? there.toReversed() : there.toSorted((a, b) => b.count - a.count);
  return (
    <ul className={styles.legend} aria-label="What the colours mean">
      {shown.map(({ name, colour, count }) => (
        <li key={name} style={{ "--colour": colour } as CSSProperties}>
          <span className={styles.dot} />
          <span className={styles.name}>{name}</span>
          <span className={styles.count}>{count.toLocaleString("en")}</span>
        </li>
      ))}
    </ul>
  );
}
