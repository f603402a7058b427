"""A client of SMTP (RFC 5321) and LMTP (RFC 2033) that hands over one mail at a time, and says what became of it."""
