import { ActionIcon, Button, Group, Text, Title, Tooltip } from "@mantine/core";
import { IconArrowLeft } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";

import type { ClassBook } from "../hooks/useClasses";
import { useHotkeys } from "../hooks/useHotkeys";
import type { Labelling } from "../hooks/useLabelling";
import { useRememberedNumber } from "../hooks/useRemembered";
import { allIn, chosen, press, sweep, withMore } from "../state/bulk";
import { plural } from "../state/figures";
import type { Command } from "../state/hotkeys";
import { acceptedChanges, type Item } from "../state/items";
import { classOfKey } from "../state/keys";
import { move, pickAll, toggleFocused, type Selection } from "../state/selection";
import styles from "./BulkReview.module.css";
import { Grid } from "./Grid";
import { LabelBar } from "./LabelBar";

interface Props {
  project: string;
  title: string;
  items: readonly Item[];
  book: ClassBook;
  labelling: Labelling;
  /** What the images under review are taken by, such as how many of them. */
  children?: ReactNode;
  onClose: () => void;
  onHelp: () => void;
}

const gestures = { click: press, boxed: sweep, aside: (selection: Selection) => selection };
const rowsInPage = 4;

/** Who is in: everybody at first; when more come, what was decided about the others stays. */
function useChosen(items: readonly Item[]) {
  const [decided, setDecided] = useState<{ seen: ReadonlySet<number>; selection: Selection } | null>(null);
  const selection = useMemo(() => (decided ? withMore(decided.selection, decided.seen, items) : allIn(items)), [decided, items]);
  const select = (next: Selection) =>
    setDecided((old) => ({ seen: new Set([...(old?.seen ?? []), ...items.map((item) => item.id)]), selection: next }));
  return [selection, select] as const;
}

/** Many images before they get one label together: whoever does not belong is taken out first. Nothing is kept before that. */
export function BulkReview(props: Props) {
  const { project, title, items, book, labelling, onClose } = props;
  const [selection, select] = useChosen(items);
  const [columns, setColumns] = useState(1);
  const [thumbnail] = useRememberedNumber("thumbnail", 132);
  const region = useRef<HTMLElement>(null);
  const targets = useMemo(() => chosen(items, selection), [items, selection]);
  const apply = (changes: { image_id: number; class_id: string | null }[], description: string) => {
    if (changes.length === 0) return;
    labelling.label(targets, changes, description);
    onClose();
  };
  const to = (classId: string | null) => targets.map(({ id }) => ({ image_id: id, class_id: classId }));
  const label = (classId: string) => apply(to(classId), `${plural(targets.length, "image")} as ${book.name(classId)}`);
  const unlabel = () => apply(to(null), `label of ${plural(targets.length, "image")} removed`);
  const accept = () => {
    const changes = acceptedChanges(targets);
    apply(changes, `${plural(changes.length, "prediction")} accepted`);
  };
  const order = () => items.map((item) => item.id);
  const labelled = items.filter((item) => item.classId !== null && !selection.picked.has(item.id)).length;
  const steps = { cell: 1, row: columns, page: columns * rowsInPage, end: Infinity };

  // The keyboard follows to what lies on top.
  useEffect(() => region.current?.querySelector<HTMLElement>("[role=grid]")?.focus(), []);
  useHotkeys((command: Command) => {
    if (command.do === "label") {
      const classId = classOfKey(book.keys, command.key);
      if (classId !== undefined) label(classId);
    } else if (command.do === "move") select({ ...move(selection, order(), command.sign * steps[command.by], false) });
    else if (command.do === "toggle") select(toggleFocused(selection));
    else if (command.do === "all") select(pickAll(selection, order()));
    else if (command.do === "accept") accept();
    else if (command.do === "unlabel") unlabel();
    else if (command.do === "clear") onClose();
    else if (command.do === "help") props.onHelp();
  });

  return (
    <section ref={region} className={styles.review} aria-label="Review">
      <div className={styles.head}>
        <Group gap="sm" wrap="nowrap">
          <Tooltip label="Back without labelling (Esc)">
            <ActionIcon variant="default" size="lg" onClick={onClose} aria-label="Back without labelling">
              <IconArrowLeft size={18} />
            </ActionIcon>
          </Tooltip>
          <div>
            <Title order={2} size="h4">
              {title}
            </Title>
            <Text size="sm" c="var(--soft-ink)" role="status">
              {targets.length.toLocaleString("en")} of {plural(items.length, "image")} will be labelled
              {labelled > 0 && `, ${labelled.toLocaleString("en")} ${labelled === 1 ? "has" : "have"} a label already`}. Click or press Space to take one
              out.
            </Text>
          </div>
        </Group>
        <Group gap="md">
          {props.children}
          <Button size="xs" variant="default" disabled={targets.length === items.length} onClick={() => select(pickAll(selection, order()))}>
            Choose all
          </Button>
          <Button size="xs" variant="default" disabled={targets.length === 0} onClick={() => select({ ...selection, picked: new Set() })}>
            Choose none
          </Button>
        </Group>
      </div>
      <Grid
        project={project}
        items={items}
        total={items.length}
        book={book}
        thumbnail={thumbnail}
        selection={selection}
        onSelect={select}
        onColumns={setColumns}
        onVisible={nothingToFetch}
        gestures={gestures}
      />
      <LabelBar book={book} targets={targets} picked={0} onLabel={label} onAccept={accept} onUnlabel={unlabel} onClear={onClose} />
    </section>
  );
}

const nothingToFetch = () => undefined;
