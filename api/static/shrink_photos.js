// Shrinks photos before they are sent and shows them; without this script the form works as it is.
(() => {
  const LONGEST_SIDE = 1600;
  const form = document.getElementById("finish");
  if (!form || !window.createImageBitmap || !window.DataTransfer) return;
  let shrinking = 0;
  const button = form.querySelector("button");
  const show = (input, bitmap) => {
    const preview = input.parentElement.querySelector("canvas");
    preview.width = 320;
    preview.height = Math.round((320 * bitmap.height) / bitmap.width);
    preview.getContext("2d").drawImage(bitmap, 0, 0, preview.width, preview.height);
    preview.hidden = false;
  };
  const shrink = async (input) => {
    const file = input.files[0];
    if (!file) return;
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    show(input, bitmap);
    const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    if (!blob || blob.size >= file.size || input.files[0] !== file) return;
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
    input.files = transfer.files;
  };
  form.addEventListener("change", async (event) => {
    if (event.target.type !== "file") return;
    shrinking += 1;
    button.disabled = true;
    try {
      await shrink(event.target);
    } catch {
      // A format the browser cannot draw: the server will say whether it can read it.
    } finally {
      shrinking -= 1;
      button.disabled = shrinking > 0;
    }
  });
  form.addEventListener("submit", () => {
    window.setTimeout(() => { button.disabled = true; }, 0);
  });
  // Coming back by the back button, the page may still have its button switched off.
  window.addEventListener("pageshow", () => { button.disabled = false; });
})();
