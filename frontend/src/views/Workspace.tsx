import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";

import type { Job, Project } from "../api/types";
import { useDropTarget } from "../components/useDropTarget";
import { refreshFigures, refreshLists } from "../hooks/refresh";
import { useClasses, type ClassBook } from "../hooks/useClasses";
import { useJobs } from "../hooks/useJobs";
import { useLabelling, type Labelling } from "../hooks/useLabelling";
import { usePastedFile } from "../hooks/usePastedFile";
import { useUploads, type Uploads } from "../hooks/useUploads";
import { pretrainings, shareTrained } from "../state/jobs";
import { encodersView, evaluationView, type View } from "../state/view";
import { AwayBanner } from "./Banners";
import { Desk } from "./Desk";
import { Header } from "./Header";
import { Help } from "./Help";
import { Sidebar } from "./Sidebar";
import { TryIt } from "./TryIt";
import { Versions } from "./Versions";
import styles from "./Workspace.module.css";

interface Props {
  project: Project;
  view: View;
  onView: (changes: Partial<View>) => void;
}

// What draws curves is large, and few visits need it.
const Encoders = lazy(() => import("./encoders/Encoders"));
const Evaluation = lazy(() => import("./evaluation/Evaluation"));
const fitMilliseconds = 2500;

/** While images are being embedded, lists gain predictions; they follow along. */
function useFollowEmbedding({ id, pending }: Project, refresh: () => void): void {
  const client = useQueryClient();
  const before = useRef(pending);
  useEffect(() => {
    if (before.current === pending) return;
    before.current = pending;
    refresh();
    if (pending > 0) return;
    refreshFigures(client, id);
    // Labels that waited for their embeddings are fitted next.
    const timer = setTimeout(() => refreshFigures(client, id), fitMilliseconds);
    return () => clearTimeout(timer);
  }, [client, id, pending, refresh]);
}

/** Everything about one project. */
export function Workspace({ project, view, onView }: Props) {
  const client = useQueryClient();
  const book = useClasses(project.id);
  const jobs = useJobs(project.id);
  const labelling = useLabelling(project.id);
  const { settled } = labelling;
  // A list fetched while labels are on their way would show the old ones again.
  const refresh = useCallback(
    () => void settled().then(() => refreshLists(client, project.id)),
    [settled, client, project.id],
  );
  const uploads = useUploads(project.id, refresh);
  const newClass = useRef<HTMLInputElement>(null);
  const [dialogue, setDialogue] = useState<"try" | "versions" | "help" | null>(null);
  const [tried, setTried] = useState<File | null>(null);
  const { over, handlers } = useDropTarget(uploads.add);
  useFollowEmbedding(project, refresh);
  usePastedFile((file) => {
    setTried(file);
    setDialogue("try");
  });
  const close = () => setDialogue(null);
  const showList = (list: string) => onView({ list, order: null, image: null });

  return (
    <div className={styles.frame} {...handlers}>
      <AwayBanner />
      <div className={styles.workspace}>
        <Header
          project={project}
          labelling={labelling}
          onProject={(id) => onView({ project: id, list: "suggestions", order: null, image: null })}
          onTry={() => {
            setTried(null);
            setDialogue("try");
          }}
          onVersions={() => setDialogue("versions")}
          onHelp={() => setDialogue("help")}
        />
        <Sidebar
          project={project}
          book={book}
          list={view.list}
          trained={shareTrained(pretrainings(jobs, project.id))}
          newClass={newClass}
          onList={showList}
          onFiles={uploads.add}
          onClassesChanged={() => {
            labelling.forget();
            refresh();
          }}
        />
        <Main
          {...{ project, view, jobs, book, labelling, uploads, onView }}
          onList={showList}
          onNewClass={() => newClass.current?.focus()}
          onVersions={() => setDialogue("versions")}
          onHelp={() => setDialogue("help")}
        />
        {over && <div className={styles.drop}>Drop to add to the pool, or on a class to add as its examples</div>}
      </div>
      {dialogue === "try" && (
        <TryIt
          project={project.id}
          version={project.active_version}
          book={book}
          file={tried}
          onFile={setTried}
          onClose={close}
          onOpen={(image) => {
            close();
            onView({ image });
          }}
        />
      )}
      {dialogue === "versions" && (
        <Versions
          project={project}
          onClose={close}
          onEncoders={() => {
            close();
            showList(encodersView);
          }}
          onEvaluation={() => {
            close();
            showList(evaluationView);
          }}
        />
      )}
      {dialogue === "help" && <Help onClose={close} />}
    </div>
  );
}

interface MainProps extends Props {
  jobs: readonly Job[];
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  onList: (list: string) => void;
  onNewClass: () => void;
  onVersions: () => void;
  onHelp: () => void;
}

/** What the view names: a page to read, or a list of images. */
function Main(props: MainProps) {
  const { list, order, image } = props.view;
  if (list === encodersView)
    return (
      <Suspense fallback={null}>
        <Encoders {...props} />
      </Suspense>
    );
  if (list === evaluationView)
    return (
      <Suspense fallback={null}>
        <Evaluation {...props} />
      </Suspense>
    );
  return <Desk key={[list, order, image].join(" ")} {...props} />;
}
