import { Text } from "@mantine/core";

import type { Comparison } from "../../api/types";
import { ThumbStrip } from "../../components/ThumbStrip";
import type { ClassBook } from "../../hooks/useClasses";
import { byWinner } from "../../state/comparison";
import { points, pointsBetween, sentence } from "../../state/evaluation";
import { percent, plural } from "../../state/figures";
import styles from "./Evaluation.module.css";

interface Props {
  project: string;
  comparison: Comparison;
  names: readonly [string, string];
  book: ClassBook;
  onOpen: (id: number) => void;
}

/** Which of two is better, whether that is more than chance, and where they differ. */
export function Compared({ project, comparison, names: [a, b], book, onOpen }: Props) {
  const { accuracy_a: first, accuracy_b: second, difference, low, high, count, verdict } = comparison;
  const { onlyA, onlyB, neither } = byWinner(comparison.disagreements);
  const strip = { project, book, onOpen };
  return (
    <div className={styles.compared} role="status">
      <dl className={styles.figures}>
        <Figure value={percent(first)}>{a}</Figure>
        <Figure value={percent(second)}>{b}</Figure>
        <Figure value={points(difference)}>
          between {pointsBetween(low, high)} with 95 % confidence, on {plural(count, "label")}
        </Figure>
      </dl>
      <Text fw={600}>{sentence(verdict)}</Text>
      <Differing {...strip} title={`Only ${a} is right`} images={onlyA} wrong={(one) => one.b} />
      <Differing {...strip} title={`Only ${b} is right`} images={onlyB} wrong={(one) => one.a} />
      <Differing {...strip} title="Both are wrong, each in its own way" images={neither} wrong={(one) => one.b} />
    </div>
  );
}

function Figure({ value, children }: { value: string; children: React.ReactNode }) {
  return (
    <div>
      <dd>{value}</dd>
      <dt>{children}</dt>
    </div>
  );
}

type Disagreement = Comparison["disagreements"][number];

interface DifferingProps extends Pick<Props, "project" | "book" | "onOpen"> {
  title: string;
  images: readonly Disagreement[];
  wrong: (one: Disagreement) => string | null;
}

function Differing({ project, book, onOpen, title, images, wrong }: DifferingProps) {
  if (images.length === 0) return null;
  const name = (id: string | null) => (id === null ? "nothing" : book.name(id));
  const strip = images.map((one) => ({
    id: one.image_id,
    caption: `${name(one.class_id)}, not ${name(wrong(one))}`,
    colour: book.colour(one.class_id),
    hint: `labelled ${name(one.class_id)}; answers: ${name(one.a)} and ${name(one.b)}`,
  }));
  return (
    <div>
      <Text size="sm" mb={4}>
        {sentence(title)} ({images.length})
      </Text>
      <ThumbStrip project={project} label={title} narrowest={108} images={strip} onOpen={onOpen} />
    </div>
  );
}
