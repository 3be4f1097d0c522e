// The same in a module worker, where nothing is stored: the vault lives in memory.
import * as keyseal from "./keyseal/dist/index.js";
import { use } from "./use.js";

self.onmessage = async ({ data }) => {
  try {
    const vault = await keyseal.Vault.open({
      companion: data.companion,
      token: () => data.token,
      memory: true,
    });
    const result = await use(keyseal, data);
    self.postMessage({ ...result, persistent: vault.persistent, page: "document" in self });
  } catch ({ name, code, message, next }) {
    self.postMessage({ error: { name, code, message, next } });
  }
};
