const button = document.querySelector('#load-orders');
const output = document.querySelector('#orders');

const PROBLEMS = {
  401: 'Your session has ended. Sign in again to see the orders.',
  403: 'You are not allowed to see these orders.',
  503: 'Wristband cannot be reached at the moment. You are still signed in; try again soon.',
};

button?.addEventListener('click', () => void showOrders());

async function showOrders() {
  button.disabled = true;
  try {
    output.replaceChildren(await loadOrders());
  } catch {
    output.replaceChildren(problem('The order desk cannot be reached. Check your connection and try again.'));
  } finally {
    button.disabled = false;
  }
}

async function loadOrders() {
  const response = await fetch('/api/orders', { headers: { Accept: 'application/json' } });
  if (response.ok) return table(await response.json());
  const message = problem(
    PROBLEMS[response.status] ?? `The orders could not be loaded (${response.status}).`,
  );
  if (response.status === 401) message.append(' ', link('/', 'Sign in'));
  return message;
}

function table(orders) {
  const result = element('table');
  const head = element('tr');
  head.append(
    ...['Order', 'Customer', 'Item', 'Quantity', 'Total', 'Status'].map((name) => element('th', name)),
  );
  result.createTHead().append(head);
  result.createTBody().append(...orders.map(row));
  const frame = element('div');
  frame.className = 'scroll';
  frame.append(result);
  return frame;
}

function row({ id, customer, item, quantity, total, status }) {
  const result = element('tr');
  const cells = [customer, item, quantity, `$${total.toLocaleString('en')}`, status].map((text) =>
    element('td', text),
  );
  const first = element('td');
  first.append(link(`/orders/${encodeURIComponent(id)}`, id));
  result.append(first, ...cells);
  return result;
}

function problem(text) {
  const result = element('p', text);
  result.setAttribute('role', 'alert');
  return result;
}

function link(href, text) {
  const result = element('a', text);
  result.href = href;
  return result;
}

function element(name, text = '') {
  const result = document.createElement(name);
  result.textContent = text;
  return result;
}
