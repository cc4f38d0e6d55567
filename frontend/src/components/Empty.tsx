import { Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";

import styles from "./Empty.module.css";

interface Props {
  icon: ReactNode;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** Nothing to show here, and what to do about it. */
export function Empty({ icon, title, children, action }: Props) {
  return (
    <Stack className={styles.empty} align="center" justify="center" gap="sm">
      <div className={styles.icon}>{icon}</div>
      <Title order={3} ta="center">
        {title}
      </Title>
      <Text c="var(--soft-ink)" ta="center" maw={440}>
        {children}
      </Text>
      {action}
    </Stack>
  );
}
