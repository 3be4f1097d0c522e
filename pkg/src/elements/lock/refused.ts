import { KeysealError } from "../../index.js";
import * as strings from "../strings.js";

const WORDS = strings.unlock;

/** What Chromium lets a page ask about itself (Permissions Policy); other browsers do not. */
interface Asked {
  featurePolicy?: { allowsFeature(name: string): boolean };
}

/** Why somebody was not let in, or no way in was added, in words that fit where this page stands. */
export function refusal(error: KeysealError): KeysealError {
  const { code } = error;
  if (code === "wrong_secret")
    return new KeysealError(code, WORDS.wrong, { next: WORDS.wrongNext });
  const ofPasskey = code === "passkey_refused" || code === "passkey_unavailable";
  if (!ofPasskey) return error;
  if (isNumber(location.hostname)) {
    const more = { next: WORDS.passkeyNumberNext, cause: error };
    return new KeysealError("passkey_unavailable", WORDS.passkeyNumber, more);
  }
  if (globalThis.parent === globalThis.window) return error;
  // To a page inside another one a browser says the same whether a person cancels or the page around forbids it.
  const { featurePolicy } = document as Asked;
  const features = ["publickey-credentials-create", "publickey-credentials-get"];
  if (featurePolicy && !features.every((name) => featurePolicy.allowsFeature(name))) {
    const more = { next: WORDS.passkeyForbiddenNext, cause: error };
    return new KeysealError("passkey_forbidden", WORDS.passkeyForbidden, more);
  }
  if (featurePolicy) return error;
  const next = `${error.next ?? ""} ${WORDS.passkeyPerhaps}`.trim();
  return new KeysealError(code, error.message, { next, cause: error });
}

/** Whether this is an IP address: passkeys belong to names. */
function isNumber(host: string): boolean {
  return host.startsWith("[") || /^[\d.]+$/.test(host);
}
