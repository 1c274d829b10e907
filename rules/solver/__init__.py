"""What holds of all facts there could be: a policy as formulas for an SMT solver, and facts that bear them out."""
