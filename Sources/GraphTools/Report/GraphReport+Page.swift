extension GraphReport {
  /// One page that needs no network: the data, its style and its script.
  ///
  /// What a file says is put into the page as text alone, never as markup.
  package var html: String {
    // No name can end the element that holds the data.
    let data = json.split(separator: "<", omittingEmptySubsequences: false)
      .joined(separator: "\\u003c")
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy"
        content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
      <title>graphc report</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      <header>
        <h1 id="title"></h1>
        <p id="request"></p>
        <div id="counts"></div>
        <input id="search" type="search" placeholder="Find a node or a kernel"
          aria-label="Find a node or a kernel">
        <button id="theme" type="button">Light or dark</button>
      </header>
      <main>
        <section id="before">
          <h2>The graph as written</h2>
          <div class="tree" role="tree"></div>
        </section>
        <section id="after">
          <h2>What runs
            <button id="order" type="button" aria-pressed="false">by scope</button></h2>
          <div class="tree" role="tree"></div>
        </section>
        <aside id="detail" aria-live="polite"><h2>Details</h2><div id="about"></div></aside>
      </main>
      <section id="memory"><h2>Memory over the run</h2><div id="chart"></div>
        <p id="places"></p></section>
      <section id="passes"><h2>Passes</h2><table></table></section>
      <script id="data" type="application/json">\(data)</script>
      <script>
      \(Self.script)
      \(Self.chartScript)
      </script>
      </body>
      </html>

      """
  }
}
