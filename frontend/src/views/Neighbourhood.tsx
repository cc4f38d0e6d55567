import { Slider, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { searchQuery } from "../api/queries";
import type { ClassBook } from "../hooks/useClasses";
import type { Labelling } from "../hooks/useLabelling";
import { fromImage, fromResult, type Item } from "../state/items";
import { BulkReview } from "./BulkReview";
import styles from "./Neighbourhood.module.css";
import type { PoolImage } from "../api/types";

interface Props {
  project: string;
  /** In whose neighbourhood. */
  image: PoolImage;
  book: ClassBook;
  labelling: Labelling;
  onClose: () => void;
  onHelp: () => void;
}

const most = 500;
const first = 40;
const settleMilliseconds = 150;
const nobody: Item[] = [];

/** An image and the nearest to it, as many as the reader says, to be labelled together. */
export function Neighbourhood({ project, image, ...rest }: Props) {
  const [size, setSize] = useState(first);
  const [settled] = useDebouncedValue(size, settleMilliseconds);
  const asked = useMemo(() => ({ filter: "all", query: { image_ids: [image.id] } }), [image.id]);
  const { data, error } = useQuery(searchQuery(project, asked, most));
  const around = useMemo(() => data?.map(fromResult) ?? nobody, [data]);
  const items = useMemo(() => (data ? [fromImage(image), ...around.slice(0, settled)] : nobody), [data, image, around, settled]);
  return (
    <BulkReview key={image.id} project={project} title={`Most like ${image.filename}`} items={items} {...rest}>
      {error && (
        <Text size="sm" c="red" role="alert">
          {error.message}
        </Text>
      )}
      <label className={styles.size}>
        <Text size="sm">
          The nearest <b>{Math.min(size, around.length)}</b>
        </Text>
        <Slider
          className={styles.slider}
          size="sm"
          min={5}
          max={Math.max(6, around.length)}
          step={1}
          value={size}
          label={null}
          thumbLabel="How many of the nearest"
          onChange={setSize}
        />
      </label>
    </BulkReview>
  );
}
