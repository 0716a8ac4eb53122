"""What is known of a company besides its registration: dated, with source and evidence."""
