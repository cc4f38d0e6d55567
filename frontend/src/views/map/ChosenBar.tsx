import { Button, Kbd } from "@mantine/core";
import { IconX } from "@tabler/icons-react";

import { plural } from "../../state/figures";
import styles from "./Map.module.css";

interface Props {
  count: number;
  onReview: () => void;
  onClear: () => void;
}

/** The images within the lasso, and the way on. */
export function ChosenBar({ count, onReview, onClear }: Props) {
  return (
    <div className={styles.chosen} role="status">
      {plural(count, "image")} chosen
      <Button size="xs" rightSection={<Kbd size="xs">Enter</Kbd>} onClick={onReview}>
        Look through and label
      </Button>
      <Button size="xs" variant="subtle" leftSection={<IconX size={13} />} onClick={onClear}>
        Clear
      </Button>
    </div>
  );
}
