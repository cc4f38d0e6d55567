import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";

import type { PoolImage, Project } from "../api/types";
import { useDropTarget } from "../components/useDropTarget";
import { followFit, refreshLists, renewSuggestions } from "../hooks/refresh";
import { useArchiveUpload } from "../hooks/useArchiveUpload";
import { useClasses } from "../hooks/useClasses";
import { useFollowImports } from "../hooks/useFollowImports";
import { useJobs } from "../hooks/useJobs";
import { useLabelling } from "../hooks/useLabelling";
import { usePastedFile } from "../hooks/usePastedFile";
import { useUploads } from "../hooks/useUploads";
import type { Item } from "../state/items";
import { pretrainings, shareTrained } from "../state/jobs";
import { pictureSearch } from "../state/search";
import { isArchive, shareMoved, transfers } from "../state/transfers";
import { encodersView, evaluationView, importsView, opening, startingList, type ChangeView, type View } from "../state/view";
import { AwayBanner } from "./Banners";
import { BulkReview } from "./BulkReview";
import { Header } from "./Header";
import { Help } from "./Help";
import { Main } from "./Main";
import { Neighbourhood } from "./Neighbourhood";
import { Sidebar } from "./Sidebar";
import { TryIt } from "./TryIt";
import { Versions } from "./Versions";
import styles from "./Workspace.module.css";

interface Props {
  project: Project;
  view: View;
  onView: ChangeView;
}

/** Images to be looked through before they get one label. */
type UnderReview = { readonly around: PoolImage } | { readonly items: readonly Item[] };

/** While images are being embedded, lists gain predictions; they follow along. */
function useFollowEmbedding({ id, pending }: Project, refresh: () => void): void {
  const client = useQueryClient();
  const before = useRef(pending);
  useEffect(() => {
    if (before.current === pending) return;
    before.current = pending;
    refresh();
    if (pending > 0) return;
    renewSuggestions(client, id);
    // Labels that waited for their embeddings are fitted next.
    void followFit(client, id);
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
  const [picture, setPicture] = useState<File | null>(null);
  const [review, setReview] = useState<UnderReview | null>(null);
  const archive = useArchiveUpload(project.id);
  const searching = view.list === pictureSearch;
  const close = () => setDialogue(null);
  const showList = (list: string) => {
    setReview(null);
    onView(opening(list));
  };
  const search = (file: File) => {
    close();
    setPicture(file);
    if (!searching) showList(pictureSearch);
  };
  const take = (files: File[]) => {
    const [first] = files;
    const packed = files.find((file) => isArchive(file.name));
    if (searching && first) search(first);
    else if (packed && files.length === 1) {
      archive.choose(packed);
      showList(importsView);
    } else uploads.add(files);
  };
  const { over, handlers } = useDropTarget(take);
  useFollowEmbedding(project, refresh);
  useFollowImports(project, jobs, refresh);
  usePastedFile((file) => {
    if (searching) setPicture(file);
    else {
      setTried(file);
      setDialogue("try");
    }
  });
  const reviewing = { project: project.id, book, labelling, onClose: () => setReview(null), onHelp: () => setDialogue("help") };

  return (
    <div className={styles.frame} {...handlers}>
      <AwayBanner />
      <div className={styles.workspace}>
        <Header
          project={project}
          labelling={labelling}
          onProject={(id) => onView({ project: id, ...opening(startingList) })}
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
          moved={shareMoved(transfers(jobs, project.id))}
          newClass={newClass}
          onList={showList}
          onFiles={uploads.add}
          onClassesChanged={() => {
            labelling.forget();
            refresh();
          }}
        />
        <div className={styles.beneath} inert={review !== null}>
          <Main
            {...{ project, view, jobs, book, labelling, uploads, archive, picture, onView }}
            onPicture={setPicture}
            onAround={(around) => setReview({ around })}
            onReview={(items) => setReview({ items })}
            onList={showList}
            onNewClass={() => newClass.current?.focus()}
            onVersions={() => setDialogue("versions")}
            onHelp={() => setDialogue("help")}
          />
        </div>
        {review && "around" in review && <Neighbourhood image={review.around} {...reviewing} />}
        {review && "items" in review && <BulkReview title="Chosen on the map" items={review.items} {...reviewing} />}
        {over && <div className={styles.drop}>{searching ? "Drop to search with it" : "Drop to add to the pool, or on a class to add as its examples"}</div>}
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
          onSearch={search}
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
