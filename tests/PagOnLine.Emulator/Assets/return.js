// Sends the return form by itself (data-auto), late (data-delay) or more than once (data-repeat). Without script the button does it.
(function () {
  "use strict";
  var form = document.getElementById("return");
  var repeat = Number(form.dataset.repeat);

  function deliverExtra() {
    var fields = new URLSearchParams(new FormData(form));
    var target = form.getAttribute("action");
    var calls = [];
    for (var time = 0; time < repeat; time++) {
      calls.push(form.method === "post"
        ? fetch(target, { method: "POST", mode: "no-cors", redirect: "follow", body: fields })
        : fetch(target + "?" + fields, { mode: "no-cors" }));
    }
    return Promise.allSettled(calls);
  }

  form.addEventListener("submit", function (event) {
    if (repeat === 0) { return; }
    event.preventDefault();
    deliverExtra().then(function () { form.submit(); });
  });

  if ("auto" in form.dataset) {
    setTimeout(function () { form.requestSubmit(); }, Number(form.dataset.delay));
  }
})();
