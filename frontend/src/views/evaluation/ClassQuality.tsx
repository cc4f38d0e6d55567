import { Table, Text, UnstyledButton } from "@mantine/core";

import type { ClassEvaluation } from "../../api/types";
import { ClassName } from "../../components/ClassName";
import { IntervalBar } from "../../components/IntervalBar";
import { SectionTitle } from "../../components/SectionTitle";
import type { ClassBook } from "../../hooks/useClasses";
import { weakestFirst, type Share } from "../../state/evaluation";
import { interval, percent } from "../../state/figures";
import styles from "./Evaluation.module.css";

interface Props {
  classes: readonly ClassEvaluation[];
  book: ClassBook;
  onList: (list: string) => void;
}

/** Each class by how many of its images are found and how many answers of it hold. */
export function ClassQuality({ classes, book, onList }: Props) {
  return (
    <section className={styles.card} aria-label="Quality of each class">
      <SectionTitle>Classes, the weakest first</SectionTitle>
      <div className={styles.wide}>
        <Table verticalSpacing={7} miw={460}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Class</Table.Th>
              <Table.Th ta="right">Labels</Table.Th>
              <Table.Th title="Recall: of the images of this class, how many are recognised">Found (recall)</Table.Th>
              <Table.Th title="Precision: of the answers that name this class, how many hold">Right when named (precision)</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {weakestFirst(classes).map((one) => (
              <Table.Tr key={one.class_id}>
                <Table.Td className={styles.className}>
                  <UnstyledButton onClick={() => onList(`class:${one.class_id}`)} title="Show its examples">
                    <ClassName id={one.class_id} book={book} />
                  </UnstyledButton>
                </Table.Td>
                <Table.Td ta="right">{one.examples.toLocaleString("en")}</Table.Td>
                <Measured share={one.recall} missing="needs a second label" />
                <Measured share={one.precision} missing="never named" />
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  );
}

function Measured({ share, missing }: { share: Share | null; missing: string }) {
  if (!share)
    return (
      <Table.Td>
        <Text size="sm" c="var(--soft-ink)">
          {missing}
        </Text>
      </Table.Td>
    );
  const { value: accuracy, ...rest } = share;
  return (
    <Table.Td>
      <div className={styles.share}>
        <span>{percent(accuracy)}</span>
        <Text size="xs" c="var(--soft-ink)">
          {interval(share)} · of {share.count}
        </Text>
        <IntervalBar estimate={{ accuracy, ...rest }} strong />
      </div>
    </Table.Td>
  );
}
