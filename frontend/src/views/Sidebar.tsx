import {
  IconBolt,
  IconChartDots,
  IconCopy,
  IconEye,
  IconHelpHexagon,
  IconMap2,
  IconPhoto,
  IconTagOff,
  IconTransfer,
  IconZoomQuestion,
  IconZoomScan,
} from "@tabler/icons-react";
import type { ReactNode, RefObject } from "react";

import type { Project } from "../api/types";
import type { ClassBook } from "../hooks/useClasses";
import { percent } from "../state/figures";
import { pictureSearch } from "../state/search";
import { classOfList, encodersView, evaluationView, importsView, mapView, nearDuplicates } from "../state/view";
import { ClassList } from "./ClassList";
import { EncoderCard } from "./EncoderCard";
import styles from "./Sidebar.module.css";

interface Props {
  project: Project;
  book: ClassBook;
  list: string;
  /** How far a pretraining under way is, 0 to 1. */
  trained: number | null;
  /** How far an import or export under way is, 0 to 1. */
  moved: number | null;
  newClass: RefObject<HTMLInputElement | null>;
  onList: (list: string) => void;
  onFiles: (files: File[], classId: string) => void;
  onClassesChanged: () => void;
}

export function Sidebar(props: Props) {
  const { project, book, list, trained, moved, onList } = props;
  const entry = (name: string, label: string, icon: ReactNode, note?: string) => (
    <button
      type="button"
      className={styles.entry}
      aria-current={list === name ? "page" : undefined}
      onClick={() => onList(name)}
    >
      {icon}
      <span className={styles.name}>{label}</span>
      {note !== undefined && <span className={styles.count}>{note}</span>}
    </button>
  );
  return (
    <nav className={styles.sidebar} aria-label="Lists and classes">
      <div className={styles.scroll}>
        <div className={`${styles.group} ${styles.lists}`}>
          {entry("suggestions", "To label", <IconBolt size={18} />)}
          {entry("all", "All images", <IconPhoto size={18} />, project.images.toLocaleString("en"))}
          {entry("unlabelled", "Unlabelled", <IconTagOff size={18} />, (project.images - project.examples).toLocaleString("en"))}
          {entry("uncertain", "Uncertain", <IconZoomQuestion size={18} />)}
          {entry("unknown", "Unknown", <IconHelpHexagon size={18} />)}
          {entry(nearDuplicates, "Near-duplicates", <IconCopy size={18} />)}
          {entry(pictureSearch, "Search by image", <IconZoomScan size={18} />)}
          {entry(mapView, "Map", <IconMap2 size={18} />)}
        </div>
        <ClassList
          project={project.id}
          book={book}
          current={classOfList(list)}
          newClass={props.newClass}
          onList={onList}
          onFiles={props.onFiles}
          onChanged={props.onClassesChanged}
        />
      </div>
      <div className={styles.foot}>
        {entry(importsView, "Import and export", <IconTransfer size={18} />, moved === null ? undefined : percent(moved))}
        {entry(evaluationView, "Evaluation", <IconChartDots size={18} />)}
        {entry(encodersView, "Encoders", <IconEye size={18} />, trained === null ? undefined : `pretraining ${percent(trained)}`)}
        <EncoderCard project={project} />
      </div>
    </nav>
  );
}
