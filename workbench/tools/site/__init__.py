"""`workbench site`: the executed course, the API reference and llms.txt, as static pages.

The pages need no server, no kernel and no network; they open from disk or from any web server.
"""
