"""The pages of the review, by subject."""
