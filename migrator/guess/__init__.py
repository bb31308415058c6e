"""From a file that nobody has described to a template: profile, recognise, match, write."""
