// Says that something has changed; the page itself is loaded again by the person, never under their hands.
(() => {
  "use strict";
  const strip = document.getElementById("news");
  if (!strip || !window.EventSource) return;
  const source = new EventSource("/api/v1/news");
  let greeted = false;
  source.onmessage = () => {
    if (greeted) strip.hidden = false;
    greeted = true;
  };
  source.onerror = () => {
    greeted = false;
    if (source.readyState === EventSource.CLOSED) strip.hidden = true;
  };
  addEventListener("pagehide", () => source.close());
})();
