import { ActionIcon, Button, CloseButton, Group, SegmentedControl, Space, Stack, Text, Tooltip } from "@mantine/core";
import { IconArrowsMaximize, IconBulb, IconCirclesRelation, IconCopy, IconTrash, IconZoomScan } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { pictureUrl } from "../api/calls";
import { detailQuery, imageQuery, neighboursQuery } from "../api/queries";
import type { PoolImage, Prediction } from "../api/types";
import { Certainty } from "../components/Certainty";
import { Neighbours } from "../components/Neighbours";
import { Picture } from "../components/Picture";
import { ScoreBars } from "../components/ScoreBars";
import { SectionTitle } from "../components/SectionTitle";
import type { ClassBook } from "../hooks/useClasses";
import { percent } from "../state/figures";
import { isOpen, type Item } from "../state/items";
import { splitName } from "../state/names";
import styles from "./ImagePanel.module.css";

interface Props {
  project: string;
  version: number | null;
  id: number;
  item: Item | null;
  book: ClassBook;
  onOpen: (id: number) => void;
  /** Searches for images like this one. */
  onSimilar: (id: number) => void;
  /** Puts the image and those around it under review, to be labelled together. */
  onAround: (image: PoolImage) => void;
  onRemove: () => void;
  onUnlabel: () => void;
  onClose: () => void;
}

/** Everything about the image in focus. */
export function ImagePanel(props: Props) {
  const { project, version, id, item, book } = props;
  const { data: image, error } = useQuery(imageQuery(project, id));
  const { data: detail } = useQuery({ ...detailQuery(project, id, version), placeholderData: (old) => old });
  const classId = item?.classId ?? image?.class_id ?? null;
  return (
    <aside className={styles.panel} aria-label="Image">
      <div className={styles.frame}>
        <Picture src={pictureUrl(project, id)} alt={image?.filename ?? ""} data-tiny={(image?.width ?? 99) < 96 || undefined} />
        <CloseButton className={styles.close} aria-label="Close the panel" onClick={props.onClose} />
      </div>
      <Stack gap="lg" p="md">
        <Heading {...props} name={image?.filename ?? error?.message ?? ""} size={image && `${image.width} × ${image.height}`} />
        {item?.reason && isOpen(item) && (
          <Group gap={8} wrap="nowrap" align="flex-start" className={styles.reason}>
            <IconBulb size={18} />
            <Text size="sm">{item.reason}</Text>
          </Group>
        )}
        {image?.near_duplicate_of != null && <Duplicate of={image.near_duplicate_of} onOpen={props.onOpen} />}
        <LabelLine classId={classId} book={book} onUnlabel={props.onUnlabel} />
        {detail?.image_id === id && version !== null && <Verdict detail={detail} book={book} labelled={classId !== null} />}
        <Similar {...props} image={image} />
      </Stack>
    </aside>
  );
}

function Heading({ project, id, name, size, onRemove }: Props & { name: string; size: string | undefined }) {
  const { folder, last } = splitName(name);
  return (
    <Group justify="space-between" wrap="nowrap" gap="xs">
      <div className={styles.title}>
        {folder && (
          <Text size="xs" c="var(--soft-ink)" truncate title={name} dir="rtl" ta="left">
            <bdi>{folder}</bdi>
          </Text>
        )}
        <Text fw={600} truncate title={name}>
          {last}
        </Text>
        <Text size="xs" c="var(--soft-ink)">
          {size}
        </Text>
      </div>
      <Group gap={4} wrap="nowrap">
        <Tooltip label="Open the original">
          <ActionIcon component="a" href={pictureUrl(project, id)} target="_blank" variant="subtle" aria-label="Open the original">
            <IconArrowsMaximize size={17} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Remove from the pool">
          <ActionIcon variant="subtle" color="red" onClick={onRemove} aria-label="Remove from the pool">
            <IconTrash size={17} />
          </ActionIcon>
        </Tooltip>
      </Group>
    </Group>
  );
}

function Duplicate({ of, onOpen }: { of: number; onOpen: (id: number) => void }) {
  return (
    <Group gap={8} wrap="nowrap" className={styles.reason}>
      <IconCopy size={18} />
      <Text size="sm">It looks the same as an older image.</Text>
      <Button size="compact-xs" variant="default" onClick={() => onOpen(of)}>
        Show that
      </Button>
    </Group>
  );
}

function LabelLine({ classId, book, onUnlabel }: { classId: string | null; book: ClassBook; onUnlabel: () => void }) {
  if (classId === null) return null;
  return (
    <Group justify="space-between" className={styles.label} style={{ background: book.colour(classId) }} wrap="nowrap">
      <Text size="sm" fw={600} truncate>
        Labelled {book.name(classId)}
      </Text>
      <Button size="compact-xs" variant="white" color="dark" flex="none" onClick={onUnlabel}>
        Remove label
      </Button>
    </Group>
  );
}

function Verdict({ detail, book, labelled }: { detail: Prediction; book: ClassBook; labelled: boolean }) {
  const guess = `${book.name(detail.class_id)}, ${percent(detail.probability)}`;
  return (
    <section>
      <SectionTitle>{labelled ? "The classifier says" : "Prediction"}</SectionTitle>
      <Text fw={600} mb={8}>
        {detail.unknown ? `Unknown: unlike the examples (closest: ${guess})` : guess}
      </Text>
      <ScoreBars scores={detail.scores} book={book} />
      <Space h="sm" />
      <Certainty prediction={detail} book={book} />
    </section>
  );
}

function Similar({ project, id, image, book, version, onOpen, onSimilar, onAround }: Props & { image: PoolImage | undefined }) {
  const [of, setOf] = useState<"examples" | "images">("examples");
  const { data, isPending } = useQuery(neighboursQuery(project, id, of, version));
  return (
    <section>
      <Group justify="space-between" mb={8}>
        <SectionTitle mb={0}>
          Most alike
        </SectionTitle>
        <SegmentedControl
          size="xs"
          value={of}
          onChange={setOf}
          data={[
            { value: "examples", label: "Examples" },
            { value: "images", label: "All images" },
          ]}
        />
      </Group>
      <Neighbours project={project} neighbours={data ?? []} book={book} onOpen={onOpen} />
      {!isPending && data?.length === 0 && (
        <Text size="sm" c="var(--soft-ink)">
          {of === "examples" ? "No labelled image yet." : "No other image yet."}
        </Text>
      )}
      {image?.embedded && (
        <Group gap="xs" mt="sm" grow>
          <Button size="xs" variant="light" px={6} leftSection={<IconZoomScan size={15} />} onClick={() => onSimilar(id)}>
            More like this
          </Button>
          <Tooltip label="Look through the images nearest to it, and give them one label" openDelay={300}>
            <Button size="xs" variant="light" px={6} leftSection={<IconCirclesRelation size={15} />} onClick={() => onAround(image)}>
              Label around it
            </Button>
          </Tooltip>
        </Group>
      )}
    </section>
  );
}
