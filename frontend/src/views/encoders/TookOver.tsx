import { Alert, Button, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import type { Encoder, Project } from "../../api/types";
import { useSwitchEncoder } from "../../hooks/useSwitchEncoder";
import { change, coverage, isBetter, predecessor } from "../../state/encoders";

interface Props {
  project: Project;
  encoders: readonly Encoder[];
}

/** By how much the accuracy changed with the present encoder; the way back where it fell. */
export function TookOver({ project, encoders }: Props) {
  const active = encoders.find((one) => one.active);
  const before = predecessor(encoders);
  if (!active || !before || project.next_encoder_id !== null) return null;
  if (isBetter(before, active)) return <Fell project={project} active={active} before={before} />;
  return (
    <Text size="sm" c="var(--soft-ink)">
      {active.name} beside {before.name}: {change(before, active)}
    </Text>
  );
}

function Fell({ project, active, before }: { project: Project; active: Encoder; before: Encoder }) {
  const back = useSwitchEncoder(project.id, before.id);
  return (
    <Alert color="orange" icon={<IconAlertTriangle />} title={`${active.name} does worse than ${before.name} did`}>
      <Text size="sm" mb="sm">
        {change(before, active)}
        {coverage(before, project.images) === 1 && ` ${before.name} has looked at your images already: going back is at once.`}
      </Text>
      <Button size="sm" loading={back.isPending} onClick={() => back.mutate()} aria-label={`Go back to ${before.name}`}>
        Go back
      </Button>
    </Alert>
  );
}
