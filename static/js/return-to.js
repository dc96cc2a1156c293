// Where to go after signing in: a path of this site, never another (the server checks it too, domain/src/return_to.rs).

/**
 * @param {string | null | undefined} path
 * @returns {string | undefined} the path if it stays here
 */
export function ours(path) {
  if (!path || !/^\/(?!\/)[\x21-\x7e]*$/.test(path) || /["<>\\`]/.test(path)) return undefined;
  const url = URL.canParse(path, location.origin) ? new URL(path, location.origin) : undefined;
  return url?.origin === location.origin && !url.pathname.startsWith("//") ? path : undefined;
}
