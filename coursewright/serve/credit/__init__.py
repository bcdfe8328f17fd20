"""Credit: certificates, their signatures, badges, what is recalled later."""
