"""Excel in and out, from declarations (domain 6.1–6.3). Knows nothing of models, requests or sessions.

`spec` the vocabulary, `template` the workbook to fill in, `guard` what is refused unread, `reader` rows in,
`errors_book` the uploaded rows with 错误原因, `export` rows out.
"""
