import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes the same time whatever the two have in common. */
const sameSecret = (given: string, token: string): boolean => timingSafeEqual(digest(given), digest(token));

/** Cookies do not tell ports apart: each studio on this machine has a name of its own for its token. */
export const cookieNameOf = (token: string): string => `biolens-${digest(token).toString('hex').slice(0, 12)}`;

/** Header that a request which writes must carry. */
export const WRITE_HEADER = 'x-biolens';

function isOwnWrite(c: Context): boolean {
  const own = c.req.header('origin') === `http://${c.req.header('host')}`;
  const json = c.req.header('content-type')?.startsWith('application/json') ?? false;
  return own && json && c.req.header(WRITE_HEADER) === '1';
}

const LOCAL_HOST = /^(?:127\.0\.0\.1|localhost)(?::\d{1,5})?$/;

/**
 * Lets a request in when it names this machine as its host, comes from the studio's own pages, and carries the token. One that writes must
 * say its origin and carry a header that no form and no simple request of another site can.
 *
 * Adversary: any web page open in the same browser, and any other user of this machine without the token. A page elsewhere
 * cannot make its own name point here (the host is checked), cannot have the browser send the cookie (SameSite=Strict), and a
 * page of another local server, which is the same site, is refused by `Sec-Fetch-Site`. Not kept out: programs of the same
 * user, which can read the runs anyway.
 */
export function guard(token: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): MiddlewareHandler {
  const cookieName = cookieNameOf(token);
  return async (c, next) => {
    if (!LOCAL_HOST.test(c.req.header('host') ?? '')) return c.text('This studio answers to 127.0.0.1 only.', 421);
    const writes = c.req.method !== 'GET' && c.req.method !== 'HEAD';
    if (writes && (readOnly || c.req.method !== 'POST'))
      return c.text(readOnly ? 'This studio only shows; it changes nothing.' : 'Not a way to ask.', 405, {
        Allow: readOnly ? 'GET, HEAD' : 'GET, HEAD, POST',
      });
    if (writes && !isOwnWrite(c)) return c.text('Only for the studio’s own pages.', 403);
    const given = c.req.query('token');
    if (given !== undefined) {
      if (!sameSecret(given, token)) return c.text(UNAUTHORISED, 401);
      setCookie(c, cookieName, token, { httpOnly: true, sameSite: 'Strict', path: '/' });
      // The path alone: the token must not stay in the address bar or the history, and the place is one of ours.
      return c.redirect(c.req.path.replace(/^\/+/, '/'), 303);
    }
    if (!sameSecret(getCookie(c, cookieName) ?? '', token)) return c.text(UNAUTHORISED, 401);
    const site = c.req.header('sec-fetch-site') ?? 'none';
    const navigation = c.req.header('sec-fetch-mode') === 'navigate';
    if (site !== 'same-origin' && site !== 'none' && !navigation)
      return c.text('Only for the studio’s own pages.', 403);
    return next();
  };
}

const UNAUTHORISED = 'This studio wants its token: open the address that "biolens studio" printed.';

/** Headers that every answer carries; `policy` is the content security policy of an HTML page that has none of its own. */
export function secureHeaders(policy: string): MiddlewareHandler {
  return async (c, next) => {
    await next();
    const html = c.res.headers.get('content-type')?.startsWith('text/html') ?? false;
    const own = c.res.headers.get('content-security-policy') ?? (html ? policy : "default-src 'none'");
    c.header('Content-Security-Policy', `${own}; frame-ancestors 'none'`);
    c.header('X-Content-Type-Options', 'nosniff');
    c.header('X-Frame-Options', 'DENY');
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cross-Origin-Resource-Policy', 'same-origin');
    c.header('Cross-Origin-Opener-Policy', 'same-origin');
    if (!c.res.headers.has('cache-control')) c.header('Cache-Control', 'no-store');
  };
}
