"""What is wrong with a policy before it runs: shape, proofs, cases, coverage, a trial in a process of its own."""
