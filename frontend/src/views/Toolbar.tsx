import { Button, Group, Menu, SegmentedControl, Select, Slider, Text, Title, Tooltip } from "@mantine/core";
import { IconChevronDown, IconFolder, IconPhotoPlus, IconPhotoSearch, IconRefresh } from "@tabler/icons-react";

import { chooseFiles } from "../components/chooseFiles";
import type { ClassBook } from "../hooks/useClasses";
import { plural } from "../state/figures";
import { classOfList, defaultOrder, type Order } from "../state/view";
import styles from "./Toolbar.module.css";

interface Props {
  list: string;
  order: Order | null;
  total: number;
  left: number;
  book: ClassBook;
  thumbnail: number;
  stale: boolean;
  onList: (list: string) => void;
  onOrder: (order: Order) => void;
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
};

const orderNames: { value: Order; label: string }[] = [
  { value: "newest", label: "Newest first" },
  { value: "oldest", label: "Oldest first" },
  { value: "uncertain", label: "Least certain first" },
  { value: "confident", label: "Most certain first" },
];

export function titleOf(list: string, book: ClassBook): string {
  const classId = classOfList(list);
  return classId === null ? (titles[list] ?? list) : book.name(classId);
}

export function Toolbar(props: Props) {
  const { list, order, total, left, book, thumbnail, stale, onThumbnail, onRefresh, onFiles } = props;
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
        <ClassSwitch {...props} />
        {(suggested || stale) && (
          <Tooltip label={suggested ? "Ask for new suggestions (.)" : "Labels changed since this list was sorted (.)"}>
            <Button size="xs" variant="default" leftSection={<IconRefresh size={15} />} onClick={onRefresh}>
              {suggested ? "New suggestions" : "Sort again"}
            </Button>
          </Tooltip>
        )}
      </Group>
      <Group gap="md" wrap="nowrap">
        {!suggested && (
          <Select
            size="xs"
            w={165}
            aria-label="Order"
            data={orderNames}
            value={order ?? defaultOrder(list)}
            allowDeselect={false}
            onChange={(value) => value && props.onOrder(value)}
          />
        )}
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
        <AddImages onFiles={onFiles} />
      </Group>
    </div>
  );
}

function ClassSwitch({ list, onList }: Pick<Props, "list" | "onList">) {
  const classId = classOfList(list);
  if (classId === null) return null;
  return (
    <SegmentedControl
      size="xs"
      value={list}
      onChange={onList}
      data={[
        { value: `class:${classId}`, label: "Examples" },
        { value: `predicted:${classId}`, label: "Predicted" },
      ]}
    />
  );
}

export function AddImages({ onFiles, size = "xs" }: { onFiles: (files: File[]) => void; size?: "xs" | "md" }) {
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button
          size={size}
          variant={size === "md" ? "filled" : "light"}
          leftSection={<IconPhotoPlus size={16} />}
          rightSection={<IconChevronDown size={14} />}
        >
          Add images
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconPhotoSearch size={16} />} onClick={() => chooseFiles(onFiles)}>
          Choose files
        </Menu.Item>
        <Menu.Item leftSection={<IconFolder size={16} />} onClick={() => chooseFiles(onFiles, true)}>
          Choose a folder
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
