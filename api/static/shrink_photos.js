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
  // Drawing a photo anew loses when and where it was taken; the server looks at that once, keeps
  // neither, and cannot tell a photo of last week without.
  const EXIF = 0x45786966, ORIENTATION = 0x0112, MARKER_APP1 = 0xffe1, START_OF_SCAN = 0xffda;
  const upright = (segment) => {
    const view = new DataView(segment);
    const little = view.getUint16(10) === 0x4949;
    const table = 10 + view.getUint32(14, little);
    for (let index = 0; index < view.getUint16(table, little); index += 1) {
      const entry = table + 2 + 12 * index;
      if (view.getUint16(entry, little) === ORIENTATION) view.setUint16(entry + 8, 1, little);
    }
    return segment;
  };
  const exifOf = async (file) => {
    const head = await file.slice(0, 256 * 1024).arrayBuffer();
    const view = new DataView(head);
    if (view.getUint16(0) !== 0xffd8) return null;
    for (let at = 2; at + 10 <= head.byteLength; at += 2 + view.getUint16(at + 2)) {
      const marker = view.getUint16(at);
      if (marker < 0xff00 || marker === START_OF_SCAN) return null;
      const end = at + 2 + view.getUint16(at + 2);
      if (marker === MARKER_APP1 && view.getUint32(at + 4) === EXIF) return upright(head.slice(at, end));
    }
    return null;
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
    const exif = await exifOf(file).catch(() => null);
    const parts = exif ? [blob.slice(0, 2), exif, blob.slice(2)] : [blob];
    const transfer = new DataTransfer();
    transfer.items.add(new File(parts, "photo.jpg", { type: "image/jpeg" }));
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
