"""Execute every notebook and summarise the results on one page."""
