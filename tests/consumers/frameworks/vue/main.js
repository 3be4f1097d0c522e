import "keyseal/elements";
import { createApp, h, ref } from "vue";
import { companion, token } from "../input.js";

// In a template: <keyseal-store :companion :token @keyseal-added="…">, with `isCustomElement` set for `keyseal-`.
createApp({
  setup() {
    const vault = ref();
    const added = ref("nothing");
    const say = ({ detail }) => {
      added.value = detail.entry.keyHint;
    };
    const opened = ({ detail }) => {
      vault.value = detail.vault;
    };
    return () => [
      h("keyseal-store", {
        companion,
        "^token": token,
        "onKeyseal-opened": opened,
        "onKeyseal-added": say,
      }),
      h("keyseal-input", { ".vault": vault.value, label: "from an app", "onKeyseal-added": say }),
      h("output", `added ${added.value}`),
    ];
  },
}).mount("#app");
