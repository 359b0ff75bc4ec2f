"""HTTP as the fakes see it: requests and answers as values, routes as a table, one dispatch function; no framework."""
