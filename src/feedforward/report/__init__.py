"""One page of HTML: what a model does on a table, how sure that is, and whether something simpler does as well."""
