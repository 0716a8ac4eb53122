// Says below a sum what was typed, in 万元; on pages in another language, in yuan. Words 大写 come
// from the server alone: they bind.
const unit = document.documentElement.lang.startsWith("zh") ? 10000 : 1;
const plain = (text) => text.normalize("NFKC").replaceAll("。", ".").replace(/[\s,]/g, "");

document.addEventListener("input", (event) => {
  const echo = document.getElementById(`${event.target.id}_echo`);
  if (!echo) return;
  const text = plain(event.target.value);
  const isSum = /^\d{1,13}(\.\d{1,2})?$/.test(text);
  echo.textContent = isSum && Number(text) >= 10000
    ? echo.dataset.about.replace("0", (Number(text) / unit).toLocaleString("zh-CN", { maximumFractionDigits: 2 }))
    : "";
});
