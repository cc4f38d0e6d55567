import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";

import type { PoolImage, Project } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { useCommands } from "../hooks/useCommands";
import { useDesk } from "../hooks/useDesk";
import type { Labelling } from "../hooks/useLabelling";
import { useRememberedNumber } from "../hooks/useRemembered";
import type { Uploads } from "../hooks/useUploads";
import { isOpen } from "../state/items";
import { clearPicks, focusOn } from "../state/selection";
import { similarTo } from "../state/search";
import { followsPredictions, opening, type View } from "../state/view";
import { Coach, EmbeddingBar, NoticeBanner, PreparationBanner } from "./Banners";
import styles from "./Desk.module.css";
import { EmptyList } from "./EmptyList";
import { Grid } from "./Grid";
import { ImagePanel } from "./ImagePanel";
import { LabelBar } from "./LabelBar";
import { RemoveImages } from "./RemoveImages";
import { SearchHead } from "./SearchHead";
import { Toolbar } from "./Toolbar";
import { UploadTray } from "./UploadTray";

/** Whoever walks through the images with the arrow keys sees the panel of the one where they stop. */
const pauseMilliseconds = 90;

interface Props {
  project: Project;
  view: View;
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  /** What a search by picture searches with. */
  picture: File | null;
  onPicture: (picture: File) => void;
  /** Puts an image and those around it under review. */
  onAround: (image: PoolImage) => void;
  onView: (changes: Partial<View>) => void;
  onHelp: () => void;
  onNewClass: () => void;
}

/** A list of images, the panel of the one in focus, and the bar that labels what is selected. */
export function Desk(props: Props) {
  const { project, view, book, labelling, uploads, picture, onPicture, onView, onNewClass } = props;
  const desk = useDesk(project, view, picture, book, labelling);
  const { pool, items, selection, select, targets, actions } = desk;
  const [columns, setColumns] = useState(1);
  const [thumbnail, setThumbnail] = useRememberedNumber("thumbnail", 132);
  const [panel, setPanel] = useRememberedNumber("panel", 2);
  const [removing, setRemoving] = useState(false);
  const [shown] = useDebouncedValue(selection.focus, pauseMilliseconds, { leading: true });
  useCommands({ desk, book, labelling, columns, onHelp: props.onHelp, onNewClass });

  const stale = followsPredictions(view.list, view.order) && desk.born !== project.active_version;
  const onList = (list: string) => onView(opening(list));
  const open = (id: number) => {
    setPanel(2);
    select(focusOn(id));
  };
  return (
    <>
      <main className={styles.main}>
        <NoticeBanner project={project} />
        <PreparationBanner project={project} />
        <Coach project={project} book={book} onNewClass={onNewClass} />
        <EmbeddingBar project={project} />
        {project.images > 0 && (
          <Toolbar
            view={view}
            total={pool.total}
            left={items.filter(isOpen).length}
            book={book}
            predicts={project.active_version !== null}
            thumbnail={thumbnail}
            stale={stale}
            onView={onView}
            onList={onList}
            onThumbnail={setThumbnail}
            onRefresh={() => void desk.refresh()}
            onFiles={uploads.add}
          />
        )}
        <SearchHead project={project.id} list={view.list} picture={picture} onPicture={onPicture} onOpen={open} />
        {pool.total === 0 ? (
          <EmptyList {...{ project, pool, onList, picture, onPicture }} list={view.list} strategy={view.strategy} onFiles={uploads.add} />
        ) : (
          <Grid
            project={project.id}
            items={items}
            total={pool.total}
            book={book}
            thumbnail={thumbnail}
            selection={selection}
            onSelect={(next) => {
              if (next.picked.size === 0 && next.focus !== selection.focus) setPanel(2);
              select(next);
            }}
            onColumns={setColumns}
            onVisible={desk.see}
          />
        )}
        <UploadTray uploads={uploads} />
        {project.images > 0 && (
          <LabelBar
            book={book}
            targets={targets}
            picked={selection.picked.size}
            onLabel={actions.label}
            onAccept={actions.accept}
            onUnlabel={actions.unlabel}
            onClear={() => select(clearPicks(selection))}
          />
        )}
      </main>
      {selection.focus !== null && shown !== null && panel === 2 && (
        <ImagePanel
          project={project.id}
          version={project.active_version}
          id={shown}
          item={desk.find(shown) ?? null}
          book={book}
          onOpen={open}
          onSimilar={(id) => onList(similarTo([id]))}
          onAround={props.onAround}
          onRemove={() => setRemoving(true)}
          onUnlabel={actions.unlabel}
          onClose={() => setPanel(1)}
        />
      )}
      {removing && (
        <RemoveImages
          project={project.id}
          images={targets}
          onClose={() => setRemoving(false)}
          onRemoved={() => {
            labelling.forget();
            select(focusOn(null));
          }}
        />
      )}
    </>
  );
}
