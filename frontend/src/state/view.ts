/** What the page shows, kept in the URL so that a link or a reload comes back to it. */
export type Order = "newest" | "oldest" | "uncertain" | "confident";

export interface View {
  readonly project: string | null;
  /** `suggestions`, a filter of GET /images, or a view that is no list of images: `evaluation`, `encoders`. */
  readonly list: string;
  readonly order: Order | null;
  /** The image to open with. */
  readonly image: number | null;
}

export const orders: readonly Order[] = ["newest", "oldest", "uncertain", "confident"];
export const startingList = "suggestions";
export const encodersView = "encoders";
export const evaluationView = "evaluation";
const plainLists = new Set(["suggestions", "all", "unlabelled", "labelled", "uncertain", "unknown", encodersView, evaluationView]);

function knownList(list: string | null): string {
  if (list !== null && (plainLists.has(list) || /^(class|predicted):.+/.test(list))) return list;
  return startingList;
}

export function parseView(search: string): View {
  const query = new URLSearchParams(search);
  const order = orders.find((name) => name === query.get("order")) ?? null;
  const image = Number(query.get("image"));
  return {
    project: query.get("project"),
    list: knownList(query.get("view")),
    order,
    image: Number.isInteger(image) && image > 0 ? image : null,
  };
}

export function formatView(view: View): string {
  const query = new URLSearchParams();
  if (view.project !== null) query.set("project", view.project);
  if (view.list !== startingList) query.set("view", view.list);
  if (view.order !== null) query.set("order", view.order);
  if (view.image !== null) query.set("image", String(view.image));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function defaultOrder(list: string): Order {
  return list === "uncertain" ? "uncertain" : "newest";
}

/** The class that a list is about: `class:otter` and `predicted:otter` are both about `otter`. */
export function classOfList(list: string): string | null {
  return /^(?:class|predicted):(.+)$/.exec(list)?.[1] ?? null;
}

/** Whether an image with this label can still be in the list; what depends on predictions is left to the service. */
export function labelFits(list: string, classId: string | null): boolean {
  if (list === "unlabelled" || list === "uncertain" || list === "unknown") return classId === null;
  if (list === "labelled") return classId !== null;
  if (list.startsWith("class:")) return classId === classOfList(list);
  return true;
}

/** Lists that the next label re-sorts; they hold still until asked, so that nothing moves under the mouse. */
export function followsPredictions(list: string, order: Order | null): boolean {
  const sorted = order ?? defaultOrder(list);
  if (sorted === "uncertain" || sorted === "confident") return true;
  return list === "suggestions" || list === "unknown" || list.startsWith("predicted:");
}
