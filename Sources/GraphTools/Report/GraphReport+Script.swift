extension GraphReport {
  /// Both trees, the details, and how they point at each other.
  static let script = #"""
    const data = JSON.parse(document.getElementById("data").textContent);
    const byId = (id) => document.getElementById(id);
    const rows = { node: new Map(), kernel: new Map() };
    let chosen = null;

    function element(kind, text, className) {
      const made = document.createElement(kind);
      if (text !== undefined) made.textContent = text;
      if (className) made.className = className;
      return made;
    }

    const units = (number, names, step) => {
      let place = 0;
      while (number >= step && place + 1 < names.length) { number /= step; place += 1; }
      return (place ? number.toPrecision(3) : number) + " " + names[place];
    };
    const bytes = (number) => units(number, ["bytes", "KB", "MB", "GB"], 1000);
    const operations = (number) => units(number, ["FLOP", "kFLOP", "MFLOP", "GFLOP"], 1000);
    const microseconds = (number) => number >= 1000
      ? (number / 1000).toFixed(3) + " ms" : number.toFixed(1) + " µs";

    // A kernel is called what it computes last for the reader: its first node.
    const kernelName = (kernel) => kernel.nodes.length
      ? data.nodes[kernel.nodes[0]].name : kernel.own[0] || kernel.form;

    // Items by name scope; a scope's rows are made when it is opened.
    function tree(parent, items, makeRow, depth) {
      const scopes = new Map(), own = [];
      for (const item of items) {
        const cut = item.rest.indexOf("/");
        if (cut > 0) {
          const scope = item.rest.slice(0, cut);
          if (!scopes.has(scope)) scopes.set(scope, []);
          scopes.get(scope).push({ ...item, rest: item.rest.slice(cut + 1) });
        } else own.push(item);
      }
      for (const item of own) parent.append(makeRow(item));
      for (const [scope, inner] of scopes) {
        if (inner.length === 1) {
          const only = { ...inner[0], rest: scope + "/" + inner[0].rest };
          parent.append(makeRow(only));
          continue;
        }
        const part = element("details"), body = element("div");
        part.append(element("summary", scope + "/  (" + inner.length + ")"), body);
        part.members = inner;
        part.fill = () => {
          if (part.filled) return;
          part.filled = true;
          tree(body, inner, makeRow, depth + 1);
        };
        part.addEventListener("toggle", () => { if (part.open) { part.fill(); link(); } });
        parent.append(part);
        if (depth === 0 && items.length < 400) { part.open = true; part.fill(); }
      }
    }

    function row(kind, number, className) {
      const made = element("button", undefined, "row " + className);
      made.type = "button";
      made.setAttribute("role", "treeitem");
      made.addEventListener("click", () => choose(kind, number));
      return made;
    }

    function nodeRow(item) {
      const node = data.nodes[item.number];
      const state = node.kernels.length ? "" : node.needed ? "gone" : "idle";
      const made = row("node", item.number, state);
      made.append(item.rest, element("span", node.op, "op"), element("span", node.type, "type"));
      made.title = node.name;
      rows.node.set(item.number, made);
      return made;
    }

    function kernelRow(item) {
      const kernel = data.kernels[item.number];
      const made = row("kernel", item.number, kernel.live ? "idle" : "");
      if (kernel.share !== null) {
        const bar = element("span", undefined, "share");
        bar.style.width = kernel.share * 4 + "em";
        made.append(bar);
      }
      made.append((item.number + 1) + " " + item.rest, element("span", kernel.form, "form"));
      if (kernel.median !== null) {
        made.append(element("span", microseconds(kernel.median), "type"));
      }
      made.title = kernelName(kernel);
      rows.kernel.set(item.number, made);
      return made;
    }

    function fillBefore() {
      const items = data.nodes.map((node, number) => ({ number, rest: node.name }));
      tree(document.querySelector("#before .tree"), items, nodeRow, 0);
    }

    function fillAfter(byScope) {
      const parent = document.querySelector("#after .tree");
      parent.replaceChildren();
      rows.kernel.clear();
      const items = data.kernels.map((kernel, number) => ({ number, rest: kernelName(kernel) }));
      if (byScope) tree(parent, items, kernelRow, 0);
      else for (const item of items) parent.append(kernelRow(item));
      link();
    }

    // Opens what hides a row.
    function reveal(kind, number) {
      const selector = kind === "node" ? "#before .tree" : "#after .tree";
      let open = true;
      while (open && !rows[kind].has(number)) {
        open = false;
        for (const part of document.querySelectorAll(selector + " details")) {
          if (!part.filled && part.members.some((member) => member.number === number)) {
            part.open = true; part.fill(); open = true;
          }
        }
      }
      const found = rows[kind].get(number);
      for (let part = found && found.closest("details"); part;
           part = part.parentElement.closest("details")) part.open = true;
      return found;
    }

    function link() {
      for (const old of document.querySelectorAll(".linked, .chosen")) {
        old.classList.remove("linked", "chosen");
      }
      if (!chosen) return;
      const other = chosen.kind === "node" ? "kernel" : "node";
      const linked = chosen.kind === "node"
        ? data.nodes[chosen.number].kernels : data.kernels[chosen.number].nodes;
      const own = rows[chosen.kind].get(chosen.number);
      if (own) own.classList.add("chosen");
      for (const number of linked) {
        const found = rows[other].get(number);
        if (found) found.classList.add("linked");
      }
      markBuffers(chosen);
    }

    function choose(kind, number) {
      chosen = { kind, number };
      reveal(kind, number);
      const other = kind === "node" ? "kernel" : "node";
      const linked = kind === "node" ? data.nodes[number].kernels : data.kernels[number].nodes;
      for (const place of linked) reveal(other, place);
      link();
      const own = rows[kind].get(number);
      if (own) own.scrollIntoView({ block: "nearest" });
      const first = linked.length ? rows[other].get(linked[0]) : null;
      if (first) first.scrollIntoView({ block: "nearest" });
      describe(kind, number);
    }

    function describe(kind, number) {
      const about = byId("about"), list = element("dl");
      const entry = (title, ...lines) => {
        if (!lines.length) return;
        list.append(element("dt", title));
        for (const line of lines) {
          const place = element("dd");
          place.append(line);
          list.append(place);
        }
      };
      const nodeLink = (place) => {
        const node = data.nodes[place];
        const made = row("node", place, "");
        made.append(node.name, element("span", node.op, "op"));
        if (node.site) made.append(element("span", node.site, "type"));
        return made;
      };
      const kernelLink = (place) => {
        const made = row("kernel", place, "");
        made.append("kernel " + (place + 1), element("span", data.kernels[place].form, "form"));
        return made;
      };
      if (kind === "node") {
        const node = data.nodes[number];
        about.replaceChildren(element("h3", node.name), list);
        entry("op", node.op);
        if (node.type) entry("gives", node.type);
        if (node.site) entry("made at", node.site);
        entry("what became of it", ...node.why.slice(1));
        entry("computed by", ...node.kernels.map(kernelLink));
        entry("takes", ...[...new Set(node.inputs)].map(nodeLink));
        return;
      }
      const kernel = data.kernels[number];
      about.replaceChildren(element("h3", "kernel " + (number + 1) + ": " + kernel.form), list);
      if (kernel.live) entry("when", "once, and again only after a variable changed");
      entry("computes", ...(kernel.nodes.length ? kernel.nodes.map(nodeLink) : kernel.own));
      entry("rules", ...kernel.rules.map((name) => {
        const rule = data.rules[name];
        return rule ? name + " (" + rule.contract + "): " + rule.identity : name;
      }));
      entry("writes", ...kernel.outputs);
      entry("reads", ...kernel.inputs);
      entry("work", operations(kernel.operations) + ", " + bytes(kernel.bytes));
      entry("compiled by", kernel.backend);
      if (kernel.median !== null) {
        const rate = kernel.best > 0 ? kernel.operations / kernel.best / 1000 : 0;
        entry("time", "best " + microseconds(kernel.best) + ", median "
          + microseconds(kernel.median) + ", " + (kernel.share * 100).toFixed(1) + " % of a run, "
          + rate.toFixed(2) + " GFLOP/s");
      }
    }

    """#
}
