import { useSyncExternalStore, type ComponentProps } from "react";

import { countReturns, watchConnection } from "../state/connection";

/** An image of the service; a browser by itself would show the gap that an outage left for ever. */
export function Picture(props: ComponentProps<"img">) {
  const returns = useSyncExternalStore(watchConnection, countReturns);
  return <img key={returns} {...props} />;
}
