import { Badge, Button, Progress, Text } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";

import type { Encoder, Project } from "../../api/types";
import { Empty } from "../../components/Empty";
import { Folded } from "../../components/Folded";
import { IntervalBar } from "../../components/IntervalBar";
import { useSwitchEncoder } from "../../hooks/useSwitchEncoder";
import { comparison, coverage, isBetter, switchVerb, unmeasured } from "../../state/encoders";
import { interval, percent } from "../../state/figures";
import styles from "./Encoders.module.css";

interface Props {
  project: Project;
  encoders: readonly Encoder[];
}

/** Every encoder with how good it is on this project's labels, the one that answers marked. */
export function EncoderList({ project, encoders }: Props) {
  const active = encoders.find((one) => one.active);
  if (encoders.length === 0)
    return (
      <Empty icon={<IconEye size={38} stroke={1.5} />} title="No encoder yet">
        The first one is being made ready. You can register another by its spec.
      </Empty>
    );
  return (
    <ul className={styles.list} aria-label="Encoders">
      {encoders.map((one) => (
        <EncoderRow key={one.id} project={project} encoder={one} active={active} />
      ))}
    </ul>
  );
}

interface RowProps {
  project: Project;
  encoder: Encoder;
  active: Encoder | undefined;
}

function EncoderRow({ project, encoder, active }: RowProps) {
  return (
    <li className={styles.encoder} data-active={encoder.active || undefined} aria-label={encoder.name}>
      <div className={styles.about}>
        <div className={styles.name}>
          <Text fw={650}>{encoder.name}</Text>
          {encoder.active && <Badge variant="light">in use</Badge>}
          {project.next_encoder_id === encoder.id && (
            <Badge variant="light" color="yellow">
              taking over
            </Badge>
          )}
        </div>
        <Text size="sm" c="var(--soft-ink)" className={styles.long}>
          {encoder.source} · {encoder.image_size} × {encoder.image_size} px · {encoder.dimension} numbers an image · licence:{" "}
          {encoder.licence}
        </Text>
        {encoder.notice && <Folded lines={2}>{encoder.notice}</Folded>}
        <Looked encoder={encoder} project={project} />
      </div>
      <Accuracy encoder={encoder} active={active} project={project} />
      <Switch encoder={encoder} active={active} project={project} />
    </li>
  );
}

/** How much of the pool the encoder has looked at, where that is not all of it. */
function Looked({ encoder, project }: Pick<RowProps, "encoder" | "project">) {
  const share = coverage(encoder, project.images);
  const coming = project.next_encoder_id === encoder.id;
  if (project.images === 0) return null;
  if (share === 0 && !coming && !encoder.active)
    return (
      <Text size="sm" c="var(--soft-ink)">
        It has not looked at your images yet. Choosing it has it do so first; the present one goes on meanwhile.
      </Text>
    );
  return (
    <div className={styles.looked}>
      <Text size="sm" c="var(--soft-ink)">
        Looked at {encoder.embedded.toLocaleString("en")} of {project.images.toLocaleString("en")} images
      </Text>
      {share < 1 && <Progress value={100 * share} size="sm" animated={coming || encoder.active} aria-label="Images looked at" />}
    </div>
  );
}

function Accuracy({ encoder, active, project }: RowProps) {
  const { accuracy } = encoder;
  if (!accuracy)
    return (
      <Text size="sm" c="var(--soft-ink)" className={styles.accuracy}>
        {unmeasured(encoder, project.images, project.examples)}
      </Text>
    );
  return (
    <div className={styles.accuracy}>
      <div className={styles.figure}>
        <span className={styles.number}>{percent(accuracy.accuracy)}</span>
        <Text size="xs" c="var(--soft-ink)">
          of answers right ({interval(accuracy)})
        </Text>
      </div>
      <IntervalBar estimate={accuracy} strong={encoder.active} />
      <Text size="sm">{comparison(encoder, active)}</Text>
    </div>
  );
}

function Switch({ encoder, active, project }: RowProps) {
  const change = useSwitchEncoder(project.id, encoder.id);
  const changing = project.next_encoder_id !== null;
  if (encoder.active && !changing) return <div className={styles.switch} />;
  const coming = project.next_encoder_id === encoder.id;
  return (
    <div className={styles.switch}>
      <Button
        size="sm"
        variant={isBetter(encoder, active) ? "filled" : "light"}
        disabled={coming}
        loading={change.isPending}
        onClick={() => change.mutate()}
        aria-label={`${encoder.active ? "Stay with" : switchVerb(encoder, active)} ${encoder.name}`}
      >
        {encoder.active ? "Stay" : switchVerb(encoder, active)}
      </Button>
    </div>
  );
}
