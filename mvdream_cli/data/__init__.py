"""From assets to batches: asset reader, renderer, multi-view sets."""
