"""Document maps: what the JSON of a gateway means, as a table of paths."""
