"""The effects: each activity is one transaction, or one message sent, and may be run again."""
