"""Who may do what with the charts: rows of the table in transactions/tests/test_permissions.py.

A chart of one category is a 400 without one.
"""

CHARTS = """/charts/balance                nobody  401 401  401     401  401 401   401    401
/charts/balance                owner   200 200  204     405  405 405   405    405
/charts/balance.svg            nobody  401 401  401     401  401 401   401    401
/charts/balance.svg            owner   200 200  204     405  405 405   405    405
/charts/categories             nobody  401 401  401     401  401 401   401    401
/charts/categories             owner   200 200  204     405  405 405   405    405
/charts/categories.svg         nobody  401 401  401     401  401 401   401    401
/charts/categories.svg         owner   200 200  204     405  405 405   405    405
/charts/category               nobody  401 401  401     401  401 401   401    401
/charts/category               owner   200 200  204     405  405 405   405    405
/charts/category.svg           nobody  401 401  401     401  401 401   401    401
/charts/category.svg           owner   200 200  204     405  405 405   405    405
/charts/flow                   nobody  401 401  401     401  401 401   401    401
/charts/flow                   owner   200 200  204     405  405 405   405    405
/charts/flow.svg               nobody  401 401  401     401  401 401   401    401
/charts/flow.svg               owner   200 200  204     405  405 405   405    405
/charts/income-and-expense     nobody  401 401  401     401  401 401   401    401
/charts/income-and-expense     owner   200 200  204     405  405 405   405    405
/charts/income-and-expense.svg nobody  401 401  401     401  401 401   401    401
/charts/income-and-expense.svg owner   200 200  204     405  405 405   405    405
/charts/net-worth              nobody  401 401  401     401  401 401   401    401
/charts/net-worth              owner   200 200  204     405  405 405   405    405
/charts/net-worth.svg          nobody  401 401  401     401  401 401   401    401
/charts/net-worth.svg          owner   200 200  204     405  405 405   405    405
/charts/transfers              nobody  401 401  401     401  401 401   401    401
/charts/transfers              owner   200 200  204     405  405 405   405    405
/charts/transfers.svg          nobody  401 401  401     401  401 401   401    401
/charts/transfers.svg          owner   200 200  204     405  405 405   405    405
/charts/years                  nobody  401 401  401     401  401 401   401    401
/charts/years                  owner   200 200  204     405  405 405   405    405
/charts/years.svg              nobody  401 401  401     401  401 401   401    401
/charts/years.svg              owner   200 200  204     405  405 405   405    405
"""
