import { useCallback, useEffect, useState } from "react";

import { formatView, parseView, type ChangeView, type View } from "../state/view";

/** The view in the URL; changing it makes a step that the browser's back button takes back. */
export function useView(): [View, ChangeView] {
  const [view, setView] = useState(() => parseView(location.search));

  useEffect(() => {
    const follow = () => setView(parseView(location.search));
    addEventListener("popstate", follow);
    return () => removeEventListener("popstate", follow);
  }, []);

  const change = useCallback((changes: Partial<View>, replace = false) => {
    const next = { ...parseView(location.search), ...changes };
    const url = location.pathname + formatView(next);
    if (replace) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    setView(next);
  }, []);

  return [view, change];
}
