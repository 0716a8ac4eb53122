"""How people prove who they are. allauth holds the pages and the second factor, axes the
lock-out; here is what they are told to do."""
