import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";

import styles from "./Drawing.module.css";

interface Props {
  height: number;
  /** Draws at the width that there is; the same function draws the same picture. */
  draw: (width: number) => Element;
}

/** A picture drawn by a library, as wide as its place and drawn again when that changes. Whoever shows it says in words what it shows. */
export function Drawing({ height, draw }: Props) {
  const { ref: frame, width } = useElementSize();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (width > 0) place.current?.replaceChildren(draw(width));
  }, [draw, width]);
  return (
    <div ref={frame} className={styles.frame} style={{ height }}>
      <div ref={place} aria-hidden />
    </div>
  );
}
