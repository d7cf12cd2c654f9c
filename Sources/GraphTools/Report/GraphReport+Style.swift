extension GraphReport {
  /// Colours follow the reader's system until the button says otherwise.
  static let style = """
    :root {
      color-scheme: light dark;
      --paper: light-dark(#fbfaf7, #16181c); --ink: light-dark(#1d1f23, #e6e6e3);
      --soft: light-dark(#63666d, #9a9da5); --line: light-dark(#dcd9d0, #33373f);
      --card: light-dark(#ffffff, #1e2127); --mark: light-dark(#ffe9a8, #4d4213);
      --accent: light-dark(#0b5cad, #7cb8ff); --bar: light-dark(#b9d3ee, #2f4f74);
      --gone: light-dark(#9a5b1d, #e0a66b);
    }
    * { box-sizing: border-box; }
    body { margin: 0; padding: 1rem 1.5rem; background: var(--paper); color: var(--ink);
      font: 14px/1.45 system-ui, sans-serif; }
    h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .5rem; }
    header { display: grid; grid-template-columns: 1fr auto auto; gap: .3rem 1rem;
      align-items: center; margin-bottom: 1rem; }
    header p, header #counts { grid-column: 1 / -1; margin: 0; color: var(--soft); }
    header h1 { grid-column: 1; }
    #counts b { color: var(--ink); }
    button, input { font: inherit; color: inherit; background: var(--card);
      border: 1px solid var(--line); border-radius: 4px; padding: .2rem .6rem; }
    button { cursor: pointer; }
    #order { font-size: .85rem; font-weight: normal; }
    main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) minmax(0, .9fr);
      gap: 1rem; height: 62vh; min-height: 22rem; }
    main > *, #memory, #passes { background: var(--card); border: 1px solid var(--line);
      border-radius: 6px; padding: .8rem; }
    main > * { overflow: auto; }
    #memory, #passes { margin-top: 1rem; overflow-x: auto; }
    .tree { font-size: 13px; }
    .tree details > div { margin-left: .8rem; border-left: 1px solid var(--line);
      padding-left: .4rem; }
    summary { cursor: pointer; color: var(--soft); }
    .row { display: block; width: 100%; text-align: left; border: 0; background: none;
      padding: .08rem .3rem; border-radius: 3px; overflow: hidden; text-overflow: ellipsis;
      white-space: nowrap; }
    .row:hover { background: var(--paper); }
    .row.linked { background: var(--mark); }
    .row.chosen { outline: 2px solid var(--accent); outline-offset: -2px; }
    .row .op, .row .type, .row .form { color: var(--soft); margin-left: .5rem; }
    .row.gone { color: var(--gone); } .row.idle { color: var(--soft); font-style: italic; }
    .row .share { display: inline-block; height: .6em; background: var(--bar); margin-right: .4rem;
      min-width: 1px; }
    #about dt { color: var(--soft); margin-top: .6rem; }
    #about dd { margin: 0; overflow-wrap: anywhere; }
    #about .row { white-space: normal; }
    #about h3 { margin: .2rem 0; font-size: 1rem; overflow-wrap: anywhere; }
    #chart svg { display: block; width: 100%; height: auto; }
    #chart rect.buffer { fill: var(--bar); stroke: var(--card); stroke-width: .5; cursor: pointer; }
    #chart rect.buffer:hover, #chart rect.buffer.linked { fill: var(--accent); }
    #chart path { fill: none; stroke: var(--gone); stroke-width: 1.5; }
    #chart text { fill: var(--soft); font-size: 11px; }
    #chart line { stroke: var(--line); }
    table { border-collapse: collapse; } td, th { padding: .15rem 1rem .15rem 0; text-align: left; }
    td.number { text-align: right; font-variant-numeric: tabular-nums; }
    @media (max-width: 900px) { main { grid-template-columns: 1fr; height: auto; }
      main > * { max-height: 60vh; } }
    """
}
