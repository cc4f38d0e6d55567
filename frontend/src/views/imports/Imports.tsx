import { useMemo } from "react";

import type { Job, Project } from "../../api/types";
import { SectionTitle } from "../../components/SectionTitle";
import type { ArchiveUpload } from "../../hooks/useArchiveUpload";
import type { Uploads } from "../../hooks/useUploads";
import { transfers } from "../../state/transfers";
import { PageFrame } from "../PageFrame";
import { ExportForm } from "./ExportForm";
import { ImportForm } from "./ImportForm";
import styles from "./Imports.module.css";
import { Transfer } from "./Transfer";

interface Props {
  project: Project;
  jobs: readonly Job[];
  uploads: Uploads;
  archive: ArchiveUpload;
}

/** How images and labels come in and go out, and how far those are that are on their way. */
export default function Imports({ project, jobs, uploads, archive }: Props) {
  const moved = useMemo(() => transfers(jobs, project.id), [jobs, project.id]);
  return (
    <PageFrame
      project={project}
      uploads={uploads}
      title="Import and export"
      about="Images come in with their labels, and go out as files that other tools read. Importing the same thing again adds nothing twice."
    >
      <div className={styles.forms}>
        <ImportForm project={project.id} uploads={uploads} archive={archive} />
        <ExportForm project={project} />
      </div>
      <section aria-label="Imports and exports">
        <SectionTitle>Imports and exports so far</SectionTitle>
        {moved.length === 0 && <p className={styles.none}>None yet. What you start shows here, with how far it is and what was not taken.</p>}
        {moved.map((job) => (
          <Transfer key={job.id} job={job} />
        ))}
      </section>
    </PageFrame>
  );
}
