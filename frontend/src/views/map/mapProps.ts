import type { Job, PoolImage, Project } from "../../api/types";
import type { ClassBook } from "../../hooks/useClasses";
import type { Labelling } from "../../hooks/useLabelling";
import type { Uploads } from "../../hooks/useUploads";
import type { Item } from "../../state/items";
import type { ChangeView, View } from "../../state/view";

/** What the map and its parts are given. */
export interface MapProps {
  project: Project;
  view: View;
  jobs: readonly Job[];
  book: ClassBook;
  labelling: Labelling;
  uploads: Uploads;
  onAround: (image: PoolImage) => void;
  onReview: (items: readonly Item[]) => void;
  onView: ChangeView;
  onList: (list: string) => void;
  onHelp: () => void;
}
