import { Button } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";

import styles from "./FloatingBar.module.css";

interface Props {
  /** Its lower edge stands so many pixels above that of the place it lies in. */
  bottom: number | string;
  onClear: () => void;
  children: ReactNode;
}

/** What has been chosen, over the images, so that these stay where they are when a choice begins. */
export function FloatingBar({ bottom, onClear, children }: Props) {
  return (
    <div className={styles.bar} style={{ bottom }}>
      {children}
      <Button size="compact-sm" variant="subtle" leftSection={<IconX size={13} />} onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
