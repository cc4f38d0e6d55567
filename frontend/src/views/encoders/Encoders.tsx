import { Alert, Button, Loader } from "@mantine/core";
import { IconPlus, IconSparkles } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { liveEncodersQuery } from "../../api/queries";
import type { Job, Project } from "../../api/types";
import type { Uploads } from "../../hooks/useUploads";
import { isActive, pretrainings } from "../../state/jobs";
import { PageFrame } from "../PageFrame";
import { EncoderList } from "./EncoderList";
import { NoPretraining } from "./NoPretraining";
import { PastRuns } from "./PastRuns";
import { Pretraining } from "./Pretraining";
import { RegisterEncoder } from "./RegisterEncoder";
import { Registrations } from "./Registrations";
import { StartPretraining } from "./StartPretraining";
import { TookOver } from "./TookOver";

interface Props {
  project: Project;
  jobs: readonly Job[];
  uploads: Uploads;
  onList: (list: string) => void;
}

/** The encoders of a project beside each other, and the pretraining of new ones on its pool. */
export default function Encoders({ project, jobs, uploads, onList }: Props) {
  const [dialogue, setDialogue] = useState<"register" | "pretrain" | null>(null);
  const [asked, setAsked] = useState<string | null>(null);
  const runs = pretrainings(jobs, project.id);
  const [newest, ...earlier] = runs;
  const close = () => setDialogue(null);
  return (
    <>
      <PageFrame
        project={project}
        uploads={uploads}
        title="Encoders"
        about="An encoder turns each image into numbers; the better it suits your images, the fewer labels they need."
        actions={
          <>
            <Button size="sm" variant="default" leftSection={<IconPlus size={16} />} onClick={() => setDialogue("register")}>
              Register an encoder
            </Button>
            {newest && (
              <Button size="sm" leftSection={<IconSparkles size={16} />} onClick={() => setDialogue("pretrain")}>
                Pretrain a new one
              </Button>
            )}
          </>
        }
      >
        {newest && isActive(newest) && <Pretraining key={newest.id} job={newest} project={project} />}
        <Registrations jobs={jobs} asked={asked} />
        <Listed project={project} />
        {newest && !isActive(newest) && <Pretraining key={newest.id} job={newest} project={project} />}
        {earlier.length > 0 && <PastRuns jobs={earlier} project={project} />}
        {!newest && <NoPretraining project={project} onStart={() => setDialogue("pretrain")} onList={onList} />}
      </PageFrame>
      {dialogue === "register" && <RegisterEncoder onClose={close} onAsked={(job) => setAsked(job.id)} />}
      {dialogue === "pretrain" && <StartPretraining project={project} jobs={runs} onClose={close} />}
    </>
  );
}

function Listed({ project }: { project: Project }) {
  const { data, error } = useQuery({ ...liveEncodersQuery(project), meta: { shownInPlace: true } });
  if (data)
    return (
      <>
        <TookOver project={project} encoders={data.encoders} />
        <EncoderList project={project} encoders={data.encoders} />
      </>
    );
  if (error)
    return (
      <Alert color="red" title="The encoders could not be loaded">
        {error.message}
      </Alert>
    );
  return <Loader aria-label="Loading" />;
}
