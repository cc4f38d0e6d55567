import { Button, CloseButton, Group, Text, UnstyledButton } from "@mantine/core";
import { useMemo, useState } from "react";

import type { Evaluation } from "../../api/types";
import { ClassName } from "../../components/ClassName";
import { SectionTitle } from "../../components/SectionTitle";
import { ThumbStrip } from "../../components/ThumbStrip";
import type { ClassBook } from "../../hooks/useClasses";
import { inKnownOrder, matrixOf, mistakes, type Confused } from "../../state/confusion";
import { plural } from "../../state/figures";
import styles from "./Evaluation.module.css";
import { Matrix } from "./Matrix";

interface Props {
  project: string;
  evaluation: Evaluation;
  book: ClassBook;
  onOpen: (id: number) => void;
}

/** More rows would be no picture any more, and too many to reach. */
const mostClasses = 30;
const mostMistakes = 8;

/** What is taken for what; each cell opens its images. */
export function Confusion({ project, evaluation, book, onOpen }: Props) {
  const { classes, confusion } = evaluation;
  const [pair, setPair] = useState<{ actual: string; predicted: string } | null>(null);
  const matrix = useMemo(() => {
    const known = book.classes.map((one) => one.id);
    return matrixOf(confusion, inKnownOrder(classes.map((one) => one.class_id), known), mostClasses);
  }, [classes, confusion, book]);
  const chosen = confusion.find((one) => one.actual === pair?.actual && one.predicted === pair.predicted) ?? null;
  if (confusion.length === 0) return null;
  return (
    <section className={styles.card} aria-label="Confusion matrix">
      <SectionTitle>What is taken for what</SectionTitle>
      <div className={styles.confusion}>
        <div>
          <Matrix matrix={matrix} book={book} chosen={chosen} onChoose={(one) => setPair(one === chosen ? null : one)} />
          {matrix.left > 0 && (
            <Text size="xs" c="var(--soft-ink)" mt={6}>
              The {matrix.ids.length} classes with the most mistakes; {plural(matrix.left, "other is", "others are")} left out.
            </Text>
          )}
        </div>
        {chosen ? (
          <Images {...{ project, book, onOpen }} cell={chosen} onClose={() => setPair(null)} />
        ) : (
          <Mistakes confusion={confusion} book={book} onChoose={setPair} />
        )}
      </div>
    </section>
  );
}

interface ImagesProps extends Omit<Props, "evaluation"> {
  cell: Confused;
  onClose: () => void;
}

function Images({ project, book, cell, onOpen, onClose }: ImagesProps) {
  const { actual, predicted, count, image_ids: ids } = cell;
  const taken = `taken for ${book.name(predicted)}`;
  const hint = `labelled ${book.name(actual)}, ${taken}`;
  return (
    <div className={styles.images} role="region" aria-label={`Images labelled ${book.name(actual)}, ${taken}`}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Pair {...{ actual, predicted, book }} />
        <CloseButton size="sm" onClick={onClose} aria-label="Close these images" />
      </Group>
      <ThumbStrip
        project={project}
        label={hint}
        narrowest={76}
        images={ids.map((id) => ({ id, hint: `${id}, ${hint}`, caption: book.name(actual), colour: book.colour(actual) }))}
        onOpen={onOpen}
      />
      {count > ids.length && (
        <Text size="xs" c="var(--soft-ink)">
          The first {ids.length} of {count.toLocaleString("en")}.
        </Text>
      )}
    </div>
  );
}

function Pair({ actual, predicted, book }: { actual: string; predicted: string; book: ClassBook }) {
  return (
    <Text size="sm" component="span" className={styles.line}>
      <ClassName id={actual} book={book} />
      {actual === predicted ? " recognised" : (
        <>
          {" taken for "}
          <ClassName id={predicted} book={book} />
        </>
      )}
    </Text>
  );
}

interface MistakesProps {
  confusion: readonly Confused[];
  book: ClassBook;
  onChoose: (cell: Confused) => void;
}

/** The same in words, the most frequent first. */
function Mistakes({ confusion, book, onChoose }: MistakesProps) {
  const [all, setAll] = useState(false);
  const found = mistakes(confusion);
  if (found.length === 0) return <Text size="sm">No mistake on these labels. Choose a number to see its images.</Text>;
  const shown = all ? found : found.slice(0, mostMistakes);
  return (
    <div className={styles.images}>
      <Text size="sm" c="var(--soft-ink)">
        Choose a number, or a mistake, to see its images.
      </Text>
      <ul className={styles.mistakes}>
        {shown.map((one) => (
          <li key={`${one.actual} ${one.predicted}`}>
            <UnstyledButton className={styles.mistake} onClick={() => onChoose(one)}>
              <Pair actual={one.actual} predicted={one.predicted} book={book} />
              <span>{one.count.toLocaleString("en")}</span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {found.length > shown.length && (
        <Button size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
          Show {found.length - shown.length} more
        </Button>
      )}
    </div>
  );
}
