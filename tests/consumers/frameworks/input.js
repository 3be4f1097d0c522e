// What every app here is given, in the address: the companion and a token for it.
export const { companion, token } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
