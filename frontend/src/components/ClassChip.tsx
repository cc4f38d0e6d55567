import { Kbd, UnstyledButton } from "@mantine/core";

import styles from "./ClassChip.module.css";

interface Props {
  name: string;
  colour: string;
  hotkey?: string | undefined;
  disabled?: boolean;
  onClick?: () => void;
}

/** A class as a button: its colour, its name and the key that does the same. */
export function ClassChip({ name, colour, hotkey, disabled = false, onClick }: Props) {
  return (
    <UnstyledButton
      className={styles.chip}
      style={{ "--colour": colour }}
      disabled={disabled}
      onClick={onClick}
      aria-label={`Label as ${name}`}
    >
      <span className={styles.dot} />
      <span className={styles.name}>{name}</span>
      {hotkey !== undefined && <Kbd size="xs">{hotkey.toUpperCase()}</Kbd>}
    </UnstyledButton>
  );
}
