"""The real workflows, worker and rules in virtual time, over a CRM export."""
