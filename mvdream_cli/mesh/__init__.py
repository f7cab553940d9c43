"""From a field to a file: surface, simplification, unwrap and bake, writers, page.

Imports nothing here: `unwrap` starts as a process of its own and must start fast.
"""
