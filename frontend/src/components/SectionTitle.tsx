import { Title } from "@mantine/core";
import type { ReactNode } from "react";

import styles from "./SectionTitle.module.css";

/** The small heading above a part of a panel. */
export function SectionTitle({ children, mb = 6 }: { children: ReactNode; mb?: number }) {
  return (
    <Title order={3} className={styles.title} mb={mb}>
      {children}
    </Title>
  );
}
