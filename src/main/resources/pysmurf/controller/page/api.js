/** Requests to the controller. */
import {askForToken, token} from './token.js';

const PATIENCE_MS = 30_000;

/** Where a path of the controller is: at a proxy, all of it may be below another path. */
export const address = path => new URL(`..${path}`, import.meta.url).href;

/** A request that the controller refused, or that did not reach it (status 0). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? `the controller answered with status ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** Headers with the token, if there is one. */
export function headers(more = {}) {
  const known = token();
  return known === null ? more : {...more, Authorization: `Bearer ${known}`};
}

/** A response that is no error; asks for a token where one is needed and then tries again. */
export async function request(path, options = {}) {
  for (;;) {
    const used = token();
    let response;
    try {
      response = await fetch(address(path), {...options, headers: headers(options.headers), cache: 'no-store'});
    } catch (fault) {
      throw fault.name === 'AbortError' ? fault : new Problem(0, {detail: 'the controller cannot be reached'});
    }
    if (response.ok) {
      return response;
    }
    if (response.status !== 401) {
      throw new Problem(response.status, await problemBody(response));
    }
    if (token() === used) {
      await askForToken();
    }
  }
}

async function problemBody(response) {
  try {
    return await response.json();
  } catch {
    return {};
  }
}

/** GET, as JSON. Gives up after a while, so that a dead link does not look like work. */
export async function get(path) {
  return (await request(path, {signal: AbortSignal.timeout(PATIENCE_MS)})).json();
}

/** POST of a JSON object, answered with JSON. */
export async function post(path, body = {}) {
  const options = {method: 'POST', body: JSON.stringify(body), headers: {'Content-Type': 'application/json'}};
  return (await request(path, options)).json();
}

/** Makes a link download: a link cannot send a token, so with one the file comes by a request. */
export function downloadLink(link, path, name) {
  link.setAttribute('href', address(path));
  link.setAttribute('download', name);
  link.addEventListener('click', async event => {
    if (token() === null) {
      return;
    }
    event.preventDefault();
    const blob = await (await request(path)).blob();
    const copy = URL.createObjectURL(blob);
    const helper = document.createElement('a');
    helper.href = copy;
    helper.download = name;
    helper.click();
    setTimeout(() => URL.revokeObjectURL(copy), 60_000);
  });
  return link;
}

/** Shows a picture, which as a link cannot send a token either. Loads it when it comes into sight. */
export function picture(image, path) {
  image.loading = 'lazy';
  if (token() === null) {
    image.src = address(path);
    return image;
  }
  const seen = new IntersectionObserver(async entries => {
    if (entries.some(entry => entry.isIntersecting)) {
      seen.disconnect();
      try {
        const copy = URL.createObjectURL(await (await request(path)).blob());
        image.addEventListener('load', () => URL.revokeObjectURL(copy), {once: true});
        image.src = copy;
      } catch {
        image.alt += ' (cannot be loaded)';
      }
    }
  }, {rootMargin: '400px'});
  seen.observe(image);
  return image;
}
