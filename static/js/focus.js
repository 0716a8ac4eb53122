// After a refused form the reader, on screen or by ear, should land on what is to be changed.
document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("errors")?.focus();
});
document.addEventListener("htmx:afterSwap", (event) => {
  event.detail.target.querySelector("#errors")?.focus();
});
