import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { thumbnailUrl } from "../../api/calls";
import { evaluationQuery } from "../../api/queries";
import type { Evaluation } from "../../api/types";
import { ClassName } from "../../components/ClassName";
import { SectionTitle } from "../../components/SectionTitle";
import type { ClassBook } from "../../hooks/useClasses";
import type { Labelling } from "../../hooks/useLabelling";
import { useReview } from "../../hooks/useReview";
import { sentence } from "../../state/evaluation";
import { undecided } from "../../state/review";
import styles from "./Evaluation.module.css";

interface Props {
  project: string;
  evaluation: Evaluation;
  book: ClassBook;
  labelling: Labelling;
  onOpen: (id: number) => void;
}

type Suspect = Evaluation["suspects"][number];
const fewest = 6;

/** Labels that look wrong, the likeliest first; each is a question with two answers. */
export function Suspects({ project, evaluation, book, labelling, onOpen }: Props) {
  const { review, keep, relabel } = useReview();
  const client = useQueryClient();
  const [all, setAll] = useState(false);
  const open = undecided(evaluation.suspects, review, evaluation.version);
  const shown = all ? open : open.slice(0, fewest);
  const { list, decided } = useNextQuestion(shown.length);
  return (
    <section className={styles.card} aria-label="Labels that look wrong">
      <SectionTitle>Labels that look wrong</SectionTitle>
      {open.length === 0 && (
        <Text size="sm">
          {evaluation.suspects.length === 0 ? "None: where the labels can be checked, they agree with each other." : "All looked at."}
        </Text>
      )}
      <ul className={styles.suspects} ref={list}>
        {shown.map((suspect, index) => (
          <Question
            key={`${suspect.image_id} ${suspect.class_id}`}
            {...{ project, suspect, book, onOpen }}
            onKeep={() => {
              const { image_id, class_id } = suspect;
              labelling.label([{ id: image_id, classId: class_id }], [{ image_id, class_id }], "label kept");
              keep(suspect);
              void labelling.settled().then(() => client.invalidateQueries({ queryKey: evaluationQuery(project, evaluation.version).queryKey, exact: true }));
              decided(index);
            }}
            onRelabel={() => {
              const { image_id, class_id: classId, suggested_class_id: suggested } = suspect;
              labelling.label([{ id: image_id, classId }], [{ image_id, class_id: suggested }], `1 image as ${book.name(suggested)}`);
              relabel(suspect, evaluation.version);
              decided(index);
            }}
          />
        ))}
      </ul>
      {open.length > shown.length && (
        <Button size="compact-sm" variant="subtle" onClick={() => setAll(true)}>
          Show {open.length - shown.length} more
        </Button>
      )}
    </section>
  );
}

/** After an answer the keyboard goes on to the question that took its place. */
function useNextQuestion(count: number) {
  const list = useRef<HTMLUListElement>(null);
  const next = useRef<number | null>(null);
  useEffect(() => {
    if (next.current === null) return;
    const question = list.current?.children[Math.min(next.current, count - 1)];
    question?.querySelector<HTMLElement>("[data-first-answer]")?.focus();
    next.current = null;
  });
  return { list, decided: (index: number) => (next.current = index) };
}

interface QuestionProps {
  project: string;
  suspect: Suspect;
  book: ClassBook;
  onOpen: (id: number) => void;
  onKeep: () => void;
  onRelabel: () => void;
}

function Question({ project, suspect, book, onOpen, onKeep, onRelabel }: QuestionProps) {
  const { image_id: id, class_id: label, suggested_class_id: suggested } = suspect;
  const about = `Image ${id}, labelled ${book.name(label)}`;
  return (
    <li className={styles.suspect} aria-label={about}>
      <UnstyledButton className={styles.picture} onClick={() => onOpen(id)} aria-label={`Open image ${id}`}>
        <img src={thumbnailUrl(project, id)} alt="" />
      </UnstyledButton>
      <div className={styles.question}>
        <Text size="sm" component="div" className={styles.line}>
          Labelled <ClassName id={label} book={book} />
        </Text>
        <Text size="xs" c="var(--soft-ink)">
          {sentence(suspect.reason)}
        </Text>
        <Group gap={6} mt={4} wrap="nowrap">
          <Button size="compact-sm" variant="light" data-first-answer onClick={onRelabel} className={styles.answer}>
            Relabel as {book.name(suggested)}
          </Button>
          <Button size="compact-sm" variant="default" onClick={onKeep} className={styles.answer}>
            Keep
          </Button>
        </Group>
      </div>
    </li>
  );
}
