// Tells whether the form is kept, and lets a quiet saving end before the page is left:
// otherwise the submission would look like an older page.
const form = document.getElementById("application");
let isSaving = false;

const say = (kind, text) => {
  const mark = document.getElementById("saved");
  const glyph = document.createElement("span");
  glyph.className = `glyph glyph-${kind}`;
  glyph.setAttribute("aria-hidden", "true");
  mark.replaceChildren(glyph, text);
};

form.addEventListener("htmx:beforeRequest", () => {
  isSaving = true;
  say("now", document.getElementById("saved").dataset.saving);
});
form.addEventListener("htmx:afterRequest", () => {
  isSaving = false;
});
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  form.addEventListener(name, () => say("fail", document.getElementById("saved").dataset.offline));
}

form.addEventListener("submit", (event) => {
  if (!isSaving) return;
  event.preventDefault();
  const button = event.submitter;
  form.addEventListener("htmx:afterSettle", () => form.requestSubmit(button), { once: true });
});
