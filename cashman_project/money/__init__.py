"""Money: currencies, amounts and their exact sums. It knows no HTTP requests and no owners."""
