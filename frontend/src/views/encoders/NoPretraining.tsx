import { Button } from "@mantine/core";
import { IconSparkles } from "@tabler/icons-react";

import type { Project } from "../../api/types";
import { Empty } from "../../components/Empty";
import { plural } from "../../state/figures";
import styles from "./Encoders.module.css";

interface Props {
  project: Project;
  onStart: () => void;
  onList: (list: string) => void;
}

/** What a pretraining is for, before there was one. */
export function NoPretraining(props: Props) {
  return (
    <section className={styles.nothing} aria-label="Pretraining">
      <Invitation {...props} />
    </section>
  );
}

function Invitation({ project, onStart, onList }: Props) {
  const icon = <IconSparkles size={38} stroke={1.5} />;
  if (project.images < 2)
    return (
      <Empty icon={icon} title="Pretrain an encoder on your own images" action={<Button onClick={() => onList("all")}>Add images</Button>}>
        It learns from images alone, without labels. Add some hundreds first, better thousands: the more, the better it gets.
      </Empty>
    );
  return (
    <Empty
      icon={icon}
      title="Pretrain an encoder on your own images"
      action={
        <Button leftSection={<IconSparkles size={16} />} onClick={onStart}>
          Pretrain a new one
        </Button>
      }
    >
      It learns from your {plural(project.images, "image")} alone, without labels. Then you see its accuracy beside the present one’s and
      choose.
    </Empty>
  );
}
