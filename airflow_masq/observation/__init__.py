"""What one attempt saw, from where, and the replies of observers that it is read from; pure, no input or output."""
