/* global document, fetch, location, window */
// Talks to the endpoints as Wristband's public front-end libraries do: the requests and what follows from the answers.
(() => {
  const { api, path, library, csrfCookieName, csrfHeaderName } = JSON.parse(
    document.currentScript.dataset.settings,
  );
  const endpoint = (name) => `${api}/${path}/${name}`;
  const TRIES = 3;
  const MILLISECONDS_BETWEEN = 100;
  const MILLISECONDS_TO_SPARE = 30_000;

  const csrfToken = () =>
    decodeURIComponent(document.cookie)
      .split('; ')
      .find((pair) => pair.startsWith(`${csrfCookieName}=`))
      ?.slice(csrfCookieName.length + 1);

  class Refusal extends Error {
    constructor(status) {
      super(`refused with ${status}`);
      this.status = status;
    }
  }

  /** A 2xx without the fields that the contract asks for: a mistake of the server, which no library handles. */
  class Malformed extends Error {}

  async function ask(name) {
    const token = csrfToken();
    const response = await fetch(endpoint(name), {
      method: 'GET',
      credentials: 'include',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json',
        ...(token && { [csrfHeaderName]: token }),
      },
    });
    if (response.status >= 400 && response.status < 500) throw new Refusal(response.status);
    if (!response.ok) throw new Error(`trouble: ${response.status}`);
    return response.json();
  }

  const pause = () => new Promise((resolve) => setTimeout(resolve, MILLISECONDS_BETWEEN));

  async function askAgain(name, tries = TRIES) {
    try {
      return await ask(name);
    } catch (error) {
      if (error instanceof Refusal || tries === 1) throw error;
      await pause();
      return askAgain(name, tries - 1);
    }
  }

  function go(name, parameters) {
    const url = new URL(endpoint(name));
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    location.href = url.href;
  }

  const isText = (value) => typeof value === 'string' && value.trim() !== '';
  /** Encodes what is encoded already, and the query does it a third time. */
  const login = (parameters = {}) => go('login', { return_url: encodeURI(location.href), ...parameters });
  const logout = (parameters = {}) => go('logout', parameters);

  async function session() {
    const answer = await askAgain('session');
    if (!isText(answer.userId) || !isText(answer.tenantId)) throw new Malformed('not a session');
    return answer;
  }

  let kept;
  async function token() {
    if (kept && Date.now() < kept.expiresAt - MILLISECONDS_TO_SPARE) return kept.accessToken;
    const answer = await askAgain('token');
    if (!isText(answer.accessToken) || typeof answer.expiresAt !== 'number' || answer.expiresAt < 0)
      throw new Malformed('not a token');
    kept = answer;
    return kept.accessToken;
  }

  /** What a call with the CSRF header, and one without it, is answered. */
  const post = async (url, withToken) => {
    const headers = withToken ? { [csrfHeaderName]: csrfToken() } : {};
    return (await fetch(`${api}${url}`, { method: 'POST', credentials: 'include', headers })).status;
  };

  const show = (answer) => {
    document.querySelector('p').textContent = `signed in ${JSON.stringify(answer)}`;
  };

  /** What each library does when a page opens. */
  const start = {
    /** Three tries, then to the login, whatever failed. */
    async react() {
      try {
        show(await session());
      } catch (error) {
        if (error instanceof Malformed) throw error; // and the page goes on loading
        login();
      }
    },
    /** To the login after a 401, and after any other failure, the first one already, to the logout. */
    async vue() {
      try {
        show(await ask('session'));
      } catch (error) {
        if (error.status === 401) return login();
        if (!(error instanceof Refusal)) await pause();
        logout();
      }
    },
  };

  window.frontEnd = { session, token, login, logout, post };
  void start[library]();
})();
