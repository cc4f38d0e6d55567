import { Title } from "@mantine/core";
import type { ReactNode } from "react";

import styles from "./SectionTitle.module.css";

/** The small heading above a part of a panel. */
export function SectionTitle({ children, mb = 6, order = 3 }: { children: ReactNode; mb?: number; order?: 2 | 3 }) {
  return (
    <Title order={order} className={styles.title} mb={mb}>
      {children}
    </Title>
  );
}
