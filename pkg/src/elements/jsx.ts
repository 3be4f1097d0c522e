// Types for JSX. React is not needed for them: where it is not installed, nothing is added to it.

import type { ActivityView } from "./activity/activity-view.js";
import type { KeysealEventMap } from "./events.js";
import type { KeysealInput } from "./input.js";
import type { SecurityView } from "./security/security-view.js";
import type { KeysealStore } from "./store.js";
import type { UsageView } from "./usage/usage-view.js";

/** What any element takes in JSX, by the names of HTML. */
interface Common<Element> {
  key?: string | number | bigint | null;
  ref?: ((element: Element | null) => unknown) | { current: Element | null } | null;
  id?: string;
  className?: string;
  class?: string;
  slot?: string;
  part?: string;
  dir?: string;
  lang?: string;
  title?: string;
  hidden?: boolean;
  children?: unknown;
  [data: `data-${string}`]: unknown;
  [aria: `aria-${string}`]: unknown;
}

/** React 19 listens to `keyseal-added` where the property is `onkeyseal-added`. */
type Listeners = {
  [Name in keyof KeysealEventMap as `on${Name}`]?: (event: KeysealEventMap[Name]) => void;
};

/** What JSX may set on an element: its public properties, common attributes, listeners. */
export type KeysealProps<Element, Property extends keyof Element> = Common<Element> &
  Listeners & { [Name in Property]?: Element[Name] };

/** The elements as JSX knows them; other frameworks than React can extend their own table with this one. */
export interface KeysealIntrinsicElements {
  "keyseal-store": KeysealProps<
    KeysealStore,
    "vault" | "companion" | "token" | "relay" | "src" | "view" | "noTabs"
  >;
  "keyseal-input": KeysealProps<
    KeysealInput,
    "vault" | "provider" | "storage" | "label" | "host" | "name" | "required" | "disabled"
  >;
  "keyseal-usage": KeysealProps<UsageView, "vault">;
  "keyseal-security": KeysealProps<SecurityView, "vault">;
  "keyseal-activity": KeysealProps<ActivityView, "vault">;
}

// biome-ignore lint/suspicious/noTsIgnore: whether React is there is the app's matter; an error is not expected either way
/** @ts-ignore */
declare module "react" {
  namespace JSX {
    interface IntrinsicElements extends KeysealIntrinsicElements {}
  }
}
