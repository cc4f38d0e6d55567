import { Button, Group, Slider, Text, Title, Tooltip } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";

import type { ClassBook } from "../hooks/useClasses";
import { plural } from "../state/figures";
import { searchOf } from "../state/search";
import { classOfList, importsView, type View } from "../state/view";
import { AddImages } from "./AddImages";
import { ClassSwitch, ListTools } from "./ListTools";
import styles from "./Toolbar.module.css";

interface Props {
  view: View;
  total: number;
  left: number;
  book: ClassBook;
  predicts: boolean;
  thumbnail: number;
  stale: boolean;
  onView: (changes: Partial<View>) => void;
  onList: (list: string) => void;
  onThumbnail: (size: number) => void;
  onRefresh: () => void;
  onFiles: (files: File[]) => void;
}

const titles: Record<string, string> = {
  suggestions: "To label",
  all: "All images",
  unlabelled: "Unlabelled",
  labelled: "Labelled",
  uncertain: "Uncertain",
  unknown: "Unknown",
  "near-duplicates": "Near-duplicates",
  picture: "Search by image",
};

function titleOf(list: string, book: ClassBook): string {
  if (searchOf(list)?.by === "images") return "More like this";
  const classId = classOfList(list);
  return classId === null ? (titles[list] ?? list) : book.name(classId);
}

export function Toolbar(props: Props) {
  const { view, total, left, book, thumbnail, stale, onList, onThumbnail, onRefresh, onFiles } = props;
  const { list } = view;
  const suggested = list === "suggestions";
  return (
    <div className={styles.toolbar}>
      <Group gap="sm" wrap="nowrap" miw={0}>
        <div className={styles.title}>
          <Title order={2} size="h4">
            {titleOf(list, book)}
          </Title>
          <Text size="xs" c="var(--soft-ink)">
            {suggested && total > 0 ? `${left} of ${plural(total, "suggestion")} left` : plural(total, suggested ? "suggestion" : "image")}
          </Text>
        </div>
        <ClassSwitch list={list} onList={onList} />
        {(suggested || stale) && (
          <Tooltip label={suggested ? "Ask for new suggestions (.)" : "Labels changed since this list was sorted (.)"}>
            <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} onClick={onRefresh}>
              {suggested ? "New suggestions" : "Sort again"}
            </Button>
          </Tooltip>
        )}
      </Group>
      <Group style={{ gap: "8px 16px" }}>
        <ListTools {...props} />
        <Slider
          className={styles.slider}
          size="sm"
          min={64}
          max={280}
          value={thumbnail}
          label={null}
          thumbLabel="Size of the thumbnails"
          onChange={onThumbnail}
        />
        <AddImages onFiles={onFiles} onImport={() => onList(importsView)} />
      </Group>
    </div>
  );
}
