/** What the page shows, kept in the URL so that a link or a reload comes back to it. */
import { pictureSearch, searchOf } from "./search";

export type Order = "newest" | "oldest" | "uncertain" | "confident";

export interface View {
  readonly project: string | null;
  /** `suggestions`, a filter of GET /images, a search, or a view that is no list of images: `map`, `imports`, … */
  readonly list: string;
  readonly order: Order | null;
  /** How suggestions are chosen; null leaves it to the service. */
  readonly strategy: string | null;
  /** Which images a search looks among; null for all. */
  readonly among: string | null;
  /** The image to open with. */
  readonly image: number | null;
}

/** `replace`: without a step that the browser's back button takes back. */
export type ChangeView = (changes: Partial<View>, replace?: boolean) => void;

export const orders: readonly Order[] = ["newest", "oldest", "uncertain", "confident"];
export const startingList = "suggestions";
export const encodersView = "encoders";
export const evaluationView = "evaluation";
export const mapView = "map";
export const importsView = "imports";
export const nearDuplicates = "near-duplicates";
const imageLists = ["suggestions", "all", "unlabelled", "labelled", "uncertain", "unknown", nearDuplicates, pictureSearch];
const plainLists = new Set([...imageLists, encodersView, evaluationView, mapView, importsView]);

function knownList(list: string | null): string {
  if (list !== null && (plainLists.has(list) || /^(class|predicted):.+/.test(list) || searchOf(list))) return list;
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
    strategy: query.get("strategy"),
    among: query.get("among"),
    image: Number.isInteger(image) && image > 0 ? image : null,
  };
}

export function formatView(view: View): string {
  const query = new URLSearchParams();
  if (view.project !== null) query.set("project", view.project);
  if (view.list !== startingList) query.set("view", view.list);
  if (view.order !== null) query.set("order", view.order);
  if (view.strategy !== null) query.set("strategy", view.strategy);
  if (view.among !== null) query.set("among", view.among);
  if (view.image !== null) query.set("image", String(view.image));
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

export function defaultOrder(list: string): Order {
  return list === "uncertain" ? "uncertain" : "newest";
}

/** Another list or page from its beginning, with nothing left over from the one before. */
export function opening(list: string): Pick<View, "list" | "order" | "strategy" | "among" | "image"> {
  return { list, order: null, strategy: null, among: null, image: null };
}

/** The class that a list is about: `class:otter`, `predicted:otter` and `nearest:otter` are all about `otter`. */
export function classOfList(list: string): string | null {
  return /^(?:class|predicted|nearest):(.+)$/.exec(list)?.[1] ?? null;
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
