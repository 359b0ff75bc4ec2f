"""What the clients share.

Lowest first: `errors` (one drawn tree), `secret`, `urls` and `trust`; `steps` (logic without I/O, and the two drivers
that carry it out); `pacing` and `retry`; `tokens` and `filestore`; `reading` (strict about types, open to unknown
members); `exchange` (manners on the line); `renewal` (which token a request carries, and how it is renewed), `oauth`
and `apikey`; `operations` (one answer, or a list of pages); `cadence` (looking again and again); `session` (all of
this for one user of one vendor) and `faces`.
"""
