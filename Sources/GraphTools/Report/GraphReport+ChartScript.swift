extension GraphReport {
  /// The chart of the arena, the list of passes, and the page's beginning.
  static let chartScript = #"""
    function shape(kind, attributes, parent) {
      const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      parent.append(made);
      return made;
    }

    // Each buffer is a box: kernels from left to right, the arena's bytes upwards.
    function chart() {
      const memory = data.memory, count = Math.max(data.kernels.length, 1);
      const width = byId("chart").clientWidth || 1000;
      const [height, left, bottom] = [260, 70, 24];
      const top = Math.max(memory.bytes, 1);
      const x = (step) => left + step / count * (width - left);
      const y = (place) => (height - bottom) * (1 - place / top) + 2;
      const svg = shape("svg", { viewBox: "0 0 " + width + " " + height, role: "img",
        "aria-label": "the arena's buffers over the kernels" },
        byId("chart"));
      for (const part of [0, .5, 1]) {
        shape("line", { x1: left, x2: width, y1: y(top * part), y2: y(top * part) }, svg);
        shape("text", { x: left - 4, y: y(top * part) + (part === 1 ? 10 : 0),
          "text-anchor": "end" }, svg).textContent = bytes(Math.round(memory.bytes * part));
      }
      for (const [number, buffer] of memory.buffers.entries()) {
        const end = Math.min(buffer.to + 1, count);
        const upper = y(buffer.offset + buffer.bytes);
        const box = shape("rect", { class: "buffer", x: x(buffer.from), y: upper,
          width: Math.max(x(end) - x(buffer.from), 1),
          height: Math.max(y(buffer.offset) - upper, 1) }, svg);
        box.dataset.number = number;
        shape("title", {}, box).textContent = buffer.name + " " + buffer.type + ", "
          + bytes(buffer.bytes) + " at " + buffer.offset + ", kernel " + (buffer.from + 1)
          + " to " + (buffer.to >= data.kernels.length ? "the end" : buffer.to + 1);
        box.addEventListener("click", () => {
          if (buffer.from < data.kernels.length) choose("kernel", buffer.from);
        });
      }
      let line = "";
      for (const [step, used] of memory.inUse.entries()) {
        line += (step ? "L" : "M") + x(step) + " " + y(used) + "L" + x(step + 1) + " " + y(used);
      }
      if (line) shape("path", { d: line }, svg);
      shape("text", { x: left, y: height - 6 }, svg).textContent = "kernel 1";
      shape("text", { x: width, y: height - 6, "text-anchor": "end" }, svg).textContent =
        "kernel " + data.kernels.length;
      const peak = memory.inUse.reduce((a, b) => Math.max(a, b), 0);
      byId("places").textContent = "arena " + bytes(memory.bytes) + ", at most " + bytes(peak)
        + " in use (the line); kept from run to run " + bytes(memory.kept) + ", variables "
        + bytes(memory.variables) + ", constants " + bytes(memory.constants) + ", feeds "
        + bytes(memory.feeds);
    }

    function markBuffers(choice) {
      if (choice.kind !== "kernel") return;
      for (const box of document.querySelectorAll("#chart rect.buffer")) {
        const buffer = data.memory.buffers[box.dataset.number];
        if (buffer.from <= choice.number && choice.number <= buffer.to) box.classList.add("linked");
      }
    }

    function passes() {
      const table = document.querySelector("#passes table");
      for (const pass of data.passes) {
        const line = element("tr");
        line.append(element("td", pass.name), element("td", pass.left, "number"),
          element("td", microseconds(pass.seconds * 1e6), "number"));
        table.append(line);
      }
      const head = element("tr");
      for (const title of ["pass", "left", "time"]) head.append(element("th", title));
      table.prepend(head);
    }

    function begin() {
      document.title = data.title;
      byId("title").textContent = data.title;
      const request = [["fetch", data.fetches], ["run", data.targets], ["feed", data.feeds]];
      byId("request").textContent = request
        .filter(([, names]) => names.length).map(([word, names]) => word + " " + names.join(", "))
        .concat(data.segment).join(" · ");
      const counts = byId("counts");
      const every = data.kernels.filter((kernel) => !kernel.live).length;
      counts.append(element("b", data.nodes.length), " nodes, ", element("b", every),
        " kernels a run" + (data.kernels.length > every
          ? " and " + (data.kernels.length - every) + " only after a variable changed" : ""));
      if (data.profile) {
        counts.append(", best ", element("b", microseconds(data.profile.best * 1000)), ", median "
          + microseconds(data.profile.median * 1000) + " of " + data.profile.runs + " runs");
      }
      fillBefore();
      fillAfter(false);
      chart();
      passes();
      byId("about").append(element("p", "Choose a node or a kernel. Nodes in another colour have no "
        + "kernel: what became of them is told here. Nodes in italics are not needed."));
      byId("order").addEventListener("click", (event) => {
        const byScope = event.target.getAttribute("aria-pressed") !== "true";
        event.target.setAttribute("aria-pressed", byScope);
        event.target.textContent = byScope ? "in order" : "by scope";
        fillAfter(byScope);
      });
      byId("theme").addEventListener("click", () => {
        const root = document.documentElement;
        const isDark = root.style.colorScheme ? root.style.colorScheme === "dark"
          : matchMedia("(prefers-color-scheme: dark)").matches;
        root.style.colorScheme = isDark ? "light" : "dark";
      });
      byId("search").addEventListener("input", (event) => {
        const wanted = event.target.value.toLowerCase();
        if (!wanted) return;
        const exact = data.nodes.findIndex((node) => node.name.toLowerCase() === wanted);
        const node = exact >= 0 ? exact
          : data.nodes.findIndex((node) => node.name.toLowerCase().includes(wanted));
        const kernel = data.kernels.findIndex(
          (kernel) => kernel.form.toLowerCase().includes(wanted));
        if (node >= 0) choose("node", node); else if (kernel >= 0) choose("kernel", kernel);
      });
    }
    begin();
    """#
}
