"""One module a format. A writer takes (mesh, stem, options) and returns the content of its file and of those beside it.

Nothing here touches the disk; `mesh.writers` does.
"""
