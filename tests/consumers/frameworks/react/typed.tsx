// Only compiled: the elements and their events are known to JSX.
import "keyseal/elements";
import type { Vault } from "keyseal";

export function typed(vault: Vault) {
  return (
    <>
      <keyseal-store
        companion="https://keys.example.com"
        token={() => "a token"}
        view="usage"
        onkeyseal-tested={({ detail }) => detail.result.status.length}
      />
      <keyseal-input
        vault={vault}
        storage="browser"
        required
        ref={(input) => input?.value.length}
        onkeyseal-added={({ detail }) => detail.entry.keyHint.length}
      />
      {/* @ts-expect-error there is no such storage */}
      <keyseal-input vault={vault} storage="cloud" />
      {/* @ts-expect-error an added key has no result */}
      <keyseal-input vault={vault} onkeyseal-added={({ detail }) => detail.result} />
    </>
  );
}
