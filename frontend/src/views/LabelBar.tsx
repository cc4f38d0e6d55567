import { ActionIcon, Button, Kbd, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconTagOff } from "@tabler/icons-react";

import { ClassChip } from "../components/ClassChip";
import { FloatingBar } from "../components/FloatingBar";
import type { ClassBook } from "../hooks/useClasses";
import { plural } from "../state/figures";
import { acceptedChanges, type Item } from "../state/items";
import styles from "./LabelBar.module.css";

interface Props {
  book: ClassBook;
  /** The images that the next key acts on. */
  targets: readonly Item[];
  picked: number;
  onLabel: (classId: string) => void;
  onAccept: () => void;
  onUnlabel: () => void;
  onClear: () => void;
}

/** What can be done with the images in hand, each with its key. */
export function LabelBar({ book, targets, picked, onLabel, onAccept, onUnlabel, onClear }: Props) {
  const idle = targets.length === 0;
  const accepted = acceptedChanges(targets);
  const single = targets.length === 1 ? targets[0] : undefined;
  return (
    // A click here must not take the keyboard from the images: Enter would then press the button again.
    <div className={styles.bar} role="toolbar" aria-label="Label" onMouseDown={(event) => event.preventDefault()}>
      <div aria-live="polite">
        {picked > 0 && (
          <FloatingBar bottom="calc(100% + 10px)" onClear={onClear}>
            {plural(picked, "image")} selected
          </FloatingBar>
        )}
      </div>
      <div className={styles.chips}>
        {book.classes.map((one) => (
          <ClassChip
            key={one.id}
            name={one.name}
            colour={book.colour(one.id)}
            hotkey={book.keys.get(one.id)}
            disabled={idle}
            onClick={() => onLabel(one.id)}
          />
        ))}
        {book.classes.length === 0 && (
          <Text size="sm" c="var(--soft-ink)">
            Make a class on the left, then press its key.
          </Text>
        )}
      </div>
      <div className={styles.actions}>
        <Button
          size="sm"
          variant="light"
          disabled={accepted.length === 0}
          leftSection={<IconCheck size={16} />}
          rightSection={<Kbd size="xs">Enter</Kbd>}
          onClick={onAccept}
        >
          {single && accepted[0] ? `Accept ${book.name(accepted[0].class_id ?? "")}` : `Accept ${accepted.length || ""}`}
        </Button>
        <Tooltip label="Remove the label (Backspace)">
          <ActionIcon
            size="lg"
            variant="subtle"
            color="gray"
            disabled={!targets.some((item) => item.classId !== null)}
            onClick={onUnlabel}
            aria-label="Remove the label"
          >
            <IconTagOff size={19} />
          </ActionIcon>
        </Tooltip>
      </div>
    </div>
  );
}
