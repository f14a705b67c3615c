const problem = document.querySelector('#problem');

for (const button of document.querySelectorAll('[data-action]')) {
  button.addEventListener('click', () => void run(button));
}

/** Sends a request, or many at once, and shows what has become of the session. */
async function run(button) {
  const { action, times } = button.dataset;
  button.disabled = true;
  try {
    const requests = Array.from({ length: Number(times) }, () => fetch(`/api/${action}`, { method: 'POST' }));
    const failed = (await Promise.all(requests)).find(({ status }) => status >= 500);
    // A session that is over shows as the page to sign in.
    if (failed) show(`A request failed (${failed.status}). You are still signed in; try again.`);
    else location.reload();
  } catch {
    show('The application cannot be reached. Is it still running?');
  } finally {
    button.disabled = false;
  }
}

function show(text) {
  problem.textContent = text;
  problem.hidden = false;
}
