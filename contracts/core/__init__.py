"""What the suites share: targets, capabilities, claims, pacing, verdicts and reports; no vendor is known here."""
