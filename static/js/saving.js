// Tells whether the form is kept, and lets a quiet saving end before the page is left:
// otherwise the submission would look like an older page.
const form = document.getElementById("application");
let isSaving = false;
let isLeaving = false;

const say = (kind, text) => {
  const mark = document.getElementById("saved");
  const glyph = document.createElement("span");
  glyph.className = `glyph glyph-${kind}`;
  glyph.setAttribute("aria-hidden", "true");
  mark.replaceChildren(glyph, text);
};

form.addEventListener("htmx:beforeRequest", (event) => {
  // A saving that waited for its delay would overtake the submission.
  if (isLeaving) return event.preventDefault();
  isSaving = true;
  say("now", document.getElementById("saved").dataset.saving);
});
form.addEventListener("htmx:afterRequest", () => {
  isSaving = false;
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  form.addEventListener(name, (event) => {
    const { offline, signedOut } = document.getElementById("saved").dataset;
    say("fail", event.detail.xhr?.status === 401 ? signedOut : offline);
  });
}

form.addEventListener("submit", (event) => {
  if (!isSaving) {
    isLeaving = true;
    return;
  }
  event.preventDefault();
  const button = event.submitter;
  form.addEventListener("htmx:afterSettle", () => form.requestSubmit(button), { once: true });
});
window.addEventListener("pageshow", () => {
  isLeaving = false;
});

// A chosen file is sent at once; a button beside it would only send an empty choice.
const hideUploadButtons = () => {
  for (const button of document.querySelectorAll("#files .input-group button")) button.hidden = true;
};
hideUploadButtons();
document.body.addEventListener("htmx:afterSettle", hideUploadButtons);
