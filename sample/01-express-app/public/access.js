for (const button of document.querySelectorAll('[data-try]')) {
  button.addEventListener('click', () => void tryDoor(button));
}
document.querySelector('#show-curl')?.addEventListener('click', () => void showCurl());

async function tryDoor(button) {
  const name = button.dataset.try;
  const output = document.querySelector(`[data-answer="${name}"]`);
  button.disabled = true;
  output.hidden = true;
  try {
    const response = name === 'token' ? await callWithToken(name) : await call(name);
    show(output, `${response.status} ${response.statusText}\n${pretty(await response.text())}`);
  } catch {
    show(output, 'The order desk cannot be reached. Check your connection and try again.');
  } finally {
    button.disabled = false;
  }
}

function call(name) {
  return fetch(`/api/access/${name}`, { headers: { Accept: 'application/json' } });
}

async function callWithToken(name) {
  const answer = await fetch('/api/auth/token', { headers: { Accept: 'application/json' } });
  if (!answer.ok) return answer;
  const { accessToken } = await answer.json();
  return fetch(`/api/access/${name}`, {
    credentials: 'omit',
    headers: { Accept: 'application/json', Authorization: `Bearer ${accessToken}` },
  });
}

async function showCurl() {
  const output = document.querySelector('#curl');
  const answer = await fetch('/api/auth/token', { headers: { Accept: 'application/json' } });
  if (!answer.ok) return show(output, 'Your session has ended. Sign in again.');
  const { accessToken } = await answer.json();
  return show(output, `curl -H "Authorization: Bearer ${accessToken}" ${output.dataset.url}`);
}

function show(output, text) {
  output.textContent = text;
  output.hidden = false;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
