"""What people look at in a browser: a page for each run and export, a gallery of runs, and the server that keeps them current.

A page is one file that opens offline, by double click, on a phone too. What it shows is JSON inside of it (`story`,
`viewer_mesh`), which its script draws; the server hands the same JSON out again while a run goes on.
"""
