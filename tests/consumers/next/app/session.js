import { SignJWT } from "jose";

const secret = new TextEncoder().encode(process.env.KEYSEAL_SECRET);

/** The companion's token for whoever is signed in. This app has one user, and no door. */
export function companionToken() {
  return new SignJWT({ sub: "ada" })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuer("https://id.example.com")
    .setAudience("keyseal")
    .setExpirationTime("10m")
    .sign(secret);
}
