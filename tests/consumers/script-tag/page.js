const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => {
  document.body.textContent = JSON.stringify(data);
};
worker.postMessage(JSON.parse(decodeURIComponent(location.hash.slice(1))));
