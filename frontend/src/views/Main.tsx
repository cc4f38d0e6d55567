import { lazy, Suspense } from "react";

import type { Job, PoolImage, Project } from "../api/types";
import type { ArchiveUpload } from "../hooks/useArchiveUpload";
import type { ClassBook } from "../hooks/useClasses";
import type { Labelling } from "../hooks/useLabelling";
import type { Uploads } from "../hooks/useUploads";
import type { Item } from "../state/items";
import { encodersView, evaluationView, importsView, mapView, type ChangeView, type View } from "../state/view";
import { Desk } from "./Desk";

// What draws curves and maps is large, and few visits need it.
const Encoders = lazy(() => import("./encoders/Encoders"));
const Evaluation = lazy(() => import("./evaluation/Evaluation"));
const Imports = lazy(() => import("./imports/Imports"));
const PoolMap = lazy(() => import("./map/PoolMap"));

interface Props {
  project: Project;
  view: View;
  jobs: readonly Job[];
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  archive: ArchiveUpload;
  picture: File | null;
  onPicture: (picture: File) => void;
  onAround: (image: PoolImage) => void;
  onReview: (items: readonly Item[]) => void;
  onView: ChangeView;
  onList: (list: string) => void;
  onNewClass: () => void;
  onVersions: () => void;
  onHelp: () => void;
}

/** What the view names: a page to read, the map, or a list of images. */
export function Main(props: Props) {
  return (
    <Suspense fallback={null}>
      <Named {...props} />
    </Suspense>
  );
}

function Named(props: Props) {
  const { list, order, strategy, among, image } = props.view;
  if (list === encodersView) return <Encoders {...props} />;
  if (list === evaluationView) return <Evaluation {...props} />;
  if (list === importsView) return <Imports {...props} />;
  if (list === mapView) return <PoolMap {...props} />;
  return <Desk key={[list, order, strategy, among, image].join(" ")} {...props} />;
}
