import { describe, expect, it } from "vitest";

import type { ImagePage, PoolImage } from "../api/types";
import { acceptedChanges, fromSuggestion, isEmpty, isOpen, labelsOf, relabelItems, relabelPages, type Item } from "./items";

const image = (id: number, classId: string | null = null): PoolImage => ({
  id,
  sha256: "0",
  filename: `${id}.png`,
  width: 8,
  height: 8,
  class_id: classId,
  embedded: true,
  prediction: null,
  near_duplicate_of: null,
  created_at: "2026-01-01T00:00:00Z",
});
const page = (ids: number[], total: number): ImagePage => ({
  items: ids.map((id) => image(id)),
  next_cursor: null,
  total,
  pending: 0,
});

describe("a label change on loaded pages", () => {
  const pages = [page([1, 2], 9), page([3, 4], 9)];

  it("sets labels in place where labelled images stay", () => {
    const after = relabelPages(pages, labelsOf([{ image_id: 3, class_id: "otter" }]), "all");
    expect(after.flatMap((one) => one.items.map((item) => item.class_id))).toEqual([null, null, "otter", null]);
    expect(after.map((one) => one.total)).toEqual([9, 9]);
  });

  it("takes images out of a list of unlabelled ones and counts them off everywhere", () => {
    const labels = labelsOf([1, 3].map((image_id) => ({ image_id, class_id: "otter" })));
    const after = relabelPages(pages, labels, "unlabelled");
    expect(after.flatMap((one) => one.items.map((item) => item.id))).toEqual([2, 4]);
    expect(after.map((one) => one.total)).toEqual([7, 7]);
  });
});

it("is empty where no image is shown, loaded or to come", () => {
  expect(isEmpty([])).toBe(true);
  expect(isEmpty([page([], 0)])).toBe(true);
  expect(isEmpty([{ ...page([], 3), next_cursor: "3" }, page([], 3)])).toBe(true);
  expect(isEmpty([{ ...page([], 3), next_cursor: "3" }])).toBe(false);
  expect(isEmpty([page([1], 1), page([], 1)])).toBe(false);
});

describe("accepting predictions", () => {
  const item = (id: number, unknown: boolean, classId: string | null = null): Item => ({
    id,
    filename: null,
    classId,
    embedded: true,
    prediction: { class_id: "otter", label: "Otter", probability: 0.6, unknown },
    reason: null,
    doubted: false,
    closeness: null,
  });

  it("labels each image as predicted and leaves labelled ones alone", () => {
    expect(acceptedChanges([item(1, false), item(2, false, "seal")])).toEqual([{ image_id: 1, class_id: "otter" }]);
  });

  it("leaves unknown ones of a crowd for a look, but takes a single one at its word", () => {
    expect(acceptedChanges([item(1, true), item(2, false)]).map((one) => one.image_id)).toEqual([2]);
    expect(acceptedChanges([item(1, true)]).map((one) => one.image_id)).toEqual([1]);
  });

  it("does nothing without a prediction", () => {
    expect(acceptedChanges([{ ...item(1, false), prediction: null }])).toEqual([]);
  });

  it("corrects a label in doubt", () => {
    expect(acceptedChanges([{ ...item(1, false, "seal"), doubted: true }])).toEqual([{ image_id: 1, class_id: "otter" }]);
  });
});

describe("a suggested image", () => {
  const suggested = (classId: string | null) => fromSuggestion({ image_id: 1, filename: "1.png", class_id: classId, reason: "", prediction: null });

  it("goes by the name of its file", () => {
    expect(suggested(null).filename).toBe("1.png");
  });

  it("keeps the label that is in doubt, so that undo can bring it back", () => {
    expect(suggested("seal")).toMatchObject({ classId: "seal", doubted: true });
    expect(suggested(null)).toMatchObject({ classId: null, doubted: false });
  });

  it("is open until somebody decides, if only that its label was right", () => {
    for (const classId of ["seal", null]) expect(isOpen(suggested(classId))).toBe(true);
    const decided = relabelItems([suggested("seal")], labelsOf([{ image_id: 1, class_id: "seal" }]));
    expect(decided.some(isOpen)).toBe(false);
  });
});
