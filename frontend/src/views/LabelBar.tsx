import { ActionIcon, Button, Kbd, Select, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconTagOff } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";

import type { ImageClass } from "../api/types";
import { ClassChip } from "../components/ClassChip";
import { FloatingBar } from "../components/FloatingBar";
import type { ClassBook } from "../hooks/useClasses";
import { chipsFor } from "../state/classRows";
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
      <Chips book={book} idle={idle} onLabel={onLabel} />
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

/** Many classes take long to draw, and each step through the images comes by here: they are drawn when they change. */
function Chips({ book, idle, onLabel }: { book: ClassBook; idle: boolean; onLabel: (classId: string) => void }) {
  const { chips, others } = useMemo(() => chipsFor(book.classes, book.keys), [book]);
  const press = useRef(onLabel);
  useEffect(() => {
    press.current = onLabel;
  });
  const drawn = useMemo(
    () => (
      <>
        {chips.map((one) => (
          <ClassChip
            key={one.id}
            name={one.name}
            colour={book.colour(one.id)}
            hotkey={book.keys.get(one.id)}
            disabled={idle}
            onClick={() => press.current(one.id)}
          />
        ))}
        {others.length > 0 && <OtherClass classes={others} disabled={idle} onChoose={(id) => press.current(id)} />}
      </>
    ),
    [chips, others, book, idle],
  );
  return (
    <div className={styles.chips}>
      {drawn}
      {book.classes.length === 0 && (
        <Text size="sm" c="var(--soft-ink)">
          Make a class on the left, then press its key.
        </Text>
      )}
    </div>
  );
}

interface OtherProps {
  classes: readonly ImageClass[];
  disabled: boolean;
  onChoose: (classId: string) => void;
}

/** The classes for which there is no key, found by their names. */
function OtherClass({ classes, disabled, onChoose }: OtherProps) {
  const [uses, setUses] = useState(0);
  return (
    <Select
      // Made anew after each choice: empty again, and the keys are the page's.
      key={uses}
      size="xs"
      w={190}
      searchable
      selectFirstOptionOnChange
      limit={50}
      disabled={disabled}
      aria-label="Label as another class"
      placeholder={`${classes.length.toLocaleString("en")} more classes`}
      nothingFoundMessage="No such class"
      data={classes.map((one) => ({ value: one.id, label: one.name }))}
      value={null}
      // Unlike a button it needs the keyboard, to be typed into.
      onMouseDown={(event) => event.stopPropagation()}
      onChange={(id) => {
        if (!id) return;
        onChoose(id);
        setUses(uses + 1);
      }}
    />
  );
}
