import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { IconPhotoSearch } from "@tabler/icons-react";
import { useEffect, useMemo } from "react";

import { thumbnailUrl } from "../api/calls";
import { chooseFiles } from "../components/chooseFiles";
import { searchOf } from "../state/search";
import styles from "./SearchHead.module.css";

interface Props {
  project: string;
  list: string;
  picture: File | null;
  onPicture: (picture: File) => void;
  onOpen: (id: number) => void;
}

/** What is searched with: images of the pool, or a picture. */
export function SearchHead({ project, list, picture, onPicture, onOpen }: Props) {
  const search = searchOf(list);
  if (search?.by === "images")
    return (
      <Group className={styles.head} gap={8} aria-label="Searched with" role="group">
        {search.ids.map((id) => (
          <UnstyledButton key={id} onClick={() => onOpen(id)} aria-label="Open the image searched with">
            <img className={styles.asked} src={thumbnailUrl(project, id)} alt="" draggable={false} />
          </UnstyledButton>
        ))}
        <Text size="sm" c="var(--soft-ink)">
          The most alike first.
        </Text>
      </Group>
    );
  if (search?.by !== "picture" || !picture) return null;
  return (
    <Group className={styles.head} gap="sm" aria-label="Searched with" role="group">
      <Preview picture={picture} />
      <Text size="sm" c="var(--soft-ink)" truncate maw={260}>
        {picture.name}
      </Text>
      <ChoosePicture label="Another picture" quiet onPicture={onPicture} />
    </Group>
  );
}

function Preview({ picture }: { picture: File }) {
  const url = useMemo(() => URL.createObjectURL(picture), [picture]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  return <img className={styles.asked} src={url} alt={picture.name} />;
}

interface ChooseProps {
  label: string;
  quiet?: boolean;
  onPicture: (picture: File) => void;
}

export function ChoosePicture({ label, quiet = false, onPicture }: ChooseProps) {
  const take = ([first]: File[]) => {
    if (first) onPicture(first);
  };
  return (
    <Button
      size={quiet ? "compact-sm" : "md"}
      variant={quiet ? "default" : "filled"}
      leftSection={<IconPhotoSearch size={16} />}
      onClick={() => chooseFiles(take)}
    >
      {label}
    </Button>
  );
}
