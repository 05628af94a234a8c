// Every page works without this file; it only smooths two things.
(() => {
  'use strict';

  // A second press of the button while the first is on its way would post twice. The server refuses it; here nobody is confused by that.
  document.addEventListener('submit', event => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = 'true';
    window.setTimeout(() => delete form.dataset.sent, 8000);
  });
  // Back from the bank, the browser may show the page as it was left.
  window.addEventListener('pageshow', () => document.querySelectorAll('form[data-sent]').forEach(form => delete form.dataset.sent));

  // Browsers without autofocus on other than inputs: the list of errors is what the citizen must meet first.
  const errors = document.getElementById('errori');
  if (errors && document.activeElement !== errors) errors.focus();
})();
