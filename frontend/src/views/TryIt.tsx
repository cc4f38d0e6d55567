import { Alert, Button, Group, Loader, Modal, Stack, Text } from "@mantine/core";
import { IconPhotoSearch, IconUpload, IconZoomScan } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { explainFiles } from "../api/calls";
import type { Prediction } from "../api/types";
import { Certainty } from "../components/Certainty";
import { chooseFiles } from "../components/chooseFiles";
import { Neighbours } from "../components/Neighbours";
import { ScoreBars } from "../components/ScoreBars";
import { useDropTarget } from "../components/useDropTarget";
import type { ClassBook } from "../hooks/useClasses";
import { percent } from "../state/figures";
import styles from "./TryIt.module.css";

interface Props {
  project: string;
  version: number | null;
  book: ClassBook;
  file: File | null;
  onFile: (file: File) => void;
  onClose: () => void;
  onOpen: (id: number) => void;
  /** Searches for images like the picture. */
  onSearch: (file: File) => void;
}

/** Asks the classifier about a picture that is not, and will not be, in the pool. */
export function TryIt(props: Props) {
  const { file, onFile, onClose } = props;
  const take = ([first]: File[]) => {
    if (first) onFile(first);
  };
  const { over, handlers } = useDropTarget(take);
  return (
    <Modal opened onClose={onClose} title="Try it" size={760} centered {...handlers}>
      {file ? (
        <Asked {...props} file={file} />
      ) : (
        <div className={styles.drop} data-over={over || undefined}>
          <IconUpload size={34} stroke={1.5} />
          <Text fw={600}>Drop or paste a picture here</Text>
          <Text size="sm" c="var(--soft-ink)">
            It is looked at, not stored.
          </Text>
        </div>
      )}
      <Group justify="center" mt="md">
        <Button
          variant={file ? "default" : "filled"}
          leftSection={<IconPhotoSearch size={17} />}
          onClick={() => chooseFiles(take)}
          data-autofocus
        >
          {file ? "Try another" : "Choose a file"}
        </Button>
        {file && (
          <Button variant="default" leftSection={<IconZoomScan size={17} />} onClick={() => props.onSearch(file)}>
            Find images like it
          </Button>
        )}
      </Group>
    </Modal>
  );
}

function Asked({ project, version, book, file, onOpen }: Props & { file: File }) {
  const url = useMemo(() => URL.createObjectURL(file), [file]);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  const { data, error, isPending } = useQuery({
    queryKey: ["try", project, version, file.name, file.size, file.lastModified],
    queryFn: ({ signal }) => explainFiles(project, [file], signal),
    meta: { shownInPlace: true },
  });
  const [prediction] = data?.predictions ?? [];
  const [rejected] = data?.rejected ?? [];
  return (
    <div className={styles.asked}>
      <img src={url} alt={file.name} className={styles.picture} />
      <Stack gap="md">
        {isPending && <Loader />}
        {error && (
          <Alert color="yellow" title="No answer yet">
            {error.message}
          </Alert>
        )}
        {rejected && (
          <Alert color="red" title={rejected.filename}>
            {rejected.reason}
          </Alert>
        )}
        {prediction && <Answer prediction={prediction} {...{ project, book }} onOpen={onOpen} />}
      </Stack>
    </div>
  );
}

interface AnswerProps {
  prediction: Prediction;
  project: string;
  book: ClassBook;
  onOpen: (id: number) => void;
}

function Answer({ prediction, project, book, onOpen }: AnswerProps) {
  return (
    <>
      <div role="status">
        <Text className={styles.verdict} style={{ "--colour": prediction.unknown ? "var(--soft-ink)" : book.colour(prediction.class_id) }}>
          {prediction.unknown ? "Unknown" : book.name(prediction.class_id)}
        </Text>
        <Text c="var(--soft-ink)" size="sm">
          {prediction.unknown
            ? `Unlike every class; ${book.name(prediction.class_id)} comes closest.`
            : `${percent(prediction.probability)} sure`}
        </Text>
      </div>
      <ScoreBars scores={prediction.scores} book={book} />
      <Certainty prediction={prediction} book={book} />
      <div>
        <Text size="sm" fw={600} mb={6}>
          Most alike among the examples
        </Text>
        <Neighbours project={project} neighbours={prediction.neighbours} book={book} onOpen={onOpen} />
      </div>
    </>
  );
}
