"""What things are made of: primitives, solids, sheets, the bodies of animals and people, paints. Nothing here has a name."""
