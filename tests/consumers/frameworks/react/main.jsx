import "keyseal/elements";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { companion, token } from "../input.js";

const source = () => token;

// React 19 sets properties on custom elements, and listens to the events that `on…` names.
function Settings() {
  const [vault, setVault] = useState();
  const [added, setAdded] = useState("nothing");
  const say = ({ detail }) => setAdded(detail.entry.keyHint);
  return (
    <>
      <keyseal-store
        companion={companion}
        token={source}
        onkeyseal-opened={({ detail }) => setVault(detail.vault)}
        onkeyseal-added={say}
      />
      <keyseal-input vault={vault} label="from an app" onkeyseal-added={say} />
      <output>added {added}</output>
    </>
  );
}

createRoot(document.querySelector("#app")).render(<Settings />);
