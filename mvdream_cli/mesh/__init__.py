"""From a field to a file: surface, simplification, unwrap and bake, writers, page.

Imports nothing here: `aside` starts processes that must start fast.
"""
