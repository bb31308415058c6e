"""Sample exports, one per shipped layout, and the generator that writes them."""
